import { randomUUID } from 'node:crypto';
import type { Principal, WorkspaceContext } from '../context.ts';
import { ApiError, invalid } from '../errors.ts';
import type { EndpointConfig } from './endpoint-config.ts';

export const servingTables = [
  `create table serving_endpoints (
     name text primary key, id text not null unique, creator text not null, created_at integer not null,
     updated_at integer not null, tags text not null, config_version integer not null, config text, pending text,
     pending_since integer, update_state text not null, failures text not null)`,
];

type UpdateState = 'NOT_UPDATING' | 'IN_PROGRESS' | 'UPDATE_FAILED';

/** A tag of an endpoint; the value may be empty. */
export interface Tag {
  key: string;
  value: string;
}

export interface Endpoint {
  name: string;
  id: string;
  creator: string;
  /** Milliseconds since the epoch. */
  createdAt: number;
  updatedAt: number;
  tags: Tag[];
  /** Of the live configuration; 0 before the first. */
  configVersion: number;
  config: EndpointConfig | undefined;
  /** What an update is to make live, also after it failed. */
  pending: EndpointConfig | undefined;
  pendingSince: number | undefined;
  updateState: UpdateState;
  /** Why entities of the pending configuration could not be deployed, by their name. */
  failures: Record<string, string>;
}

const parsed = <Value>(text: unknown): Value | undefined =>
  typeof text === 'string' ? (JSON.parse(text) as Value) : undefined;

function fromRow(row: Record<string, unknown>): Endpoint {
  return {
    name: row.name as string,
    id: row.id as string,
    creator: row.creator as string,
    createdAt: row.created_at as number,
    updatedAt: row.updated_at as number,
    tags: parsed<Tag[]>(row.tags) ?? [],
    configVersion: row.config_version as number,
    config: parsed(row.config),
    pending: parsed(row.pending),
    pendingSince: (row.pending_since as number | null) ?? undefined,
    updateState: row.update_state as UpdateState,
    failures: parsed<Record<string, string>>(row.failures) ?? {},
  };
}

export type Endpoints = ReturnType<typeof createEndpoints>;

/** What is known of serving endpoints, kept in the database so that a restart changes nothing. */
export function createEndpoints(context: WorkspaceContext) {
  const { db, permissions, clock } = context;

  function get(name: string): Endpoint {
    const row = db.prepare('select * from serving_endpoints where name = ?').get(name);
    if (!row)
      throw new ApiError(
        'RESOURCE_DOES_NOT_EXIST',
        `The given endpoint does not exist, please retry after checking the specified model and version deployment exists: '${name}'.`,
      );
    return fromRow(row);
  }

  return {
    /** @throws ApiError 404 */
    get,
    exists: (name: string) =>
      db.prepare('select 1 from serving_endpoints where name = ?').get(name) !== undefined,
    all: (): Endpoint[] => db.prepare('select * from serving_endpoints order by name').all().map(fromRow),
    create(principal: Principal, name: string, tags: Tag[]): Endpoint {
      if (!/^[A-Za-z0-9][\w-]{0,62}$/.test(name))
        throw invalid(
          `Invalid endpoint name '${name}': at most 63 letters, digits, dashes and underscores, starting with a letter or digit.`,
        );
      if (this.exists(name))
        throw new ApiError('RESOURCE_ALREADY_EXISTS', `Endpoint with name '${name}' already exists.`);
      const id = randomUUID().replaceAll('-', '');
      const now = clock.now();
      context.transaction(() => {
        db.prepare(
          `insert into serving_endpoints values (?, ?, ?, ?, ?, ?, 0, null, null, null, 'NOT_UPDATING', '{}')`,
        ).run(name, id, principal.name, now, now, JSON.stringify(tags));
        permissions.setLevel('serving-endpoints', id, principal.name, 'CAN_MANAGE');
      });
      return get(name);
    },
    /** Records what an update wants. @throws ApiError 409 while another one goes on. */
    startUpdate(name: string, config: EndpointConfig): Endpoint {
      return context.transaction(() => {
        if (get(name).updateState === 'IN_PROGRESS')
          throw new ApiError(
            'RESOURCE_CONFLICT',
            `Endpoint '${name}' is currently being updated. Please wait until its update has completed before making another one.`,
          );
        db.prepare(
          `update serving_endpoints set pending = ?, pending_since = ?, update_state = 'IN_PROGRESS', failures = '{}'
             where name = ?`,
        ).run(JSON.stringify(config), clock.now(), name);
        return get(name);
      });
    },
    /** The pending configuration is live. */
    finishUpdate(name: string): void {
      db.prepare(
        `update serving_endpoints set config = pending, pending = null, pending_since = null, updated_at = ?,
           config_version = config_version + 1, update_state = 'NOT_UPDATING' where name = ?`,
      ).run(clock.now(), name);
    },
    /** The live configuration stays; what failed is told by entity. */
    failUpdate(name: string, failures: Record<string, string>): void {
      db.prepare(
        `update serving_endpoints set update_state = 'UPDATE_FAILED', failures = ? where name = ?`,
      ).run(JSON.stringify(failures), name);
    },
    /** @returns the tags that are there now: those to delete go first, those to add replace what has their key. */
    changeTags(endpoint: Endpoint, added: readonly Tag[], deleted: readonly string[]): Tag[] {
      const tags = new Map(endpoint.tags.map((tag) => [tag.key, tag]));
      for (const key of deleted) tags.delete(key);
      for (const tag of added) tags.set(tag.key, tag);
      const left = [...tags.values()];
      db.prepare('update serving_endpoints set tags = ? where name = ?').run(
        JSON.stringify(left),
        endpoint.name,
      );
      return left;
    },
    remove(endpoint: Endpoint): void {
      context.transaction(() => {
        db.prepare('delete from serving_endpoints where name = ?').run(endpoint.name);
        permissions.removeObject('serving-endpoints', endpoint.id);
      });
    },
  };
}
