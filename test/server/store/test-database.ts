import { inject } from 'vitest';
import type { PostgresConfiguration } from '../../../src/server/config/server-configuration.ts';
import type { DatabaseTarget } from '../../../src/server/store/database.ts';
import { createDatabase, emptyDatabase } from '../../postgres/databases.ts';

/** Both databases: `describe.each(databases)('on %s', (database) => …)`. */
export const databases = ['SQLite', 'PostgreSQL'] as const;

export type DatabaseKind = (typeof databases)[number];

/** What tests that do not choose run on: those that vitest.config.ts names run once on each. */
const usual: DatabaseKind = process.env.TEST_DATABASE === 'PostgreSQL' ? 'PostgreSQL' : 'SQLite';

/** Emptied ones of this file's tests: making one anew takes longer than most tests. */
const free: PostgresConfiguration[] = [];

/**
 * An empty database for tests that leave its schema alone, with our tables where it is PostgreSQL.
 *
 * @param file of SQLite; in memory by default
 */
export async function testDatabase(
  file = ':memory:',
): Promise<{ target: DatabaseTarget; drop(): Promise<void> }> {
  if (usual === 'SQLite') return { target: file, drop: async () => {} };
  const { cluster, template } = inject('postgres');
  const target = free.pop() ?? (await createDatabase(cluster, template));
  return {
    target,
    async drop() {
      await emptyDatabase(target);
      free.push(target);
    },
  };
}
