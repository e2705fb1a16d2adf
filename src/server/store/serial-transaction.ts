import { AsyncLocalStorage } from 'node:async_hooks';
import type { Kysely, Transaction } from 'kysely';
import { currentLease, LeaseLost } from '../duty/lease.ts';
import { createLeaseStore } from './lease-store.ts';
import type { Schema } from './schema.ts';
import { Turns } from './turns.ts';

const inside = new AsyncLocalStorage<{ of: object; open: boolean }>();
const turnsOf = new WeakMap<object, Turns>();

/** The same object for everything that was made over one database. */
const identityOf = (db: Kysely<Schema>): object => db.getExecutor().adapter;

/** Whether the current work runs inside a transaction of this database. */
export function isInsideTransaction(db: Kysely<Schema>): boolean {
  const around = inside.getStore();
  return around?.open === true && around.of === identityOf(db);
}

/**
 * Runs the work in one transaction, all of this process and of all others one after another. Under a lease it begins
 * with the question whether the lease is still the newest, and nobody can take that before the transaction has ended.
 *
 * @throws LeaseLost; whatever the work throws, after everything was rolled back
 */
export async function serialTransaction<T>(
  db: Kysely<Schema>,
  work: (transaction: Transaction<Schema>) => Promise<T>,
): Promise<T> {
  if (isInsideTransaction(db)) {
    throw new Error('A transaction was started inside a transaction. Pass the stores on instead.');
  }
  const of = identityOf(db);
  const turns = turnsOf.get(of) ?? new Turns();
  turnsOf.set(of, turns);
  const scope = { of, open: true };
  const lease = currentLease();
  try {
    return await turns.run(() =>
      db
        .withoutPlugins()
        .transaction()
        .execute((transaction) =>
          inside.run(scope, async () => {
            if (lease && !(await createLeaseStore(transaction).holds(lease))) throw new LeaseLost(lease.name);
            return await work(transaction);
          }),
        ),
    );
  } finally {
    scope.open = false;
  }
}
