import { randomUUID } from 'node:crypto';
import type { Principal, WorkspaceContext } from '../context.ts';
import { ApiError, invalid } from '../errors.ts';
import type { Alias } from '../mlflow/alias-table.ts';
import { aliasTable } from '../mlflow/alias-table.ts';
import type { KeyValue } from '../mlflow/tag-table.ts';
import { tagTable } from '../mlflow/tag-table.ts';
import type { Privilege } from '../permission/privileges.ts';
import { modelParts, requireName } from './names.ts';
import { alreadyExists, doesNotExist, securableExists } from './securables.ts';

/** A registered model; times in milliseconds. */
export interface Model {
  full_name: string;
  /** Names its folder on disk: a model that is made again under the name has another. */
  id: string;
  catalog_name: string;
  schema_name: string;
  name: string;
  comment: string | null;
  created_at: number;
  created_by: string;
  updated_at: number;
  updated_by: string;
  next_version: number;
}

export type Models = ReturnType<typeof createModels>;

/** Registered models of Unity Catalog with their aliases and tags, behind both of its APIs. */
export function createModels(context: WorkspaceContext) {
  const { db, permissions, clock } = context;
  const tags = tagTable(db, 'catalog_model_tags', 'model');
  const aliases = aliasTable(db, 'catalog_aliases');

  function find(fullName: string): Model | undefined {
    return db.prepare('select * from catalog_models where full_name = ?').get(fullName) as Model | undefined;
  }

  function get(fullName: string): Model {
    const found = find(fullName);
    if (!found) throw doesNotExist('Routine or Model', fullName);
    return found;
  }

  /**
   * Whether a principal could tell that the model exists. Clients create a model before every version and go on
   * when it is there already, so somebody who may only add versions must hear that and not a refusal.
   */
  const visible = (principal: Principal, fullName: string) =>
    (['EXECUTE', 'CREATE_MODEL_VERSION'] as const).some((privilege) =>
      permissions.allows(principal, privilege, 'function', fullName),
    );

  return {
    find,
    /** @throws ApiError 404 */
    get,
    /**
     * The model, for a principal that has the privilege on it. That there is no such model is only said to who may
     * use its schema; anybody else is told what is missing of the rights.
     * @throws ApiError 403, 404
     */
    permitted(principal: Principal, privilege: Privilege, fullName: string): Model {
      const schema = fullName.split('.').slice(0, 2).join('.');
      if (find(fullName) || !permissions.allows(principal, 'USE_SCHEMA', 'schema', schema))
        permissions.require(principal, privilege, 'function', fullName);
      return get(fullName);
    },
    tags,
    aliases,
    /** @throws ApiError 404 */
    alias(fullName: string, alias: string): Alias {
      const found = aliases.find(fullName, alias);
      if (!found)
        throw new ApiError(
          'RESOURCE_DOES_NOT_EXIST',
          `Alias '${alias}' does not exist on model '${fullName}'.`,
        );
      return found;
    },
    owner: (model: Model) => permissions.owner('function', model.full_name) ?? model.created_by,
    create(principal: Principal, fullName: string, comment: string | undefined, given: KeyValue[]): Model {
      const { catalog, schema, model } = modelParts(fullName);
      requireName('model', model);
      if (find(fullName) && visible(principal, fullName)) throw alreadyExists('Routine or Model', fullName);
      permissions.require(principal, 'CREATE_MODEL', 'schema', `${catalog}.${schema}`);
      if (!securableExists(context, 'catalog', catalog)) throw doesNotExist('Catalog', catalog);
      if (!securableExists(context, 'schema', `${catalog}.${schema}`))
        throw doesNotExist('Schema', `${catalog}.${schema}`);
      if (find(fullName)) throw alreadyExists('Routine or Model', fullName);
      const now = clock.now();
      context.transaction(() => {
        db.prepare('insert into catalog_models values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)').run(
          fullName,
          randomUUID(),
          catalog,
          schema,
          model,
          comment ?? null,
          now,
          principal.name,
          now,
          principal.name,
        );
        for (const { key, value } of given) tags.set(fullName, key, value);
        permissions.setOwner('function', fullName, principal.name);
      });
      return get(fullName);
    },
    change(principal: Principal, fullName: string, change: { comment?: string; owner?: string }): Model {
      const before = get(fullName);
      context.transaction(() => {
        db.prepare(
          'update catalog_models set comment = ?, updated_at = ?, updated_by = ? where full_name = ?',
        ).run(change.comment ?? before.comment, clock.now(), principal.name, fullName);
        if (change.owner) permissions.setOwner('function', fullName, change.owner);
      });
      return get(fullName);
    },
    /** Gives the model another name in its schema; versions, aliases, tags, owner and grants go along. */
    rename(principal: Principal, fullName: string, newName: string): Model {
      const model = get(fullName);
      const { catalog, schema, model: name } = modelParts(newName);
      requireName('model', name);
      if (catalog !== model.catalog_name || schema !== model.schema_name)
        throw invalid(`'${fullName}' cannot be moved to another schema: ${newName}.`);
      if (find(newName)) throw alreadyExists('Routine or Model', newName);
      context.transaction(() => {
        db.prepare(
          'update catalog_models set full_name = ?, name = ?, updated_at = ?, updated_by = ? where full_name = ?',
        ).run(newName, name, clock.now(), principal.name, fullName);
        for (const table of ['catalog_versions', 'catalog_aliases', 'catalog_model_tags'])
          db.prepare(`update ${table} set model = ? where model = ?`).run(newName, fullName);
        db.prepare(
          `update catalog_version_tags set version = ? || substr(version, ?) where substr(version, 1, ?) = ?`,
        ).run(newName, fullName.length + 1, fullName.length + 1, `${fullName}/`);
        permissions.renameSecurable('function', fullName, newName);
      });
      return get(newName);
    },
    /** Deletes the model with its versions, aliases and grants. Files stay: their folder belongs to its id. */
    remove(fullName: string): void {
      get(fullName);
      context.transaction(() => {
        for (const table of ['catalog_versions', 'catalog_aliases', 'catalog_model_tags'])
          db.prepare(`delete from ${table} where model = ?`).run(fullName);
        db.prepare('delete from catalog_version_tags where substr(version, 1, ?) = ?').run(
          fullName.length + 1,
          `${fullName}/`,
        );
        db.prepare('delete from catalog_models where full_name = ?').run(fullName);
        permissions.removeSecurable('function', fullName);
      });
    },
    /** By name; of one catalog or schema where given. */
    list(catalog: string | undefined, schema: string | undefined): Model[] {
      return db
        .prepare(
          `select * from catalog_models where catalog_name = coalesce(?, catalog_name)
             and schema_name = coalesce(?, schema_name) order by full_name`,
        )
        .all(catalog ?? null, schema ?? null) as unknown as Model[];
    },
  };
}
