import type {
  DatabaseConnection,
  Dialect,
  Driver,
  PostgresPool,
  PostgresPoolClient,
  TransactionSettings,
} from 'kysely';
import { CompiledQuery, PostgresDialect, PostgresDriver } from 'kysely';
import type { ClientConfig, PoolClient } from 'pg';
import pg from 'pg';
import type { PostgresConfiguration } from '../config/server-configuration.ts';
import { StoreUnavailable } from '../duty/interruption.ts';
import { storable } from './storable.ts';
import { ofPostgres } from './store-unavailable.ts';

/** Time limits of PostgreSQL connections, milliseconds. */
export const limits = {
  connect: 5_000,
  /** A process that was stopped in a transaction must not keep the others from writing for longer. */
  idleInTransaction: 10_000,
  /** More than the limit above, for this is how long others wait for the lock. */
  statement: 30_000,
  /** On our side, for a server that went away without a word. */
  answer: 35_000,
};

/** At most so many connections of one process, beside the one that listens. */
const connections = 10;

/** Of the lock that makes transactions serial, as SQLite's are; any number that others of this database do not use. */
const serialLock = '7021996423571138';

const int8 = 20;

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError('The database holds a whole number beyond 2^53.');
  return value;
}

/** How a client of `pg` reaches the database. */
export function clientConfig({ tls, ...reached }: PostgresConfiguration): ClientConfig {
  const ssl =
    tls === 'none'
      ? false
      : tls === 'unverified'
        ? { rejectUnauthorized: false }
        : { rejectUnauthorized: true, ...(tls.ca === null ? {} : { ca: tls.ca }) };
  return {
    ...reached,
    ssl,
    application_name: 'gitea-databricks',
    connectionTimeoutMillis: limits.connect,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    types: {
      // Counts and ids come as text by default.
      getTypeParser: ((oid: number, format?: 'text') =>
        oid === int8 && format !== ('binary' as string)
          ? wholeNumber
          : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
    },
  };
}

/** A connection out of the pool that tells what a fault is, and is not used again after it was lost. */
function guarded(client: PoolClient): PostgresPoolClient {
  let broken = false;
  async function query(sql: string, parameters: readonly unknown[]) {
    if (broken) throw new StoreUnavailable('the connection was lost', { cause: null });
    try {
      return await client.query(sql, parameters.map(storable));
    } catch (error) {
      // A statement without an answer may still get one: what came next would wait for it.
      broken = !(error instanceof pg.DatabaseError);
      throw ofPostgres(error);
    }
  }
  const release = (destroy?: boolean) => client.release(destroy === true || broken);
  return { query, release } as unknown as PostgresPoolClient;
}

function poolOf(configuration: PostgresConfiguration, purpose: 'serving' | 'migrating'): PostgresPool {
  const serving = {
    max: connections,
    statement_timeout: limits.statement,
    idle_in_transaction_session_timeout: limits.idleInTransaction,
    query_timeout: limits.answer,
  };
  // A migration waits for another process's, and may take its time.
  const pool = new pg.Pool({
    ...clientConfig(configuration),
    ...(purpose === 'serving' ? serving : { max: 1 }),
  });
  // A lost connection that nobody uses is no fault: the pool makes another. Unheard, it would end the process.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  return {
    options: {},
    async connect() {
      try {
        return guarded(await pool.connect());
      } catch (error) {
        throw ofPostgres(error, true);
      }
    },
    end: () => pool.end(),
  };
}

class SerialPostgresDriver extends PostgresDriver {
  /** Read committed, whatever the server's default: what is read after the lock was had is the newest. */
  override async beginTransaction(
    connection: DatabaseConnection,
    settings: TransactionSettings,
  ): Promise<void> {
    if (settings.accessMode === 'read only') return await super.beginTransaction(connection, settings);
    try {
      await connection.executeQuery(
        CompiledQuery.raw(
          `begin isolation level read committed; select pg_advisory_xact_lock(${serialLock})`,
        ),
      );
    } catch (error) {
      await connection.executeQuery(CompiledQuery.raw('rollback')).catch(() => {});
      throw error;
    }
  }
}

class SerialPostgresDialect extends PostgresDialect {
  readonly #pool: PostgresPool;

  constructor(pool: PostgresPool) {
    super({ pool });
    this.#pool = pool;
  }

  override createDriver(): Driver {
    return new SerialPostgresDriver({ pool: this.#pool });
  }
}

/**
 * PostgreSQL by `pg`. Transactions of all processes run one after another, so that what reads and then writes means the
 * same as on SQLite.
 *
 * @param purpose `migrating` waits for other migrations without a limit
 */
export function postgresDialect(
  configuration: PostgresConfiguration,
  purpose: 'serving' | 'migrating' = 'serving',
): Dialect {
  return new SerialPostgresDialect(poolOf(configuration, purpose));
}
