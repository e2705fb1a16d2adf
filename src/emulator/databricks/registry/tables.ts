/** The workspace registry's tables. Who may do what is the permission room's, by the model's id. */
export const registryTables = [
  // next_version only grows, so that a deleted version's number never means another model.
  `create table registry_models (
     id text primary key, name text not null unique, description text, user_id text not null,
     created_at integer not null, updated_at integer not null, next_version integer not null)`,
  `create table registry_versions (
     id text primary key, model text not null, version integer not null, source text not null, run_id text,
     run_link text, logged_model text, description text not null, stage text not null, status text not null,
     status_message text not null, user_id text not null, created_at integer not null, updated_at integer not null,
     staged_at integer not null, unique (model, version))`,
  `create table registry_aliases (
     model text not null, alias text not null, version integer not null, primary key (model, alias)) without rowid`,
  `create table registry_model_tags (
     model text not null, key text not null, value text not null, primary key (model, key)) without rowid`,
  `create table registry_version_tags (
     version text not null, key text not null, value text not null, primary key (version, key)) without rowid`,
];
