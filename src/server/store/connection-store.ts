import type { ConnectionStore } from '../databricks/ports.ts';
import type { Connection } from './database.ts';

/** The connections table. */
export function createConnectionStore(connection: Connection): ConnectionStore {
  return {
    async find(workspace) {
      const row = await connection
        .selectFrom('connections')
        .selectAll()
        .where('workspace', '=', workspace)
        .executeTakeFirst();
      if (!row) return null;
      return {
        state: row.state === 'ok' ? 'ok' : 'unreachable',
        since: row.since,
        lastOkAt: row.last_ok_at,
        lastError: row.last_error,
      };
    },

    async save(workspace, { state, since, lastOkAt, lastError }) {
      const told = { state, since, last_ok_at: lastOkAt, last_error: lastError };
      await connection
        .insertInto('connections')
        .values({ workspace, ...told })
        .onConflict((conflict) => conflict.column('workspace').doUpdateSet(told))
        .execute();
    },
  };
}
