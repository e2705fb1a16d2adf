import { sql } from 'kysely';
import type { LeaseStore } from '../duty/lease.ts';
import { isPostgres } from './column-types.ts';
import type { Connection } from './database.ts';

/**
 * Leases in the database. On PostgreSQL its clock alone says what has run out. On SQLite one process at a time serves
 * (see serving-lock.ts), so that whoever had a lease before is gone.
 */
export function createLeaseStore(connection: Connection): LeaseStore {
  const shared = isPostgres(connection);
  // The time of the look itself, not of the transaction's begin.
  const now = shared
    ? sql<number>`(extract(epoch from clock_timestamp()) * 1000)::bigint`
    : sql<number>`cast(unixepoch('subsec') * 1000 as integer)`;

  return {
    async acquire(name, holder, ttlMs) {
      const row = await connection
        .insertInto('leases')
        .values({ name, holder, token: 1, expires_at: sql<number>`${now} + ${ttlMs}` })
        .onConflict((conflict) => {
          const taken = conflict.column('name').doUpdateSet({
            holder,
            token: sql<number>`case when leases.holder = ${holder} then leases.token else leases.token + 1 end`,
            expires_at: sql<number>`${now} + ${ttlMs}`,
          });
          return shared
            ? taken.where(
                sql<boolean>`leases.holder = ${holder} or leases.holder is null or leases.expires_at <= ${now}`,
              )
            : taken;
        })
        .returning('token')
        .executeTakeFirst();
      return row ? { name, holder, token: row.token } : null;
    },

    async renew({ name, holder, token }, ttlMs) {
      const row = await connection
        .updateTable('leases')
        .set({ expires_at: sql<number>`${now} + ${ttlMs}` })
        .where('name', '=', name)
        .where('holder', '=', holder)
        .where('token', '=', token)
        .returning('name')
        .executeTakeFirst();
      return row !== undefined;
    },

    async release({ name, holder, token }) {
      // The row stays: its token must grow with the next holder, too.
      await connection
        .updateTable('leases')
        .set({ holder: null, expires_at: 0 })
        .where('name', '=', name)
        .where('holder', '=', holder)
        .where('token', '=', token)
        .execute();
    },

    async holds({ name, holder, token }) {
      const row = await connection
        .selectFrom('leases')
        .select('name')
        .where('name', '=', name)
        .where('holder', '=', holder)
        .where('token', '=', token)
        // Whoever takes the lease waits until the transaction has ended.
        .$if(shared && connection.isTransaction, (query) => query.forShare())
        .executeTakeFirst();
      return row !== undefined;
    },

    async all() {
      const rows = await connection
        .selectFrom('leases')
        .selectAll()
        .select(sql<boolean | number>`expires_at <= ${now}`.as('expired'))
        .where('holder', 'is not', null)
        .orderBy('name')
        .execute();
      return rows.map((row) => ({
        name: row.name,
        holder: row.holder as string,
        token: row.token,
        expiresAt: new Date(row.expires_at).toISOString(),
        expired: Boolean(row.expired),
      }));
    },
  };
}
