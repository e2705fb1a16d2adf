import type { ColumnDataType, Expression, Kysely } from 'kysely';
import { PostgresAdapter, sql } from 'kysely';

/** Whether statements of this connection go to PostgreSQL; else they go to SQLite. */
export function isPostgres(connection: Pick<Kysely<unknown>, 'getExecutor'>): boolean {
  return connection.getExecutor().adapter instanceof PostgresAdapter;
}

/** The two types of column that there are. */
export interface ColumnTypes {
  /** Compared byte by byte on both databases, whatever the locale: sortable ids and times depend on it. */
  text: ColumnDataType | Expression<unknown>;
  /** 64 bits on both: Gitea's ids have as many. */
  integer: ColumnDataType;
}

/** What a migration calls its columns' types. */
export function columnTypes(connection: Kysely<unknown>): ColumnTypes {
  return isPostgres(connection)
    ? { text: sql`text collate "C"`, integer: 'bigint' }
    : { text: 'text', integer: 'integer' };
}
