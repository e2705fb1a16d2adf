import { randomInt, randomUUID } from 'node:crypto';
import { createWriteStream, mkdirSync } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Principal, WorkspaceContext } from '../context.ts';
import { ApiError, invalid } from '../errors.ts';
import type { Level } from '../permission/privileges.ts';
import { onDisk, parentOf } from './workspace-path.ts';

const tables = [
  `create table files_objects (
     id integer primary key, path text not null unique, parent text, type text not null, language text,
     size integer not null default 0, created_at integer not null, modified_at integer not null)`,
  'create index files_by_parent on files_objects (parent, path)',
];

export interface WorkspaceObject {
  id: number;
  path: string;
  type: 'DIRECTORY' | 'FILE' | 'NOTEBOOK';
  language: string | undefined;
  /** Bytes. */
  size: number;
  /** Milliseconds. */
  createdAt: number;
  modifiedAt: number;
}

export type WorkspaceFiles = ReturnType<typeof createWorkspaceFiles>;

/**
 * The workspace's tree: what there is lies in the database, bytes lie on disk under `dataDir/workspace`. Paths are
 * parsed ones (see `parseWorkspacePath`). Levels are inherited from folder to folder, except from `/` and `/Users`.
 */
export function createWorkspaceFiles(context: Omit<WorkspaceContext, 'files'>) {
  const { db, permissions, clock } = context;
  const root = join(context.settings.dataDir, 'workspace');
  const incoming = join(context.settings.dataDir, 'incoming');
  context.migrate('files', tables);
  mkdirSync(incoming, { recursive: true });
  if (!find('/')) {
    for (const path of ['/', '/Users']) addFolder(path);
    // Databricks gives every user CAN MANAGE in /Shared.
    permissions.setLevel('directories', addFolder('/Shared').id, 'users', 'CAN_MANAGE');
  }

  function find(path: string): WorkspaceObject | undefined {
    const row = db.prepare('select * from files_objects where path = ?').get(path);
    return row && fromRow(row);
  }

  function addFolder(path: string): WorkspaceObject {
    mkdirSync(onDisk(root, path), { recursive: true });
    return add({ path, type: 'DIRECTORY', language: undefined, size: 0 });
  }

  function add(object: Pick<WorkspaceObject, 'path' | 'type' | 'language' | 'size'>): WorkspaceObject {
    const parent = parentOf(object.path);
    const now = clock.now();
    db.prepare(
      `insert into files_objects values (?, ?, ?, ?, ?, ?, ?, ?)
         on conflict (path) do update set type = excluded.type, language = excluded.language,
           size = excluded.size, modified_at = excluded.modified_at`,
    ).run(
      randomInt(1e12, 9e12),
      object.path,
      parent ?? null,
      object.type,
      object.language ?? null,
      object.size,
      now,
      now,
    );
    const added = find(object.path);
    if (!added) throw new Error(`${object.path} was not stored`);
    const above = parent === undefined ? undefined : find(parent);
    if (added.type === 'DIRECTORY' && above && above.path !== '/' && above.path !== '/Users')
      permissions.setParent('directories', added.id, 'directories', above.id);
    return added;
  }

  /** The nearest folder that exists: the path itself, else one above it. */
  function nearestFolder(path: string): WorkspaceObject {
    for (let at: string | undefined = path; at !== undefined; at = parentOf(at)) {
      const found = find(at);
      if (found?.type === 'DIRECTORY') return found;
    }
    throw new Error('the workspace has no root folder');
  }

  /** Everybody sees the two top folders; a home folder's owner may make it. */
  function allows(principal: Principal, level: Level<'directories'>, path: string): boolean {
    const folder = nearestFolder(path);
    if (level === 'CAN_READ' && (folder.path === '/' || folder.path === '/Users')) return true;
    const ownHome = `${path}/`.startsWith(`/Users/${principal.name}/`) && folder.path === '/Users';
    if (level === 'CAN_MANAGE' && ownHome) return true;
    return permissions.allowsObject(principal, level, 'directories', folder.id);
  }

  function require(principal: Principal, level: Level<'directories'>, path: string): void {
    if (!allows(principal, level, path))
      permissions.requireObject(principal, level, 'directories', nearestFolder(path).id);
  }

  function existing(path: string): WorkspaceObject {
    const found = find(path);
    if (!found) throw missing(path);
    return found;
  }

  return {
    find,
    /** @throws ApiError 403 unless the principal has the level on the nearest existing folder. */
    require,
    /** @throws ApiError 404. */
    existing,
    /**
     * What somebody reads. @throws ApiError 404 also for what may not be read: the workspace does not say that it is
     * there (databricks CLI, workspace files client).
     */
    readable(principal: Principal, path: string): WorkspaceObject {
      if (!allows(principal, 'CAN_READ', path)) throw missing(path);
      return existing(path);
    },
    /** What lies directly in a folder, by path. */
    children: (path: string): WorkspaceObject[] =>
      db.prepare('select * from files_objects where parent = ? order by path').all(path).map(fromRow),
    /** Makes a folder and those above it; whoever makes one manages it. @throws ApiError 400 when a file is in the way. */
    makeFolders(path: string, principal: Principal): WorkspaceObject {
      return context.transaction(() => {
        let at = '';
        let folder = existing('/');
        for (const name of path.split('/').filter(Boolean)) {
          at = `${at}/${name}`;
          const found = find(at);
          if (found && found.type !== 'DIRECTORY')
            throw new ApiError('RESOURCE_ALREADY_EXISTS', `Path (${at}) is a file, not a folder.`);
          if (!found) {
            folder = addFolder(at);
            permissions.setLevel('directories', folder.id, principal.name, 'CAN_MANAGE');
          } else folder = found;
        }
        return folder;
      });
    },
    /**
     * Stores a file or notebook in one step: a reader sees the old bytes or the new ones.
     * @throws ApiError 404 without the parent folder, 400 where a folder is in the way.
     */
    async write(path: string, type: 'FILE' | 'NOTEBOOK', language: string | undefined, body: Readable) {
      const parent = parentOf(path);
      if (parent === undefined || find(parent)?.type !== 'DIRECTORY')
        throw new ApiError('RESOURCE_DOES_NOT_EXIST', `The parent folder (${parent ?? '/'}) does not exist.`);
      const temporary = join(incoming, randomUUID());
      try {
        await pipeline(body, createWriteStream(temporary));
        const { size } = await stat(temporary);
        if (find(path)?.type === 'DIRECTORY') throw invalid(`Path (${path}) is a folder.`);
        const target = onDisk(root, path);
        await mkdir(dirname(target), { recursive: true });
        await rename(temporary, target);
        return add({ path, type, language, size });
      } finally {
        await rm(temporary, { force: true });
      }
    },
    /** Removes an object and what lies in it. */
    async remove(object: WorkspaceObject): Promise<void> {
      context.transaction(() => {
        const gone = db
          .prepare("select id from files_objects where path = ? or substr(path, 1, ?) = ? || '/'")
          .all(object.path, object.path.length + 1, object.path);
        for (const row of gone) {
          permissions.removeObject('directories', row.id as number);
          db.prepare('delete from files_objects where id = ?').run(row.id as number);
        }
      });
      await rm(onDisk(root, object.path), { recursive: true, force: true });
    },
    /** Where an object's bytes lie; to be read only. */
    diskPath: (path: string) => onDisk(root, path),
  };
}

const missing = (path: string) => new ApiError('RESOURCE_DOES_NOT_EXIST', `Path (${path}) doesn't exist.`);

function fromRow(row: Record<string, unknown>): WorkspaceObject {
  return {
    id: row.id as number,
    path: row.path as string,
    type: row.type as WorkspaceObject['type'],
    language: (row.language as string | null) ?? undefined,
    size: row.size as number,
    createdAt: row.created_at as number,
    modifiedAt: row.modified_at as number,
  };
}
