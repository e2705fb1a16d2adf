import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject, onTestFinished } from 'vitest';
import type { DatabaseTarget } from '../../../src/server/store/database.ts';
import { openDatabase } from '../../../src/server/store/database.ts';
import { createStores } from '../../../src/server/store/stores.ts';
import { createTransactor } from '../../../src/server/store/transactor.ts';
import { createDatabase, dropDatabase } from '../../postgres/databases.ts';
import type { DatabaseKind } from './test-database.ts';

/** A database of its own for the current test, with our tables where it is PostgreSQL; a file where it is SQLite. */
export async function newDatabase(kind: DatabaseKind): Promise<DatabaseTarget> {
  if (kind === 'SQLite') {
    const folder = mkdtempSync(join(tmpdir(), 'store-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    return join(folder, 'store.sqlite');
  }
  const { cluster, template } = inject('postgres');
  const made = await createDatabase(cluster, template);
  onTestFinished(() => dropDatabase(made));
  return made;
}

/** Opens a database until the current test ends; a second call is a second process, as far as the database knows. */
export async function openTarget(target: DatabaseTarget, now?: () => Date) {
  const db = await openDatabase(target);
  onTestFinished(() => db.destroy());
  const transactor = createTransactor(db, (connection) => createStores(connection, now));
  return { target, db, transactor, stores: transactor.stores };
}

/** A store of its own for the current test. */
export async function openStore(kind: DatabaseKind, now?: () => Date) {
  return await openTarget(await newDatabase(kind), now);
}
