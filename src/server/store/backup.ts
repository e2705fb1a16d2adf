import { existsSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { Transaction } from 'kysely';
import { Kysely, sql } from 'kysely';
import type { PostgresConfiguration } from '../config/server-configuration.ts';
import type { DatabaseTarget } from './database.ts';
import { nameOf } from './database.ts';
import { makePrivateFile, publishFile } from './durable-file.ts';
import type { BackupFacts } from './inspect-backup.ts';
import { inspectBackup } from './inspect-backup.ts';
import { appliedMigrations, migrate } from './migrate.ts';
import { postgresDialect } from './postgres-dialect.ts';
import type { Schema } from './schema.ts';
import { sqliteDialect } from './sqlite-dialect.ts';

/** Rows that are read at once. */
const batch = 200;

/**
 * Writes the state of one moment into a file, while a backend goes on: an SQLite database, whichever the store is, so
 * that one check and one restore serve both, and a store can move from one to the other. The file has its name only
 * once it was read back.
 *
 * @throws when the store cannot be read, or the file not be written or used
 */
export async function backUp(target: DatabaseTarget, to: string): Promise<BackupFacts> {
  const unfinished = `${to}.unfinished`;
  rmSync(unfinished, { force: true });
  try {
    makePrivateFile(unfinished);
    if (typeof target === 'string') copySqlite(target, unfinished);
    else await copyPostgres(target, unfinished);
    const facts = await inspectBackup(unfinished);
    publishFile(unfinished, to);
    return facts;
  } finally {
    for (const rest of ['', '-wal', '-shm']) rmSync(`${unfinished}${rest}`, { force: true });
  }
}

/** As it is, also where its schema is older: a backup is what one takes before an update. */
function copySqlite(path: string, to: string): void {
  if (!existsSync(path)) throw new Error(`There is no database ${path}: nothing was backed up.`);
  const database = new DatabaseSync(path, { timeout: 5_000 });
  try {
    // Reads one snapshot, beside those that write (https://sqlite.org/lang_vacuum.html).
    database.prepare('vacuum into ?').run(to);
  } finally {
    database.close();
  }
}

async function copyPostgres(target: PostgresConfiguration, to: string): Promise<void> {
  const db = new Kysely<Schema>({ dialect: postgresDialect(target) });
  try {
    const newest = (await appliedMigrations(db)).at(-1);
    if (newest === undefined)
      throw new Error(`The database ${nameOf(target)} is empty: nothing was backed up.`);
    const copy = new Kysely<Schema>({ dialect: sqliteDialect(to) });
    await migrate(copy, newest).finally(() => copy.destroy());
    const file = new DatabaseSync(to);
    try {
      file.exec('pragma journal_mode = delete; pragma synchronous = off; begin');
      await db
        .transaction()
        .setIsolationLevel('repeatable read')
        .setAccessMode('read only')
        .execute(async (snapshot) => {
          for (const table of ourTables(file)) await copyTable(snapshot, table, file);
        });
      file.exec('commit');
    } finally {
      file.close();
    }
  } finally {
    await db.destroy();
  }
}

/** @returns the names of our tables in an SQLite file */
export function ourTables(file: DatabaseSync): string[] {
  return file
    .prepare(
      "select name from sqlite_master where type = 'table' and name not like 'kysely_%' and name not like 'sqlite_%' order by name",
    )
    .all()
    .map(({ name }) => String(name));
}

async function copyTable(snapshot: Transaction<Schema>, table: string, file: DatabaseSync): Promise<void> {
  const columns = file
    .prepare(`select * from "${table}"`)
    .columns()
    .map(({ name }) => name);
  const list = columns.map((name) => `"${name}"`).join(', ');
  const insert = file.prepare(
    `insert into "${table}" (${list}) values (${columns.map(() => '?').join(', ')})`,
  );
  await sql`declare source no scroll cursor for select ${sql.raw(list)} from ${sql.id(table)}`.execute(
    snapshot,
  );
  for (;;) {
    const { rows } = await sql<
      Record<string, string | number | null>
    >`fetch ${sql.raw(String(batch))} from source`.execute(snapshot);
    for (const row of rows) insert.run(...columns.map((name) => row[name] ?? null));
    if (rows.length < batch) break;
  }
  await sql`close source`.execute(snapshot);
}
