import { randomBytes } from 'node:crypto';
import pg from 'pg';
import type { PostgresConfiguration } from '../../src/server/config/server-configuration.ts';
import { clientConfig } from '../../src/server/store/postgres-dialect.ts';

async function execute(connection: PostgresConfiguration, statement: string): Promise<void> {
  const client = new pg.Client(clientConfig(connection));
  await client.connect();
  await client.query(statement).finally(() => client.end());
}

/** @param template a database that it begins as a copy of; nobody may be connected to that one */
export async function createDatabase(
  cluster: PostgresConfiguration,
  template = 'template1',
): Promise<PostgresConfiguration> {
  const database = `test_${randomBytes(6).toString('hex')}`;
  await execute(cluster, `create database ${database} template ${template}`);
  return { ...cluster, database };
}

/** Whoever is connected is cut off. */
export async function dropDatabase(connection: PostgresConfiguration): Promise<void> {
  await execute({ ...connection, database: 'postgres' }, `drop database ${connection.database} with (force)`);
}

/** Takes every row out of our tables. Whoever is connected is cut off. */
export async function emptyDatabase(connection: PostgresConfiguration): Promise<void> {
  await execute(
    connection,
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid();
    do $$ declare name text; begin
      for name in select tablename from pg_tables where schemaname = 'public' and tablename not like 'kysely%' loop
        execute format('delete from %I', name);
      end loop;
    end $$`,
  );
}

/** As configurations name it. */
export function urlOf({ user, password, host, database }: PostgresConfiguration): string {
  return `postgres://${user}:${password}@localhost/${database}?host=${encodeURIComponent(host)}`;
}
