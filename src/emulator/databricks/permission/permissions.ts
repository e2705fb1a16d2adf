// Longer than most: grants and levels share names, inheritance and the admin rule, and are read together.
import type { DatabaseSync } from 'node:sqlite';
import type { Principal } from '../context.ts';
import { forbidden } from '../errors.ts';
import type { Level, ObjectType, Privilege, Securable } from './privileges.ts';
import { ancestors, levelsByType } from './privileges.ts';

/** Groups that exist in every workspace: everybody is in `users` and `account users`, admins are in `admins`. */
const everybody = ['users', 'account users'];

export const permissionTables = [
  `create table permission_grants (
     securable text not null, full_name text not null, principal text not null, privilege text not null,
     primary key (securable, full_name, principal, privilege)) without rowid`,
  `create table permission_owners (
     securable text not null, full_name text not null, owner text not null,
     primary key (securable, full_name)) without rowid`,
  `create table permission_levels (
     type text not null, id text not null, principal text not null, level text not null,
     primary key (type, id, principal)) without rowid`,
  `create table permission_parents (
     type text not null, id text not null, parent_type text not null, parent_id text not null,
     primary key (type, id)) without rowid`,
];

export interface Grant {
  principal: string;
  privilege: Privilege;
}

export interface ObjectPermission {
  principal: string;
  level: Level;
  /** `/directories/12` where the permission was set, undefined when it was set on the object itself. */
  inheritedFrom: string | undefined;
}

export type Permissions = ReturnType<typeof createPermissions>;

/**
 * Who may do what. Two models, as on Databricks: Unity Catalog grants (inherited from schema and catalog; an owner
 * has every privilege on what it owns; anything inside needs USE_CATALOG and USE_SCHEMA as well) and levels on
 * workspace objects (inherited from the folder). The admin passes every check; a run has its run_as principal's
 * grants. Names are principals' names: an application id, a user name or a group.
 */
export function createPermissions(db: DatabaseSync) {
  const names = (principal: Principal) =>
    principal.admin ? [principal.name, ...everybody, 'admins'] : [principal.name, ...everybody];

  function granted(who: string[], privilege: Privilege, securable: Securable, fullName: string): boolean {
    // Neither includes the other: ALL_PRIVILEGES is without MANAGE, and who manages grants first what is needed to
    // himself (Unity Catalog's documentation of privileges and of ownership).
    const accepted = privilege === 'MANAGE' ? ['MANAGE'] : [privilege, 'ALL_PRIVILEGES'];
    return (
      db
        .prepare(
          `select 1 from permission_grants where securable = ? and full_name = ?
             and principal in (select value from json_each(?)) and privilege in (select value from json_each(?))`,
        )
        .get(securable, fullName, JSON.stringify(who), JSON.stringify(accepted)) !== undefined
    );
  }

  function owner(securable: Securable, fullName: string): string | undefined {
    return db
      .prepare('select owner from permission_owners where securable = ? and full_name = ?')
      .get(securable, fullName)?.owner as string | undefined;
  }

  function allows(
    principal: Principal,
    privilege: Privilege,
    securable: Securable,
    fullName: string,
  ): boolean {
    if (principal.admin) return true;
    const who = names(principal);
    const above = ancestors(securable, fullName);
    const chain = [...above, { securable, fullName }];
    for (const parent of above) {
      const use: Privilege = parent.securable === 'catalog' ? 'USE_CATALOG' : 'USE_SCHEMA';
      const usable = chain
        .slice(0, chain.indexOf(parent) + 1)
        .some(
          (link) =>
            granted(who, use, link.securable, link.fullName) ||
            who.includes(owner(link.securable, link.fullName) ?? ''),
        );
      if (!usable) return false;
    }
    if (who.includes(owner(securable, fullName) ?? '')) return true;
    if (
      privilege === 'MANAGE' &&
      above.some((link) => who.includes(owner(link.securable, link.fullName) ?? ''))
    )
      return true;
    return chain.some((link) => granted(who, privilege, link.securable, link.fullName));
  }

  function objectPermissions(type: ObjectType, id: string): ObjectPermission[] {
    const found: ObjectPermission[] = [];
    let at: { type: ObjectType; id: string } | undefined = { type, id };
    for (let depth = 0; at && depth < 100; depth += 1) {
      const rows = db
        .prepare(
          'select principal, level from permission_levels where type = ? and id = ? order by principal',
        )
        .all(at.type, at.id);
      for (const row of rows)
        found.push({
          principal: row.principal as string,
          level: levelFor(type, row.level as Level),
          inheritedFrom: depth === 0 ? undefined : `/${at.type}/${at.id}`,
        });
      const parent: Record<string, unknown> | undefined = db
        .prepare('select parent_type, parent_id from permission_parents where type = ? and id = ?')
        .get(at.type, at.id);
      at = parent && { type: parent.parent_type as ObjectType, id: parent.parent_id as string };
    }
    return found;
  }

  function allowsObject(principal: Principal, level: Level, type: ObjectType, id: string | number): boolean {
    if (principal.admin) return true;
    const order = levelsByType[type] as readonly Level[];
    const who = names(principal);
    return objectPermissions(type, String(id)).some(
      (entry) => who.includes(entry.principal) && order.indexOf(entry.level) >= order.indexOf(level),
    );
  }

  return {
    /** Whether a principal has a privilege on a securable, by grant, inheritance or ownership. */
    allows,
    /** @throws ApiError 403 PERMISSION_DENIED. Call it before looking whether the securable exists. */
    require(principal: Principal, privilege: Privilege, securable: Securable, fullName: string): void {
      if (allows(principal, privilege, securable, fullName)) return;
      const kind =
        securable === 'function' ? 'Routine or Model' : securable[0]?.toUpperCase() + securable.slice(1);
      throw forbidden(
        `User does not have ${privilege.replaceAll('_', ' ')} on ${kind} '${fullName}', or misses USE CATALOG or USE SCHEMA above it.`,
      );
    },
    /** The owner's name; undefined when the securable was never given one. */
    owner,
    setOwner(securable: Securable, fullName: string, name: string): void {
      db.prepare(
        `insert into permission_owners values (?, ?, ?)
           on conflict (securable, full_name) do update set owner = excluded.owner`,
      ).run(securable, fullName, name);
    },
    grant(securable: Securable, fullName: string, principal: string, granted: readonly Privilege[]): void {
      const insert = db.prepare('insert or ignore into permission_grants values (?, ?, ?, ?)');
      for (const privilege of granted) insert.run(securable, fullName, principal, privilege);
    },
    revoke(securable: Securable, fullName: string, principal: string, revoked: readonly Privilege[]): void {
      const remove = db.prepare(
        'delete from permission_grants where securable = ? and full_name = ? and principal = ? and privilege = ?',
      );
      for (const privilege of revoked) remove.run(securable, fullName, principal, privilege);
    },
    /** The grants made on exactly this securable. */
    grants(securable: Securable, fullName: string): Grant[] {
      return db
        .prepare(
          `select principal, privilege from permission_grants where securable = ? and full_name = ?
             order by principal, privilege`,
        )
        .all(securable, fullName) as unknown as Grant[];
    },
    /** A renamed securable keeps its grants and its owner. */
    renameSecurable(securable: Securable, fullName: string, newName: string): void {
      for (const table of ['permission_grants', 'permission_owners'])
        db.prepare(`update ${table} set full_name = ? where securable = ? and full_name = ?`).run(
          newName,
          securable,
          fullName,
        );
    },
    /** Forgets a deleted securable's grants and owner. */
    removeSecurable(securable: Securable, fullName: string): void {
      db.prepare('delete from permission_grants where securable = ? and full_name = ?').run(
        securable,
        fullName,
      );
      db.prepare('delete from permission_owners where securable = ? and full_name = ?').run(
        securable,
        fullName,
      );
    },
    /** Whether a principal has at least this level on a workspace object, directly or from the folder above. */
    allowsObject,
    /** @throws ApiError 403 PERMISSION_DENIED, also where the object does not exist: permission comes first. */
    requireObject(principal: Principal, level: Level, type: ObjectType, id: string | number): void {
      if (allowsObject(principal, level, type, id)) return;
      const noun = {
        jobs: 'Job',
        runs: 'Run',
        experiments: 'Experiment',
        'registered-models': 'RegisteredModel',
        'serving-endpoints': 'Endpoint',
        directories: 'Directory',
      }[type];
      throw forbidden(
        `${principal.displayName} does not have required permission ${level} on ${noun} ${id}. User ${principal.name} needs it from the owner or an admin.`,
      );
    },
    /** Levels on an object, its own first, then those inherited. */
    objectPermissions,
    setLevel<Type extends ObjectType>(
      type: Type,
      id: string | number,
      principal: string,
      level: Level<Type>,
    ): void {
      db.prepare(
        `insert into permission_levels values (?, ?, ?, ?)
           on conflict (type, id, principal) do update set level = excluded.level`,
      ).run(type, String(id), principal, level);
    },
    /** Drops the levels set on the object itself (not those inherited). */
    clearLevels(type: ObjectType, id: string | number): void {
      db.prepare('delete from permission_levels where type = ? and id = ?').run(type, String(id));
    },
    /** Says from which object (a folder) an object inherits. */
    setParent(
      type: ObjectType,
      id: string | number,
      parentType: ObjectType,
      parentId: string | number,
    ): void {
      db.prepare(
        `insert into permission_parents values (?, ?, ?, ?)
           on conflict (type, id) do update set parent_type = excluded.parent_type, parent_id = excluded.parent_id`,
      ).run(type, String(id), parentType, String(parentId));
    },
    /** Forgets a deleted object. */
    removeObject(type: ObjectType, id: string | number): void {
      db.prepare('delete from permission_levels where type = ? and id = ?').run(type, String(id));
      db.prepare('delete from permission_parents where type = ? and id = ?').run(type, String(id));
    },
  };
}

/** A folder's level read as another type's: the level of that name, else the strongest of the same rank or below. */
function levelFor(type: ObjectType, level: Level): Level {
  const order = levelsByType[type] as readonly Level[];
  if (order.includes(level)) return level;
  const closest: Partial<Record<Level, Level[]>> = {
    CAN_READ: ['CAN_READ', 'CAN_VIEW'],
    CAN_RUN: ['CAN_RUN', 'CAN_READ', 'CAN_QUERY', 'CAN_VIEW'],
    CAN_EDIT: ['CAN_EDIT', 'CAN_MANAGE_RUN', 'CAN_QUERY'],
  };
  return closest[level]?.find((candidate) => order.includes(candidate)) ?? level;
}
