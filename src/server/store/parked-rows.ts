import type { Selectable } from 'kysely';
import { sql } from 'kysely';
import type { OutboxItem, OutboxMessage, OutboxStore, ParkedMessage } from '../outbox/ports.ts';
import type { Connection } from './database.ts';
import type { OutboxRow } from './schema.ts';

/** A row of the outbox as administrators see it. */
export function toParked(row: Selectable<OutboxRow>): ParkedMessage {
  return {
    id: row.id,
    topic: row.topic as OutboxItem['topic'],
    key: row.key,
    payload: JSON.parse(row.payload) as OutboxMessage['payload'],
    attempts: row.attempts,
    refusals: row.refusals,
    reason: row.last_error ?? '',
    createdAt: row.created_at,
    parkedAt: row.done_at ?? row.created_at,
  };
}

/** What was given up on, as the outbox table has it. See the port for what each method promises. */
export function parkedRows(
  connection: Connection,
): Pick<OutboxStore, 'parked' | 'findParked' | 'countParked'> {
  // As a literal: a partial index serves no query that has it as a parameter.
  const all = connection.selectFrom('outbox').where('state', '=', sql.lit('parked'));
  const of = (repositories: readonly number[] | 'all') =>
    repositories === 'all'
      ? all
      : all.where(({ or, eb }) => or(repositories.map((id) => eb('repository_id', '=', id))));

  return {
    async parked(repositories, limit) {
      const rows = await of(repositories)
        .selectAll()
        .orderBy('done_at', 'desc')
        .orderBy('id', 'desc')
        .limit(limit)
        .execute();
      return rows.map(toParked);
    },

    async findParked(id) {
      const row = await all.selectAll().where('id', '=', id).executeTakeFirst();
      return row === undefined ? null : toParked(row);
    },

    async countParked(repositories) {
      const { rows } = await of(repositories)
        .select(({ fn }) => fn.countAll<number | string>().as('rows'))
        .executeTakeFirstOrThrow();
      return Number(rows);
    },
  };
}
