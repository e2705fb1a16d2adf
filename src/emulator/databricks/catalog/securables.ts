import type { Principal, WorkspaceContext } from '../context.ts';
import { ApiError } from '../errors.ts';
import type { Securable } from '../permission/privileges.ts';
import { requireName } from './names.ts';

/** A catalog or a schema as the REST API writes it; times in milliseconds. */
interface Container {
  name: string;
  full_name: string;
  owner: string;
  comment?: string;
  created_at: number;
  created_by: string;
  updated_at: number;
  updated_by: string;
  /** Of schemas only. */
  catalog_name?: string;
}

const tables = {
  catalog: ['catalog_catalogs', 'name'],
  schema: ['catalog_schemas', 'full_name'],
  function: ['catalog_models', 'full_name'],
  volume: ['catalog_volumes', 'full_name'],
} as const;

/** Whether there is such a catalog, schema, model or volume; other kinds are not kept here. */
export function securableExists(context: WorkspaceContext, securable: Securable, fullName: string): boolean {
  if (securable === 'metastore') return true;
  if (!(securable in tables)) return false;
  const [table, column] = tables[securable as keyof typeof tables];
  return context.db.prepare(`select 1 from ${table} where ${column} = ?`).get(fullName) !== undefined;
}

export const doesNotExist = (kind: string, name: string) =>
  new ApiError('RESOURCE_DOES_NOT_EXIST', `${kind} '${name}' does not exist.`);
export const alreadyExists = (kind: string, name: string) =>
  new ApiError('RESOURCE_ALREADY_EXISTS', `${kind} '${name}' already exists`);

export type Containers = ReturnType<typeof createContainers>;

/** Catalogs and schemas. */
export function createContainers(context: WorkspaceContext) {
  const { db, permissions, clock } = context;

  function shape(kind: 'catalog' | 'schema', row: Record<string, unknown>): Container {
    const fullName = (row.full_name ?? row.name) as string;
    const present = Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null));
    return {
      ...(present as unknown as Container),
      full_name: fullName,
      owner: permissions.owner(kind, fullName) ?? (row.created_by as string),
    };
  }

  return {
    createCatalog(principal: Principal, name: string, comment: string | undefined): Container {
      requireName('catalog', name);
      permissions.require(principal, 'CREATE_CATALOG', 'metastore', 'metastore');
      if (securableExists(context, 'catalog', name)) throw alreadyExists('Catalog', name);
      const now = clock.now();
      context.transaction(() => {
        db.prepare('insert into catalog_catalogs values (?, ?, ?, ?, ?, ?)').run(
          name,
          comment ?? null,
          now,
          principal.name,
          now,
          principal.name,
        );
        permissions.setOwner('catalog', name, principal.name);
      });
      return this.get('catalog', name);
    },
    createSchema(
      principal: Principal,
      catalog: string,
      name: string,
      comment: string | undefined,
    ): Container {
      requireName('schema', name);
      permissions.require(principal, 'CREATE_SCHEMA', 'catalog', catalog);
      if (!securableExists(context, 'catalog', catalog)) throw doesNotExist('Catalog', catalog);
      const fullName = `${catalog}.${name}`;
      if (securableExists(context, 'schema', fullName)) throw alreadyExists('Schema', fullName);
      const now = clock.now();
      context.transaction(() => {
        db.prepare('insert into catalog_schemas values (?, ?, ?, ?, ?, ?, ?, ?)').run(
          fullName,
          catalog,
          name,
          comment ?? null,
          now,
          principal.name,
          now,
          principal.name,
        );
        permissions.setOwner('schema', fullName, principal.name);
      });
      return this.get('schema', fullName);
    },
    /** @throws ApiError 404 */
    get(kind: 'catalog' | 'schema', fullName: string): Container {
      const [table, column] = tables[kind];
      const row = db.prepare(`select * from ${table} where ${column} = ?`).get(fullName);
      if (!row) throw doesNotExist(kind === 'catalog' ? 'Catalog' : 'Schema', fullName);
      return shape(kind, row);
    },
    catalogs: () =>
      db
        .prepare('select * from catalog_catalogs order by name')
        .all()
        .map((row) => shape('catalog', row)),
    schemas: (catalog: string) =>
      db
        .prepare('select * from catalog_schemas where catalog_name = ? order by name')
        .all(catalog)
        .map((row) => shape('schema', row)),
    change(
      principal: Principal,
      kind: 'catalog' | 'schema',
      fullName: string,
      change: { owner?: string; comment?: string },
    ): Container {
      const before = this.get(kind, fullName);
      const [table, column] = tables[kind];
      db.prepare(`update ${table} set comment = ?, updated_at = ?, updated_by = ? where ${column} = ?`).run(
        change.comment ?? before.comment ?? null,
        clock.now(),
        principal.name,
        fullName,
      );
      if (change.owner) permissions.setOwner(kind, fullName, change.owner);
      return this.get(kind, fullName);
    },
    /** @throws ApiError 400 when something is in it. */
    remove(kind: 'catalog' | 'schema', fullName: string): void {
      const inner =
        kind === 'catalog'
          ? db.prepare('select 1 from catalog_schemas where catalog_name = ?').get(fullName)
          : db
              .prepare(
                `select catalog_name || '.' || schema_name as parent from catalog_models where parent = ?1
                   union all select catalog_name || '.' || schema_name as parent from catalog_volumes where parent = ?1`,
              )
              .get(fullName);
      if (inner) throw new ApiError('BAD_REQUEST', `${kind} '${fullName}' is not empty.`);
      const [table, column] = tables[kind];
      db.prepare(`delete from ${table} where ${column} = ?`).run(fullName);
      permissions.removeSecurable(kind, fullName);
    },
  };
}
