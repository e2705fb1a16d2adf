import type { Kysely, KyselyPlugin } from 'kysely';
import { currentLease } from '../duty/lease.ts';
import type { Connection } from './database.ts';
import type { Schema } from './schema.ts';
import { isInsideTransaction, serialTransaction } from './serial-transaction.ts';

/** All stores of one room: inside a transaction they commit together, `stores` outside reads what is committed. */
export interface Transactor<S> {
  /**
   * Runs the work in one transaction; it is rolled back when the work throws. Do no network calls inside: one
   * transaction runs at a time, on all replicas together. Under a lease it is refused (`LeaseLost`) once somebody else
   * has taken that.
   */
  transaction<T>(work: (stores: S) => Promise<T>): Promise<T>;
  /** For reads outside a transaction, and, where no lease is held, single writes. */
  stores: S;
}

const writing: ReadonlySet<string> = new Set([
  'InsertQueryNode',
  'UpdateQueryNode',
  'DeleteQueryNode',
  'MergeQueryNode',
]);

/**
 * What the stores outside a transaction may not do. SQLite has one connection: waiting for it from within its own
 * transaction would wait for ever. And a write of a duty that is not in a transaction is not fenced by its lease.
 */
function refuseOutside(db: Kysely<Schema>): KyselyPlugin {
  return {
    transformQuery({ node }) {
      if (isInsideTransaction(db)) {
        throw new Error(
          'transactor.stores was used inside a transaction. Use the stores that transaction() hands to its work.',
        );
      }
      const lease = currentLease();
      if (lease && writing.has(node.kind)) {
        throw new Error(
          `transactor.stores was written to under the lease "${lease.name}", which would not keep a former holder from it. Use transactor.transaction().`,
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
  return {
    stores: createStores(db.withPlugin(refuseOutside(db))),
    transaction: (work) => serialTransaction(db, (transaction) => work(createStores(transaction))),
  };
}
