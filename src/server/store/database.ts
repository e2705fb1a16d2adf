import type { Transaction } from 'kysely';
import { Kysely, sql } from 'kysely';
import type { ServerConfiguration } from '../config/server-configuration.ts';
import { StoreUnavailable } from '../duty/interruption.ts';
import { refuseCutOffRestore } from './cut-off-restore.ts';
import { isUpToDate, migrate, NewerSchema } from './migrate.ts';
import { postgresDialect } from './postgres-dialect.ts';
import type { Schema } from './schema.ts';
import { sqliteDialect } from './sqlite-dialect.ts';

/** Either the database or one transaction of it: the queries of the rooms' stores take both. */
export type Connection = Kysely<Schema> | Transaction<Schema>;

/** Which database: the path of an SQLite file (`:memory:` for tests), or how PostgreSQL is reached. */
export type DatabaseTarget = ServerConfiguration['database'];

/** The database as messages name it: never with a password. */
export function nameOf(target: DatabaseTarget): string {
  return typeof target === 'string' ? target : `${target.database} on ${target.host}`;
}

/**
 * Opens the database and brings its schema up to date.
 *
 * @param check also looks at every page of an SQLite file, for damage shows only where somebody reads
 * @throws when it is no database, is damaged, does not answer, or was changed by a newer version of this product
 */
export async function openDatabase(
  target: DatabaseTarget,
  { check = false }: { check?: boolean } = {},
): Promise<Kysely<Schema>> {
  const sqlite = typeof target === 'string';
  const db = new Kysely<Schema>({ dialect: sqlite ? sqliteDialect(target) : postgresDialect(target) });
  try {
    if (sqlite) refuseCutOffRestore(target);
    if (sqlite && check) await refuseDamage(db);
    if (!sqlite) await refuseOtherEncodings(db);
    if (!(await isUpToDate(db))) {
      if (sqlite) await migrate(db);
      else {
        const patient = new Kysely<Schema>({ dialect: postgresDialect(target, 'migrating') });
        await migrate(patient).finally(() => patient.destroy());
      }
    }
    return db;
  } catch (error) {
    await db.destroy();
    const reason = reasonOf(error);
    const told = `The database ${nameOf(target)} cannot be used: ${reason}.`;
    throw new Error(error instanceof NewerSchema ? told : `${told} ${adviceFor(reason, sqlite)}`, {
      cause: error,
    });
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof StoreUnavailable) return error.reason;
  return error instanceof Error ? error.message.replace(/\.$/, '') : String(error);
}

function adviceFor(reason: string, sqlite: boolean): string {
  if (!sqlite) return 'See "database" in the configuration.';
  if (/cut off/.test(reason)) return 'Restore once more: the backup, or what was there ("….before-<time>").';
  return /damaged|no database/.test(reason)
    ? 'Restore a backup ("gitea-databricks restore"), or name another file in "database".'
    : 'Look at its disk, its folder and its owner.';
}

/** https://sqlite.org/pragma.html#pragma_quick_check */
async function refuseDamage(db: Kysely<Schema>): Promise<void> {
  const { rows } = await sql<{ quick_check: string }>`pragma quick_check(1)`.execute(db);
  const found = rows[0]?.quick_check;
  if (found !== 'ok') throw new Error(`it is damaged (${found?.replaceAll('\n', ' ').trim()})`);
}

async function refuseOtherEncodings(db: Kysely<Schema>): Promise<void> {
  const { rows } = await sql<{ server_encoding: string }>`show server_encoding`.execute(db);
  const found = rows[0]?.server_encoding;
  if (found !== 'UTF8') throw new Error(`its encoding is ${found}, and must be UTF8`);
}
