import { describe, expect, test } from 'vitest';
import type { OutboxTopic } from '../../../src/server/outbox/ports.ts';
import { openStore } from './open-store.ts';
import { databases } from './test-database.ts';

const at = '2026-01-05T08:00:00.000Z';

describe.each(databases)('the outbox on %s', (database) => {
  async function opened() {
    const { db, transactor, stores } = await openStore(database);
    const { outbox } = stores;
    const enqueue = (topic: OutboxTopic, key: string, value: number, repository = 1) =>
      transactor.transaction(
        async (all) => await all.outbox.enqueue({ topic, key, payload: { repository, value } }),
      );
    const due = async (
      now = at,
      limit = 100,
      topics?: readonly OutboxTopic[],
      page?: { after?: string; except?: readonly number[] },
    ) => await outbox.due(now, limit, topics, page);
    const values = async () => (await due()).map(({ payload }) => payload.value);
    return { db, outbox, enqueue, due, values };
  }

  test('keeps the rows of a key in the order of their commits, though the clock was set back', async () => {
    const { db, outbox, enqueue, due } = await opened();
    await enqueue('promote', 'promote:1:1', 1);
    // An id begins with its time: this one was made by a backend whose clock is years ahead.
    const [first] = await due();
    await db
      .updateTable('outbox')
      .set({ id: `2${first?.id.slice(1)}` })
      .execute();
    for (const value of [2, 3, 4]) await enqueue('promote', 'promote:1:1', value);
    expect(await outbox.last('promote:1:1')).toMatchObject({ value: 4 });
    const order: unknown[] = [];
    for (let [item] = await due(); item; [item] = await due()) {
      order.push(item.payload.value);
      await outbox.done(item.id, at);
    }
    expect(order).toEqual([1, 2, 3, 4]);
  });

  test('a new row is due on every clock, one that failed when its time has come or the clock was set back', async () => {
    const { outbox, enqueue, due } = await opened();
    await enqueue('report', 'k', 1);
    const [item] = await due('1999-01-01T00:00:00.000Z');
    await outbox.retryLater(item?.id ?? '', '2026-01-05T08:04:00.000Z', 'down', false);
    expect(await due('2026-01-05T08:03:59.999Z')).toEqual([]);
    expect(await outbox.nextDue('2026-01-05T08:03:59.999Z')).toBe('2026-01-05T08:04:00.000Z');
    expect(await due('2026-01-05T08:04:00.000Z')).toMatchObject([{ attempts: 1 }]);
    expect(await due('2026-01-05T07:54:00.000Z')).toMatchObject([{ attempts: 1, refusals: 0 }]);
    await outbox.retryLater(item?.id ?? '', at, 'not allowed', true);
    expect(await due(at)).toMatchObject([{ attempts: 2, refusals: 1 }]);
  });

  test('gives pages of the topics that are asked for, of each key the oldest row', async () => {
    const { enqueue, due } = await opened();
    for (const key of ['a', 'b', 'c']) {
      await enqueue('upload', key, 1);
      await enqueue('cancel', key, 2);
    }
    await enqueue('status', 'd', 3);
    const topics = ['upload', 'cancel'] as const;
    const page = await due(at, 2, topics);
    expect(page.map(({ key, topic }) => [key, topic])).toEqual([
      ['a', 'upload'],
      ['b', 'upload'],
    ]);
    expect((await due(at, 2, topics, { after: page[1]?.id ?? '' })).map(({ key }) => key)).toEqual(['c']);
    expect((await due(at, 2, ['cancel'])).map(({ key }) => key)).toEqual([]);
  });

  test('leaves out the repositories that it is told to, so that their rows fill no page', async () => {
    const { enqueue, due } = await opened();
    for (const [run, repository] of [1, 2, 1, 3, 1, 12].entries())
      await enqueue('submit', `run:${run}`, run, repository);
    const repositories = async (limit: number, page: { after?: string; except: number[] }) =>
      (await due(at, limit, ['submit'], page)).map(({ payload }) => payload.repository);
    expect(await repositories(2, { except: [1] })).toEqual([2, 3]);
    expect(await repositories(9, { except: [1, 2] })).toEqual([3, 12]);
    const [first] = await due(at, 1);
    expect(await repositories(9, { after: first?.id ?? '', except: [2] })).toEqual([1, 3, 1, 12]);
    expect(await repositories(9, { except: [] })).toEqual([1, 2, 1, 3, 1, 12]);
  });

  test('leaves repositories out whatever the others say, be it a character that PostgreSQL does not know', async () => {
    const { outbox, due } = await opened();
    const payload = { repository: 8, description: 'a\0b' };
    await outbox.enqueue({ topic: 'status', key: 'status:8:a', payload });
    const rows = await due(at, 10, ['status'], { except: [9] });
    expect(rows.map((row) => row.payload)).toEqual([payload]);
  });

  test('withdraws what waits and what was parked, of the topics that are named', async () => {
    const { outbox, enqueue, due } = await opened();
    await enqueue('upload', 'run:1', 1);
    await enqueue('submit', 'run:1', 2);
    await enqueue('cancel', 'run:1', 3);
    await enqueue('upload', 'run:2', 4);
    const [upload] = await due();
    await outbox.park(upload?.id ?? '', at, 'never');
    expect(await outbox.withdraw('run:1', ['upload', 'submit'], at)).toBe(2);
    expect((await due()).map(({ key, topic }) => [key, topic])).toEqual([
      ['run:1', 'cancel'],
      ['run:2', 'upload'],
    ]);
    expect(await outbox.counts()).toEqual({ pending: 2, parked: 0 });
  });

  test('lists what is parked, newest first, and gives it back once', async () => {
    const { outbox, enqueue, due, values } = await opened();
    for (const [value, repository] of [
      [1, 8],
      [2, 9],
    ] as const) {
      await enqueue('promote', `promote:${repository}:1`, value, repository);
      const [item] = await due();
      await outbox.park(item?.id ?? '', `2026-01-05T08:00:0${value}.000Z`, `refused ${value}`);
    }
    const all = await outbox.parked('all', 10);
    expect(all.map(({ reason, attempts, payload }) => [reason, attempts, payload.repository])).toEqual([
      ['refused 2', 1, 9],
      ['refused 1', 1, 8],
    ]);
    expect(await outbox.parked([8], 10)).toEqual([all[1]]);
    expect(await outbox.parked('all', 1)).toEqual([all[0]]);
    expect(await values()).toEqual([]);
    expect(await outbox.retry(all[1]?.id ?? '', at)).toEqual(all[1]);
    expect(await outbox.retry(all[1]?.id ?? '', at)).toBeNull();
    expect(await outbox.retry('unknown', at)).toBeNull();
    expect(await due()).toMatchObject([{ key: 'promote:8:1', attempts: 0 }]);
    expect(await outbox.counts()).toEqual({ pending: 1, parked: 1 });
  });

  test('a parked status leaves the list when a newer one comes, even where it was parked by an earlier version', async () => {
    const { db, outbox, enqueue, due, values } = await opened();
    await enqueue('status', 'k', 1);
    const [item] = await due();
    await outbox.park(item?.id ?? '', at, 'refused');
    await enqueue('status', 'k', 2);
    expect(await outbox.parked('all', 10)).toEqual([]);
    await db
      .updateTable('outbox')
      .set({ state: 'parked' })
      .where('id', '=', item?.id ?? '')
      .execute();
    expect(await outbox.retry(item?.id ?? '', at)).toBeNull();
    expect(await values()).toEqual([2]);
    expect(await outbox.parked('all', 10)).toEqual([]);
  });
});
