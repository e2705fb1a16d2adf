import type { TestProject } from 'vitest/node';
import type { PostgresConfiguration } from '../../src/server/config/server-configuration.ts';
import { openDatabase } from '../../src/server/store/database.ts';
import { startCluster } from './cluster.ts';
import { createDatabase } from './databases.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The server of this run, and a database in it that holds our tables. */
    postgres: { cluster: PostgresConfiguration; template: string };
  }
}

/** One PostgreSQL for all tests of a run. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const cluster = await startCluster();
  const template = await createDatabase(cluster.connection);
  await (await openDatabase(template)).destroy();
  project.provide('postgres', { cluster: cluster.connection, template: template.database });
  return () => cluster.stop();
}
