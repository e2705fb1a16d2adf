import type { ExpressionBuilder } from 'kysely';
import { atOnce, beyondAnyPause } from '../outbox/due.ts';
import type { DeliveryStore } from '../webhook/ports.ts';
import type { Connection } from './database.ts';
import { oldIds } from './old-ids.ts';
import type { Schema } from './schema.ts';
import { sortableId } from './sortable-id.ts';

/** Its time has come, or the clock was set back since it was planned. */
const isDue =
  (now: string) =>
  ({ or, eb }: ExpressionBuilder<Schema, 'deliveries'>) =>
    or([eb('next_attempt_at', '<=', now), eb('next_attempt_at', '>', beyondAnyPause(now))]);

/** The deliveries table. See the port for what each method promises. */
export function createDeliveryStore(connection: Connection): DeliveryStore {
  return {
    async add(delivery) {
      const known = await connection
        .selectFrom('deliveries')
        .select('id')
        .where(({ or, eb }) =>
          or([eb('content_key', '=', delivery.contentKey), eb('uuid', '=', delivery.uuid)]),
        )
        .executeTakeFirst();
      if (known) return false;
      const inserted = await connection
        .insertInto('deliveries')
        .values({
          id: sortableId(),
          uuid: delivery.uuid,
          event: delivery.event,
          event_type: delivery.eventType,
          repository_id: delivery.repositoryId,
          content_key: delivery.contentKey,
          body: delivery.body,
          received_at: delivery.receivedAt,
          state: 'received',
          outcome: null,
          attempts: 0,
          next_attempt_at: atOnce,
          processed_at: null,
        })
        .onConflict((conflict) => conflict.column('content_key').doNothing())
        .returning('id')
        .executeTakeFirst();
      return inserted !== undefined;
    },

    async known(contentKey) {
      const row = await connection
        .selectFrom('deliveries')
        .select('id')
        .where('content_key', '=', contentKey)
        .where('state', '!=', 'failed')
        .executeTakeFirst();
      return row !== undefined;
    },

    async waiting(now) {
      const rows = await connection
        .selectFrom('deliveries')
        .select(({ fn }) => ['repository_id', fn.min('id').as('id')])
        .where('state', '=', 'received')
        .where(isDue(now))
        .groupBy('repository_id')
        .execute();
      return rows.map((row) => ({ repositoryId: row.repository_id, id: row.id }));
    },

    async due(repositoryId, now, limit) {
      const rows = await connection
        .selectFrom('deliveries')
        .select(['id', 'uuid', 'event', 'event_type', 'repository_id', 'body', 'attempts', 'received_at'])
        .where('repository_id', '=', repositoryId)
        .where('state', '=', 'received')
        .where(isDue(now))
        .orderBy('id')
        .limit(limit)
        .execute();
      return rows.map((row) => ({
        id: row.id,
        uuid: row.uuid,
        event: row.event,
        eventType: row.event_type,
        repositoryId: row.repository_id,
        body: row.body,
        attempts: row.attempts,
        receivedAt: row.received_at,
      }));
    },

    async nextDue(now) {
      const row = await connection
        .selectFrom('deliveries')
        .select('next_attempt_at')
        .where('state', '=', 'received')
        .where('next_attempt_at', '>', now)
        .orderBy('next_attempt_at')
        .limit(1)
        .executeTakeFirst();
      return row?.next_attempt_at ?? null;
    },

    async counts() {
      const { waiting, oldest } = await connection
        .selectFrom('deliveries')
        .select(({ fn }) => [
          fn.countAll<number | string>().as('waiting'),
          fn.min('received_at').as('oldest'),
        ])
        .where('state', '=', 'received')
        .executeTakeFirstOrThrow();
      return { waiting: Number(waiting), oldest };
    },

    async processed(id, outcome, now) {
      await connection
        .updateTable('deliveries')
        .set({ state: 'processed', outcome, processed_at: now, next_attempt_at: null })
        .where('id', '=', id)
        .execute();
    },

    async retryLater(id, nextAttemptAt, reason) {
      await connection
        .updateTable('deliveries')
        .set((column) => ({
          attempts: column('attempts', '+', 1),
          next_attempt_at: nextAttemptAt,
          outcome: reason,
        }))
        .where('id', '=', id)
        .execute();
    },

    async forget(page) {
      const ids = await oldIds(connection, 'deliveries', page);
      if (ids.length > 0)
        await connection
          .updateTable('deliveries')
          .set({ body: '' })
          .where('id', 'in', ids)
          .where('state', '=', 'processed')
          .where('body', '!=', '')
          .execute();
      return ids.at(-1) ?? null;
    },

    async failed(id, reason, now) {
      await connection
        .updateTable('deliveries')
        .set((column) => ({
          attempts: column('attempts', '+', 1),
          state: 'failed' as const,
          outcome: reason,
          processed_at: now,
          next_attempt_at: null,
        }))
        .where('id', '=', id)
        .execute();
    },
  };
}
