import type { Kysely } from 'kysely';
import { Migrator } from 'kysely/migration';
import { initial } from './migrations/0001-initial.ts';
import { commands } from './migrations/0002-commands.ts';
import { leases } from './migrations/0003-leases.ts';
import { releaseRequester } from './migrations/0004-release-requester.ts';
import { workspaceAnswers } from './migrations/0005-workspace-answers.ts';
import { outboxRepository } from './migrations/0006-outbox-repository.ts';
import { deliveryUuid } from './migrations/0007-delivery-uuid.ts';
import { restores } from './migrations/0008-restores.ts';
import { outboxRefusals } from './migrations/0009-outbox-refusals.ts';
import type { Schema } from './schema.ts';

const migrations = {
  '0001-initial': initial,
  '0002-commands': commands,
  '0003-leases': leases,
  '0004-release-requester': releaseRequester,
  '0005-workspace-answers': workspaceAnswers,
  '0006-outbox-repository': outboxRepository,
  '0007-delivery-uuid': deliveryUuid,
  '0008-restores': restores,
  '0009-outbox-refusals': outboxRefusals,
};

/** The schema is of a version that is newer than this one. */
export class NewerSchema extends Error {
  constructor(unknown: readonly string[]) {
    super(
      `a newer version of gitea-databricks has changed it (${unknown.join(', ')}), and this version would not understand what it holds. Start the newer version again, or restore a backup from before the update`,
    );
    this.name = 'NewerSchema';
  }
}

/** @throws NewerSchema when one of the migrations is of a newer version */
export function refuseNewer(names: readonly string[]): void {
  const unknown = names.filter((name) => !Object.hasOwn(migrations, name));
  if (unknown.length > 0) throw new NewerSchema(unknown);
}

/**
 * The migrations that the database has been through, oldest first.
 *
 * @throws NewerSchema
 */
export async function appliedMigrations(db: Kysely<Schema>): Promise<string[]> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some(({ name }) => name === 'kysely_migration')) return [];
  const rows = await (db as unknown as Kysely<{ kysely_migration: { name: string } }>)
    .selectFrom('kysely_migration')
    .select('name')
    .execute();
  const names = rows.map(({ name }) => name).sort();
  refuseNewer(names);
  return names;
}

/**
 * Whether the schema is that of this version.
 *
 * @throws NewerSchema
 */
export async function isUpToDate(db: Kysely<Schema>): Promise<boolean> {
  return (await appliedMigrations(db)).length === Object.keys(migrations).length;
}

/**
 * Brings the schema up to date: in one transaction, and one process at a time.
 *
 * @param last no further than to this migration
 */
export async function migrate(db: Kysely<Schema>, last?: string): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } });
  const { error } = await (last === undefined ? migrator.migrateToLatest() : migrator.migrateTo(last));
  if (error) throw error;
}
