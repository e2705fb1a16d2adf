import { closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type {
  DatabaseConnection,
  Dialect,
  Driver,
  Kysely as KyselyType,
  SqliteDialectConfig,
  Transaction,
} from 'kysely';
import { CompiledQuery, Kysely, SqliteAdapter, SqliteDialect, SqliteDriver } from 'kysely';
import { Migrator } from 'kysely/migration';
import { initial } from './migrations/0001-initial.ts';
import { commands } from './migrations/0002-commands.ts';
import { releaseRequester } from './migrations/0004-release-requester.ts';
import type { Schema } from './schema.ts';

/** Either the database or one transaction of it: the queries of the rooms' stores take both. */
export type Connection = KyselyType<Schema> | Transaction<Schema>;

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
  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'));
  }
}

class NodeSqliteDialect extends SqliteDialect {
  readonly #config: SqliteDialectConfig;

  constructor(config: SqliteDialectConfig) {
    super(config);
    this.#config = config;
  }

  override createDriver(): Driver {
    return new ImmediateSqliteDriver(this.#config);
  }

  override createAdapter(): SqliteAdapter {
    return new TransactionalSqliteAdapter();
  }
}

type SqlValue = null | number | bigint | string | Uint8Array;

function sqlValue(value: unknown): SqlValue {
  if (value === undefined || value === null) return null;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (value instanceof Date) return value.toISOString();
  return value as SqlValue;
}

function sqliteDialect(path: string): Dialect {
  return new NodeSqliteDialect({
    database: async () => {
      // It holds sealed tokens: nobody else on the machine needs to read it; -wal and -shm follow its mode.
      if (path !== ':memory:') closeSync(openSync(path, 'a', 0o600));
      const database = new DatabaseSync(path, { timeout: 5_000 });
      database.exec(
        'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON;',
      );
      return {
        close: () => database.close(),
        prepare: (sql: string) => {
          const statement = database.prepare(sql);
          return {
            reader: statement.columns().length > 0,
            all: (parameters: readonly unknown[]) => statement.all(...parameters.map(sqlValue)),
            run: (parameters: readonly unknown[]) => statement.run(...parameters.map(sqlValue)),
            iterate: (parameters: readonly unknown[]) =>
              statement.iterate(...parameters.map(sqlValue)) as IterableIterator<unknown>,
          };
        },
      };
    },
  });
}

/**
 * Opens the database and brings its schema up to date.
 *
 * @param path file, or `:memory:` for tests
 * @throws when the file is no database, is damaged, or was written by a newer version of this product
 */
export async function openDatabase(path: string): Promise<KyselyType<Schema>> {
  const db = new Kysely<Schema>({ dialect: sqliteDialect(path) });
  const migrator = new Migrator({
    db,
    provider: {
      getMigrations: async () => ({
        '0001-initial': initial,
        '0002-commands': commands,
        '0004-release-requester': releaseRequester,
      }),
    },
  });
  const { error } = await migrator.migrateToLatest();
  if (error) {
    await db.destroy();
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(
      `The database ${path} cannot be used: ${reason}. Restore a backup, or name another file in "database".`,
      { cause: error },
    );
  }
  return db;
}
