import { randomUUID } from 'node:crypto';
import type { Principal, WorkspaceContext } from '../context.ts';
import { ApiError, invalid } from '../errors.ts';
import { aliasTable } from '../mlflow/alias-table.ts';
import type { KeyValue } from '../mlflow/tag-table.ts';
import { tagTable } from '../mlflow/tag-table.ts';
import { requireKey } from '../mlflow/validation.ts';

/** A model of the workspace registry; times in milliseconds. */
export interface RegistryModel {
  /** 32 hexadecimal digits: what object permissions are kept under. */
  id: string;
  name: string;
  description: string | null;
  user_id: string;
  created_at: number;
  updated_at: number;
  next_version: number;
}

export type RegistryModels = ReturnType<typeof createRegistryModels>;

/** Models of the workspace registry: one flat list of names, each an object with permission levels of its own. */
export function createRegistryModels(context: WorkspaceContext) {
  const { db, clock, permissions } = context;
  const tags = tagTable(db, 'registry_model_tags', 'model');
  const aliases = aliasTable(db, 'registry_aliases');

  const find = (name: string) =>
    db.prepare('select * from registry_models where name = ?').get(name) as RegistryModel | undefined;

  function get(name: string): RegistryModel {
    const found = find(name);
    if (!found)
      throw new ApiError('RESOURCE_DOES_NOT_EXIST', `Registered Model with name='${name}' does not exist.`);
    return found;
  }

  function requireFree(name: string): void {
    if (find(name))
      throw new ApiError('RESOURCE_ALREADY_EXISTS', `Registered Model (name=${name}) already exists.`);
  }

  return {
    /** @throws ApiError 404 */
    get,
    tags,
    aliases,
    /** Every user of a workspace may make one and then manages it. @throws ApiError 400 */
    create(
      principal: Principal,
      name: string,
      description: string | undefined,
      given: KeyValue[],
    ): RegistryModel {
      requireModelName(name);
      requireFree(name);
      const id = randomUUID().replaceAll('-', '');
      const now = clock.now();
      context.transaction(() => {
        db.prepare('insert into registry_models values (?, ?, ?, ?, ?, ?, 1)').run(
          id,
          name,
          description ?? null,
          principal.name,
          now,
          now,
        );
        for (const { key, value } of given) {
          requireKey('tag', key);
          tags.set(id, key, value);
        }
        permissions.setLevel('registered-models', id, principal.name, 'CAN_MANAGE');
      });
      return get(name);
    },
    describe(model: RegistryModel, description: string): RegistryModel {
      db.prepare('update registry_models set description = ?, updated_at = ? where id = ?').run(
        description,
        clock.now(),
        model.id,
      );
      return get(model.name);
    },
    rename(model: RegistryModel, name: string): RegistryModel {
      requireModelName(name);
      if (name !== model.name) requireFree(name);
      db.prepare('update registry_models set name = ?, updated_at = ? where id = ?').run(
        name,
        clock.now(),
        model.id,
      );
      return get(name);
    },
    touch(model: RegistryModel): void {
      db.prepare('update registry_models set updated_at = ? where id = ?').run(clock.now(), model.id);
    },
    /** The next version's number; it is never given again. */
    takeNumber(model: RegistryModel): number {
      db.prepare('update registry_models set next_version = next_version + 1 where id = ?').run(model.id);
      return get(model.name).next_version - 1;
    },
    /** Forgets the model itself; its versions are removed before. */
    remove(model: RegistryModel): void {
      context.transaction(() => {
        aliases.removeModel(model.id);
        db.prepare('delete from registry_model_tags where model = ?').run(model.id);
        db.prepare('delete from registry_models where id = ?').run(model.id);
        permissions.removeObject('registered-models', model.id);
      });
    },
    /** Those that a principal may read, by name. */
    readable(principal: Principal): RegistryModel[] {
      const all = db
        .prepare('select * from registry_models order by name')
        .all() as unknown as RegistryModel[];
      return all.filter(({ id }) => permissions.allowsObject(principal, 'CAN_READ', 'registered-models', id));
    },
  };
}

function requireModelName(name: string): void {
  if (name.trim() === '' || /[./:]/.test(name))
    throw invalid(
      `Invalid name for a registered model: '${name}'. Names are not empty and contain no period, slash or colon.`,
    );
}
