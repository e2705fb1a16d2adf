import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Principal, WorkspaceContext } from '../context.ts';
import { requireName } from './names.ts';
import { alreadyExists, doesNotExist, securableExists } from './securables.ts';

export const volumeTables = [
  `create table catalog_volumes (
     full_name text primary key, id text not null unique, catalog_name text not null, schema_name text not null,
     name text not null, comment text, created_at integer not null, created_by text not null,
     updated_at integer not null, updated_by text not null)`,
];

/** A managed volume as the REST API writes it; times in milliseconds. */
export interface Volume {
  volume_id: string;
  full_name: string;
  catalog_name: string;
  schema_name: string;
  name: string;
  comment?: string;
  volume_type: 'MANAGED';
  owner: string;
  created_at: number;
  created_by: string;
  updated_at: number;
  updated_by: string;
}

export type Volumes = ReturnType<typeof createVolumes>;

/** Unity Catalog's volumes: what is known of them lies in the database, their files under `dataDir/volumes`. */
export function createVolumes(context: WorkspaceContext) {
  const { db, permissions, clock } = context;

  function shape(row: Record<string, unknown>): Volume {
    const { id, ...fields } = Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null));
    const fullName = row.full_name as string;
    const owner = permissions.owner('volume', fullName) ?? (row.created_by as string);
    return { ...(fields as unknown as Volume), volume_id: id as string, volume_type: 'MANAGED', owner };
  }

  function get(fullName: string): Volume {
    const row = db.prepare('select * from catalog_volumes where full_name = ?').get(fullName);
    if (!row) throw doesNotExist('Volume', fullName);
    return shape(row);
  }

  return {
    /** @throws ApiError 404 */
    get,
    /** By name. @throws ApiError 404 without the schema. */
    list(catalog: string, schema: string): Volume[] {
      const parent = `${catalog}.${schema}`;
      if (!securableExists(context, 'schema', parent)) throw doesNotExist('Schema', parent);
      return db
        .prepare('select * from catalog_volumes where catalog_name = ? and schema_name = ? order by name')
        .all(catalog, schema)
        .map(shape);
    },
    create(principal: Principal, catalog: string, schema: string, name: string, comment?: string): Volume {
      requireName('volume', name);
      const parent = `${catalog}.${schema}`;
      permissions.require(principal, 'CREATE_VOLUME', 'schema', parent);
      if (!securableExists(context, 'schema', parent)) throw doesNotExist('Schema', parent);
      const fullName = `${parent}.${name}`;
      if (securableExists(context, 'volume', fullName)) throw alreadyExists('Volume', fullName);
      const now = clock.now();
      context.transaction(() => {
        db.prepare('insert into catalog_volumes values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)').run(
          fullName,
          randomUUID(),
          catalog,
          schema,
          name,
          comment ?? null,
          now,
          principal.name,
          now,
          principal.name,
        );
        permissions.setOwner('volume', fullName, principal.name);
      });
      return get(fullName);
    },
    change(principal: Principal, volume: Volume, change: { owner?: string; comment?: string }): Volume {
      db.prepare(
        'update catalog_volumes set comment = ?, updated_at = ?, updated_by = ? where full_name = ?',
      ).run(change.comment ?? volume.comment ?? null, clock.now(), principal.name, volume.full_name);
      if (change.owner) permissions.setOwner('volume', volume.full_name, change.owner);
      return get(volume.full_name);
    },
    /** The volume and its files are gone. */
    async remove(volume: Volume): Promise<void> {
      context.transaction(() => {
        db.prepare('delete from catalog_volumes where full_name = ?').run(volume.full_name);
        permissions.removeSecurable('volume', volume.full_name);
      });
      await rm(folderOf(context, volume), { recursive: true, force: true });
    },
    /** Where its files lie; made when it is not there. */
    folder(volume: Volume): string {
      const folder = folderOf(context, volume);
      mkdirSync(folder, { recursive: true });
      return folder;
    },
  };
}

const folderOf = (context: WorkspaceContext, volume: Volume) =>
  join(context.settings.dataDir, 'volumes', volume.volume_id);
