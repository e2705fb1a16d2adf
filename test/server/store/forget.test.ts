import { describe, expect, test } from 'vitest';
import { firstIdAt } from '../../../src/server/store/sortable-id.ts';
import { openStore } from './open-store.ts';
import { databases } from './test-database.ts';

const day = 24 * 3_600_000;
const now = Date.parse('2026-03-01T10:00:00.000Z');
const ago = (days: number) => new Date(now - days * day);
/** As if it had been made so many days ago: those of one process only grow. */
const idOf = (days: number) => `${firstIdAt(ago(days))}00000000000`;
const before = ago(30);

describe.each(databases)('what is old, on %s', (database) => {
  test('of deliveries that were processed the body goes; what they said stays known', async () => {
    const { db, stores } = await openStore(database);
    const { deliveries } = stores;
    const add = async (uuid: string, days: number, state: 'received' | 'processed' | 'failed') => {
      const delivery = {
        uuid,
        event: 'push',
        eventType: 'push',
        repositoryId: 1,
        body: '{"ref":"refs/heads/main"}',
        receivedAt: ago(days).toISOString(),
        contentKey: uuid,
      };
      const isNew = await deliveries.add(delivery);
      const changed = { id: idOf(days), state };
      if (isNew) await db.updateTable('deliveries').set(changed).where('uuid', '=', uuid).execute();
      return isNew;
    };
    // Each id is a moment's: ids of one process only grow.
    await add('old and failed', 40, 'failed');
    await add('old', 39, 'processed');
    await add('old and waiting', 38, 'received');
    await add('older than a month', 31, 'processed');
    await add('young', 29, 'processed');

    const looked: string[] = [];
    for (let after: string | null = ''; after !== null; ) {
      after = await deliveries.forget({ before, after, limit: 2 });
      if (after !== null) looked.push(after);
    }
    expect(looked.length).toBe(2);
    const rows = await db.selectFrom('deliveries').select(['uuid', 'body']).orderBy('id').execute();
    expect(rows.filter(({ body }) => body === '').map(({ uuid }) => uuid)).toEqual([
      'old',
      'older than a month',
    ]);
    expect(rows.length).toBe(5);
    expect(await add('old', 0, 'received')).toBe(false);
    expect(await deliveries.known('old')).toBe(true);
  });

  test('of outgoing messages all but the newest of a key go, and what waits or is parked stays', async () => {
    let days = 50;
    const { db, stores } = await openStore(database, () => ago(days));
    const { outbox } = stores;
    const say = async (key: string, value: number, state: 'pending' | 'done' | 'superseded' | 'parked') => {
      days -= 1;
      await outbox.enqueue({ topic: 'report', key, payload: { repository: 1, value } });
      const newest = await db
        .selectFrom('outbox')
        .select('id')
        .where('key', '=', key)
        .orderBy('created_at', 'desc')
        .limit(1)
        .executeTakeFirstOrThrow();
      const changed = { id: idOf(days), state };
      await db.updateTable('outbox').set(changed).where('id', '=', newest.id).execute();
    };
    await say('said once', 1, 'done');
    await say('said again', 2, 'done');
    await say('said again', 3, 'superseded');
    await say('said again', 4, 'done');
    await say('given up on', 5, 'parked');
    await db
      .updateTable('outbox')
      .set({ key: 'given up on, and' })
      .where('key', '=', 'given up on')
      .execute();
    await say('waits', 6, 'pending');
    days = 21;
    await say('said again', 7, 'done');

    expect(await outbox.forget({ before, after: '', limit: 100 })).not.toBeNull();
    const rows = await db.selectFrom('outbox').select(['payload']).orderBy('id').execute();
    expect(rows.map(({ payload }) => (JSON.parse(payload) as { value: number }).value)).toEqual([1, 5, 6, 7]);
    expect(await outbox.newest('said again')).toMatchObject({ state: 'done', payload: { value: 7 } });
    expect(await outbox.newest('said once')).toMatchObject({ state: 'done' });
  });
});
