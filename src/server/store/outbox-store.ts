import type { OutboxItem, OutboxStore } from '../outbox/ports.ts';
import { newestWins } from '../outbox/ports.ts';
import type { Connection } from './database.ts';
import { sortableId } from './sortable-id.ts';

/** The outbox table. See the port for what each method promises. */
export function createOutboxStore(connection: Connection, now: () => Date = () => new Date()): OutboxStore {
  return {
    async enqueue({ topic, key, payload }) {
      const at = now().toISOString();
      const text = JSON.stringify(payload);
      if (topic === 'status') {
        // Saying the same again would only add a row to Gitea's list of statuses.
        const last = await connection
          .selectFrom('outbox')
          .select(['state', 'payload'])
          .where('key', '=', key)
          .where('state', 'in', ['pending', 'done'])
          .orderBy('id', 'desc')
          .limit(1)
          .executeTakeFirst();
        if (last?.payload === text) return;
      }
      if (newestWins.has(topic)) {
        await connection
          .updateTable('outbox')
          .set({ state: 'superseded', done_at: at })
          .where('key', '=', key)
          .where('topic', '=', topic)
          .where('state', '=', 'pending')
          .execute();
      }
      await connection
        .insertInto('outbox')
        .values({
          id: sortableId(),
          topic,
          key,
          payload: text,
          state: 'pending',
          attempts: 0,
          next_attempt_at: at,
          last_error: null,
          created_at: at,
          done_at: null,
        })
        .execute();
    },

    async last(key) {
      const row = await connection
        .selectFrom('outbox')
        .select('payload')
        .where('key', '=', key)
        .orderBy('id', 'desc')
        .limit(1)
        .executeTakeFirst();
      return row ? (JSON.parse(row.payload) as Record<string, unknown>) : null;
    },

    async due(at, limit) {
      const rows = await connection
        .selectFrom('outbox as item')
        .select(['item.id', 'item.topic', 'item.key', 'item.payload', 'item.attempts'])
        .where('item.state', '=', 'pending')
        .where('item.next_attempt_at', '<=', at)
        .where(({ not, exists, selectFrom }) =>
          not(
            exists(
              selectFrom('outbox as earlier')
                .select('earlier.id')
                .whereRef('earlier.key', '=', 'item.key')
                .where('earlier.state', '=', 'pending')
                .whereRef('earlier.id', '<', 'item.id'),
            ),
          ),
        )
        .orderBy('item.id')
        .limit(limit)
        .execute();
      return rows.map((row) => ({
        id: row.id,
        topic: row.topic as OutboxItem['topic'],
        key: row.key,
        payload: JSON.parse(row.payload) as Record<string, unknown>,
        attempts: row.attempts,
      }));
    },

    async nextDue(at) {
      const row = await connection
        .selectFrom('outbox')
        .select('next_attempt_at')
        .where('state', '=', 'pending')
        .where('next_attempt_at', '>', at)
        .orderBy('next_attempt_at')
        .limit(1)
        .executeTakeFirst();
      return row?.next_attempt_at ?? null;
    },

    async done(id, at) {
      await connection
        .updateTable('outbox')
        .set({ state: 'done', done_at: at, last_error: null })
        .where('id', '=', id)
        .where('state', '=', 'pending')
        .execute();
    },

    async retryLater(id, nextAttemptAt, error) {
      await connection
        .updateTable('outbox')
        .set((column) => ({
          attempts: column('attempts', '+', 1),
          next_attempt_at: nextAttemptAt,
          last_error: error,
        }))
        .where('id', '=', id)
        .where('state', '=', 'pending')
        .execute();
    },

    async postpone(id, nextAttemptAt) {
      await connection
        .updateTable('outbox')
        .set({ next_attempt_at: nextAttemptAt })
        .where('id', '=', id)
        .where('state', '=', 'pending')
        .execute();
    },

    async park(id, error) {
      await connection
        .updateTable('outbox')
        .set((column) => ({ state: 'parked', attempts: column('attempts', '+', 1), last_error: error }))
        .where('id', '=', id)
        .where('state', '=', 'pending')
        .execute();
    },

    async counts() {
      const rows = await connection
        .selectFrom('outbox')
        .select(['state', ({ fn }) => fn.countAll<number | string>().as('rows')])
        .where('state', 'in', ['pending', 'parked'])
        .groupBy('state')
        .execute();
      const count = (state: string) => Number(rows.find((row) => row.state === state)?.rows ?? 0);
      return { pending: count('pending'), parked: count('parked') };
    },
  };
}
