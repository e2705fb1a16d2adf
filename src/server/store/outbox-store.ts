/** Longer than other stores because what is said when, and in which order, is one set of rules. */

import { atOnce, beyondAnyPause } from '../outbox/due.ts';
import type { OutboxItem, OutboxMessage, OutboxStore } from '../outbox/ports.ts';
import { newestWins } from '../outbox/ports.ts';
import type { Connection } from './database.ts';
import { oldIds } from './old-ids.ts';
import { parkedRows, toParked } from './parked-rows.ts';
import { sortableId, sortableIdAfter } from './sortable-id.ts';

const payloadOf = (text: string) => JSON.parse(text) as OutboxMessage['payload'];

/** The outbox table. See the port for what each method promises. */
export function createOutboxStore(connection: Connection, now: () => Date = () => new Date()): OutboxStore {
  return {
    ...parkedRows(connection),

    async enqueue({ topic, key, payload }, { again } = { again: false }) {
      const at = now().toISOString();
      const text = JSON.stringify(payload);
      const newest = await connection
        .selectFrom('outbox')
        .select('id')
        .where('key', '=', key)
        .orderBy('id', 'desc')
        .limit(1)
        .executeTakeFirst();
      if (topic === 'status') {
        // Saying the same again would only add a row to Gitea's list of statuses. What is parked was not said.
        const last = await connection
          .selectFrom('outbox')
          .select(['state', 'payload'])
          .where('key', '=', key)
          .where('state', 'in', ['pending', 'done', 'parked'])
          .orderBy('id', 'desc')
          .limit(1)
          .executeTakeFirst();
        const said = last?.state === 'done' && !again;
        if (last?.payload === text && (said || last.state === 'pending')) return;
      }
      if (newestWins.has(topic)) {
        await connection
          .updateTable('outbox')
          .set({ state: 'superseded', done_at: at })
          .where('key', '=', key)
          .where('topic', '=', topic)
          .where('state', 'in', ['pending', 'parked'])
          .execute();
      }
      await connection
        .insertInto('outbox')
        .values({
          id: newest === undefined ? sortableId() : sortableIdAfter(newest.id),
          topic,
          key,
          payload: text,
          repository_id: payload.repository,
          state: 'pending',
          attempts: 0,
          refusals: 0,
          next_attempt_at: atOnce,
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

    async newest(key) {
      const row = await connection
        .selectFrom('outbox')
        .select(['payload', 'state'])
        .where('key', '=', key)
        .orderBy('id', 'desc')
        .limit(1)
        .executeTakeFirst();
      return row ? { payload: payloadOf(row.payload), state: row.state } : null;
    },

    async due(at, limit, topics, { after, except = [] } = {}) {
      let query = connection
        .selectFrom('outbox as item')
        .select(['item.id', 'item.topic', 'item.key', 'item.payload', 'item.attempts', 'item.refusals'])
        .where('item.state', '=', 'pending')
        .where(({ or, eb }) =>
          or([eb('item.next_attempt_at', '<=', at), eb('item.next_attempt_at', '>', beyondAnyPause(at))]),
        );
      if (topics !== undefined) query = query.where('item.topic', 'in', topics);
      if (after !== undefined) query = query.where('item.id', '>', after);
      if (except.length > 0) {
        // A backend of the version before, beside this one while it is updated, writes none.
        query = query.where(({ or, eb }) =>
          or([eb('item.repository_id', 'is', null), eb('item.repository_id', 'not in', except)]),
        );
      }
      const rows = await query
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
        payload: payloadOf(row.payload),
        attempts: row.attempts,
        refusals: row.refusals,
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

    async forget(page) {
      const ids = await oldIds(connection, 'outbox', page);
      if (ids.length > 0)
        await connection
          .deleteFrom('outbox')
          .where('id', 'in', ids)
          .where('state', 'in', ['done', 'superseded'])
          .where(({ exists, selectFrom }) =>
            exists(
              selectFrom('outbox as newer')
                .select('newer.id')
                .whereRef('newer.key', '=', 'outbox.key')
                .whereRef('newer.id', '>', 'outbox.id'),
            ),
          )
          .execute();
      return ids.at(-1) ?? null;
    },

    async retryLater(id, nextAttemptAt, error, refused) {
      await connection
        .updateTable('outbox')
        .set((column) => ({
          attempts: column('attempts', '+', 1),
          refusals: column('refusals', '+', refused ? 1 : 0),
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

    async park(id, at, error) {
      await connection
        .updateTable('outbox')
        .set((column) => ({
          state: 'parked',
          attempts: column('attempts', '+', 1),
          last_error: error,
          done_at: at,
        }))
        .where('id', '=', id)
        .where('state', '=', 'pending')
        .execute();
    },

    async withdraw(key, topics, at) {
      const rows = await connection
        .updateTable('outbox')
        .set({ state: 'superseded', done_at: at })
        .where('key', '=', key)
        .where('topic', 'in', topics)
        .where('state', 'in', ['pending', 'parked'])
        .returning('id')
        .execute();
      return rows.length;
    },

    async retry(id, at) {
      const row = await connection
        .selectFrom('outbox')
        .selectAll()
        .where('id', '=', id)
        .where('state', '=', 'parked')
        .executeTakeFirst();
      if (!row) return null;
      const message = toParked(row);
      const newer = newestWins.has(message.topic)
        ? await connection
            .selectFrom('outbox')
            .select('id')
            .where('key', '=', row.key)
            .where('topic', '=', row.topic)
            .where('id', '>', id)
            .limit(1)
            .executeTakeFirst()
        : undefined;
      await connection
        .updateTable('outbox')
        .set(
          newer === undefined
            ? { state: 'pending', attempts: 0, refusals: 0, next_attempt_at: atOnce, done_at: null }
            : { state: 'superseded', done_at: at },
        )
        .where('id', '=', id)
        .where('state', '=', 'parked')
        .execute();
      return newer === undefined ? message : null;
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

    async oldestPending() {
      const { oldest } = await connection
        .selectFrom('outbox')
        .select(({ fn }) => fn.min('created_at').as('oldest'))
        .where('state', '=', 'pending')
        .executeTakeFirstOrThrow();
      return oldest;
    },
  };
}
