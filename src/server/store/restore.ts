import { copyFileSync, existsSync, linkSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import type { PostgresConfiguration } from '../config/server-configuration.ts';
import { ourTables } from './backup.ts';
import { incomingOf } from './cut-off-restore.ts';
import type { DatabaseTarget } from './database.ts';
import { nameOf, openDatabase } from './database.ts';
import { makePrivateFile, publishFile } from './durable-file.ts';
import type { BackupFacts } from './inspect-backup.ts';
import { inspectBackup } from './inspect-backup.ts';
import { createLeaseStore } from './lease-store.ts';
import type { Schema } from './schema.ts';
import { serialTransaction } from './serial-transaction.ts';
import { takeServingLock } from './serving-lock.ts';

/** Rows that are written at once. */
const batch = 50;

export interface Restored extends BackupFacts {
  /** Where what was there before lies now; null: nothing was there. */
  kept: string | null;
}

/**
 * Puts a backup in the store's place. Of SQLite, what was there is kept beside it; of PostgreSQL, the database must be
 * empty.
 *
 * @param options.brokenAudit also where the backup's audit log does not hold together
 * @throws when the backup cannot be used, or a backend serves; nothing was changed then
 */
export async function restore(
  target: DatabaseTarget,
  from: string,
  { now, brokenAudit }: { now: Date; brokenAudit: boolean },
): Promise<Restored> {
  const facts = await inspectBackup(from);
  if (facts.brokenAt !== null && !brokenAudit) {
    throw new Error(
      `The audit log in ${from} is broken at entry ${facts.brokenAt}: somebody edited it. Use another backup, or --broken-audit.`,
    );
  }
  if (typeof target !== 'string') {
    await intoPostgres(target, from, now);
    return { ...facts, kept: null };
  }
  const lock = takeServingLock(target, 'cannot be restored');
  try {
    return { ...facts, kept: await inPlaceOf(target, from, now) };
  } finally {
    lock.release();
  }
}

/** Whenever this is cut off, the database's name has the old file or the new one, or the next start is refused. */
async function inPlaceOf(target: string, from: string, now: Date): Promise<string | null> {
  const incoming = incomingOf(target);
  // What one that was cut off has left goes on to refuse each start, until this one is done.
  const again = existsSync(incoming);
  try {
    if (!again) makePrivateFile(incoming);
    copyFileSync(from, incoming);
  } catch (error) {
    if (!again) rmSync(incoming, { force: true });
    throw error;
  }
  let kept: string | null = null;
  if (existsSync(target)) {
    kept = `${target}.before-${now.toISOString().replaceAll(':', '-')}`;
    foldJournal(target);
    keep(target, kept);
  }
  // A journal that could not be folded belongs to what was there: on the new file it would be damage.
  for (const rest of ['-wal', '-shm']) {
    if (!existsSync(`${target}${rest}`)) continue;
    if (kept === null) rmSync(`${target}${rest}`);
    else renameSync(`${target}${rest}`, `${kept}${rest}`);
  }
  publishFile(incoming, target);
  // Brings an older schema up to date, and proves that it opens.
  const db = await openDatabase(target, { check: true });
  await noteRestore(db, now).finally(() => db.destroy());
  return kept;
}

/** What happened between the backup and now is not known to this store, and it has to know that. */
async function noteRestore(db: Kysely<Schema>, now: Date): Promise<void> {
  await db.insertInto('restores').values({ restored_at: now.toISOString() }).execute();
}

/** A second name, so that the first is never without a file; where the disk has no hard links, another name. */
function keep(file: string, name: string): void {
  try {
    linkSync(file, name);
  } catch {
    renameSync(file, name);
  }
}

/** What is in the write-ahead log goes into the file; not possible where it is damaged. */
function foldJournal(path: string): void {
  try {
    const database = new DatabaseSync(path);
    try {
      database.exec('pragma journal_mode = delete');
    } finally {
      database.close();
    }
  } catch {
    // It is kept with its journal beside it.
  }
}

async function intoPostgres(target: PostgresConfiguration, from: string, now: Date): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'restore-'));
  const copy = join(folder, 'copy.sqlite');
  const db = await openDatabase(target).catch((error: unknown) => {
    rmSync(folder, { recursive: true });
    throw error;
  });
  try {
    makePrivateFile(copy);
    copyFileSync(from, copy);
    await (await openDatabase(copy)).destroy();
    const file = new DatabaseSync(copy, { readOnly: true });
    try {
      await serialTransaction(db, async (transaction) => {
        const tables = ourTables(file);
        await refuseUsed(transaction, target, tables);
        for (const table of tables) await copyTable(file, table, transaction);
        // Who held them is gone; their tokens must go on growing.
        await transaction.updateTable('leases').set({ holder: null, expires_at: 0 }).execute();
        await noteRestore(transaction, now);
      });
    } finally {
      file.close();
    }
  } finally {
    await db.destroy();
    rmSync(folder, { recursive: true });
  }
}

async function refuseUsed(
  db: Kysely<Schema>,
  target: PostgresConfiguration,
  tables: readonly string[],
): Promise<void> {
  const served = (await createLeaseStore(db).all()).some(({ expired }) => !expired);
  if (served) throw new Error(`A backend serves the database ${nameOf(target)}: stop all of them first.`);
  for (const table of tables) {
    if (table === 'leases') continue;
    const { rows } = await sql`select 1 from ${sql.id(table)} limit 1`.execute(db);
    if (rows.length === 0) continue;
    throw new Error(
      `The database ${nameOf(target)} is not empty (${table}), and a restore overwrites nothing. Make an empty database, and name it in the file of database.postgres.url_file.`,
    );
  }
  await db.deleteFrom('leases').execute();
}

async function copyTable(file: DatabaseSync, table: string, db: Kysely<Schema>): Promise<void> {
  const into = db as unknown as Kysely<Record<string, Record<string, unknown>>>;
  let rows: Record<string, unknown>[] = [];
  const write = async () => {
    if (rows.length > 0) await into.insertInto(table).values(rows).execute();
    rows = [];
  };
  for (const row of file.prepare(`select * from "${table}"`).iterate()) {
    rows.push({ ...(row as Record<string, unknown>) });
    if (rows.length === batch) await write();
  }
  await write();
}
