/** The catalog room's tables. Owners and grants are the permission room's. */
export const catalogTables = [
  `create table catalog_catalogs (
     name text primary key, comment text, created_at integer not null, created_by text not null,
     updated_at integer not null, updated_by text not null)`,
  `create table catalog_schemas (
     full_name text primary key, catalog_name text not null, name text not null, comment text,
     created_at integer not null, created_by text not null, updated_at integer not null, updated_by text not null)`,
  // next_version only grows, so that a deleted version's number never means another model.
  `create table catalog_models (
     full_name text primary key, id text not null unique, catalog_name text not null, schema_name text not null,
     name text not null, comment text, created_at integer not null, created_by text not null,
     updated_at integer not null, updated_by text not null, next_version integer not null)`,
  `create table catalog_versions (
     model text not null, version integer not null, id text not null, source text not null, run_id text,
     run_workspace_id text, model_id text, comment text, status text not null, created_at integer not null,
     created_by text not null, updated_at integer not null, updated_by text not null,
     primary key (model, version)) without rowid`,
  `create table catalog_aliases (
     model text not null, alias text not null, version integer not null, primary key (model, alias)) without rowid`,
  `create table catalog_model_tags (
     model text not null, key text not null, value text not null, primary key (model, key)) without rowid`,
  `create table catalog_version_tags (
     version text not null, key text not null, value text not null, primary key (version, key)) without rowid`,
];
