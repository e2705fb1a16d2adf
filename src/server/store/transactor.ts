import { AsyncLocalStorage } from 'node:async_hooks';
import type { Kysely, KyselyPlugin } from 'kysely';
import type { Connection } from './database.ts';
import type { Schema } from './schema.ts';

/** All stores of one room: inside a transaction they commit together, `stores` outside reads what is committed. */
export interface Transactor<S> {
  /**
   * Runs the work in one transaction; it is rolled back when the work throws. Do no network calls inside:
   * SQLite lets one transaction run at a time.
   */
  transaction<T>(work: (stores: S) => Promise<T>): Promise<T>;
  /** For reads outside a transaction, and single writes. */
  stores: S;
}

/** SQLite has one connection: waiting for it from within its own transaction would wait for ever, so it is an error. */
function refuseInside(current: AsyncLocalStorage<{ open: boolean }>): KyselyPlugin {
  return {
    transformQuery({ node }) {
      if (current.getStore()?.open) {
        throw new Error(
          'transactor.stores was used inside a transaction. Use the stores that transaction() hands to its work.',
        );
      }
      return node;
    },
    transformResult: async ({ result }) => result,
  };
}

/**
 * @param db the database
 * @param createStores builds the stores over the database or over one transaction
 */
export function createTransactor<S>(
  db: Kysely<Schema>,
  createStores: (connection: Connection) => S,
): Transactor<S> {
  const current = new AsyncLocalStorage<{ open: boolean }>();
  return {
    stores: createStores(db.withPlugin(refuseInside(current))),
    async transaction(work) {
      if (current.getStore()?.open) {
        throw new Error('A transaction was started inside a transaction. Pass the stores on instead.');
      }
      const scope = { open: true };
      try {
        return await db
          .transaction()
          .execute((transaction) => current.run(scope, () => work(createStores(transaction))));
      } finally {
        scope.open = false;
      }
    },
  };
}
