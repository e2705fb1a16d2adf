import pg from 'pg';
import type { PostgresConfiguration } from '../../../src/server/config/server-configuration.ts';
import { clientConfig } from '../../../src/server/store/postgres-dialect.ts';
import type { StoreView } from '../invariants/store-view.ts';

/** Reads a PostgreSQL database while backends write it; connects again after the server was away. */
export function postgresView(connection: PostgresConfiguration): StoreView {
  const pool = new pg.Pool({ ...clientConfig(connection), max: 2 });
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  return {
    rows: async <Row>(sql: string) => (await pool.query(sql)).rows as Row[],
    close: async () => await pool.end(),
  };
}
