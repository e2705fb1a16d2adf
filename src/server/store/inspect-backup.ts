import { statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { ChainLink } from '../audit/chain.ts';
import { verifyChain } from '../audit/chain.ts';
import { refuseNewer } from './migrate.ts';

/** What a backup holds. */
export interface BackupFacts {
  bytes: number;
  /** Entries of the audit log. */
  entries: number;
  /** Hash of the newest of them. */
  head: string;
  /** The entry at which the audit log does not hold together; null: it does. */
  brokenAt: number | null;
  runs: number;
  /** The newest migration that it has been through. */
  schema: string;
}

function* links(database: DatabaseSync): Generator<ChainLink> {
  const rows = database
    .prepare('select sequence, body, previous_hash, hash from audit order by sequence')
    .iterate();
  for (const row of rows as IterableIterator<Record<string, string | number>>) {
    yield {
      sequence: Number(row.sequence),
      body: String(row.body),
      previousHash: String(row.previous_hash),
      hash: String(row.hash),
    };
  }
}

/**
 * Reads a backup from its first page to its last, and the audit log's chain.
 *
 * @throws when it is no backup, is damaged, or of a newer version
 */
export async function inspectBackup(file: string): Promise<BackupFacts> {
  const told = (reason: string, cause?: unknown) =>
    new Error(`${file} is no backup that can be used: ${reason}.`, { cause });
  let database: DatabaseSync;
  try {
    const { size } = statSync(file);
    if (size === 0) throw new Error('it is empty');
    database = new DatabaseSync(file, { readOnly: true });
  } catch (error) {
    throw told(
      (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : (error as Error).message,
      error,
    );
  }
  try {
    const [first] = database.prepare('pragma integrity_check(1)').all();
    if (first?.integrity_check !== 'ok')
      throw new Error(`it is damaged (${String(first?.integrity_check).trim()})`);
    const names = database.prepare('select name from kysely_migration order by name').all();
    refuseNewer(names.map(({ name }) => String(name)));
    const { entries, head, brokenAt } = await verifyChain(links(database));
    return {
      bytes: statSync(file).size,
      entries,
      head,
      brokenAt,
      runs: Number(database.prepare('select count(*) as n from runs').get()?.n),
      schema: String(names.at(-1)?.name),
    };
  } catch (error) {
    throw told((error as Error).message.replace(/\.$/, ''), error);
  } finally {
    database.close();
  }
}
