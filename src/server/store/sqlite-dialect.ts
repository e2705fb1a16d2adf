import { closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type {
  DatabaseConnection,
  Dialect,
  Driver,
  SqliteDatabase,
  SqliteDialectConfig,
  SqliteStatement,
} from 'kysely';
import { CompiledQuery, SqliteAdapter, SqliteDialect, SqliteDriver } from 'kysely';
import { storable } from './storable.ts';
import { ofSqlite } from './store-unavailable.ts';

/** SQLite runs data definition inside transactions; saying so keeps a failed migration from leaving half a schema. */
class TransactionalSqliteAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

/**
 * Transactions take the write lock when they begin: one that has read before it writes would fail at once when a
 * command (`keys rotate`) has written in between, instead of waiting for it.
 */
class ImmediateSqliteDriver extends SqliteDriver {
  readonly #isOpen: () => boolean;

  constructor(config: SqliteDialectConfig, isOpen: () => boolean) {
    super(config);
    this.#isOpen = isOpen;
  }

  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'));
  }

  /** A full disk has ended the transaction already (https://sqlite.org/lang_transaction.html): that is the fault to tell. */
  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    if (this.#isOpen()) await super.rollbackTransaction(connection);
  }
}

class NodeSqliteDialect extends SqliteDialect {
  readonly #driver: Driver;

  constructor(config: SqliteDialectConfig, isOpen: () => boolean) {
    super(config);
    this.#driver = new ImmediateSqliteDriver(config, isOpen);
  }

  override createDriver(): Driver {
    return this.#driver;
  }

  override createAdapter(): SqliteAdapter {
    return new TransactionalSqliteAdapter();
  }
}

/** Statements that are kept ready: preparing takes longer than most of them run. */
const mostPrepared = 500;

type SqlValue = null | number | bigint | string | Uint8Array;

function sqlValue(value: unknown): SqlValue {
  const plain = storable(value);
  return typeof plain === 'boolean' ? Number(plain) : (plain as SqlValue);
}

function told<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw ofSqlite(error);
  }
}

function* toldEach(rows: () => Iterable<unknown>): IterableIterator<unknown> {
  try {
    yield* rows();
  } catch (error) {
    throw ofSqlite(error);
  }
}

/**
 * SQLite by Node's own module.
 *
 * @param path file, made (mode 600) where it is missing; or `:memory:`
 */
export function sqliteDialect(path: string): Dialect {
  let opened: DatabaseSync | undefined;
  const open = (): SqliteDatabase => {
    // It holds sealed tokens: nobody else on the machine needs to read it; -wal and -shm follow its mode.
    if (path !== ':memory:') closeSync(openSync(path, 'a', 0o600));
    const database = new DatabaseSync(path, { timeout: 5_000 });
    opened = database;
    database.exec(
      'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON;',
    );
    const prepared = new Map<string, SqliteStatement>();
    const prepare = (sql: string): SqliteStatement => {
      const statement = database.prepare(sql);
      return {
        reader: statement.columns().length > 0,
        all: (parameters) => told(() => statement.all(...parameters.map(sqlValue))),
        run: (parameters) => told(() => statement.run(...parameters.map(sqlValue))),
        // One of its own: the same text may be asked again while rows are still read.
        iterate: (parameters) => toldEach(() => database.prepare(sql).iterate(...parameters.map(sqlValue))),
      };
    };
    return {
      close: () => database.close(),
      prepare(sql) {
        const known = prepared.get(sql) ?? told(() => prepare(sql));
        // Used last, forgotten last.
        prepared.delete(sql);
        prepared.set(sql, known);
        const [oldest] = prepared.keys();
        if (prepared.size > mostPrepared && oldest !== undefined) prepared.delete(oldest);
        return known;
      },
    };
  };
  return new NodeSqliteDialect({ database: async () => told(open) }, () => opened?.isTransaction === true);
}
