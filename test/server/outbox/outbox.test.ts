import { describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../../src/server/duty/clock.ts';
import { backoffMs } from '../../../src/server/outbox/backoff.ts';
import type { OutboxOptions } from '../../../src/server/outbox/outbox.ts';
import { Outbox } from '../../../src/server/outbox/outbox.ts';
import type { OutboxTopic } from '../../../src/server/outbox/ports.ts';
import { Postpone } from '../../../src/server/outbox/postpone.ts';
import { openDatabase } from '../../../src/server/store/database.ts';
import { createStores } from '../../../src/server/store/stores.ts';
import { createTransactor } from '../../../src/server/store/transactor.ts';
import { testDatabase } from '../store/test-database.ts';

type Handler = (payload: Record<string, unknown>) => Promise<void>;

async function opened(handler: Handler, options: Partial<OutboxOptions> = {}) {
  const { target, drop } = await testDatabase();
  const db = await openDatabase(target);
  let skew = 0;
  const clock = () => new Date(Date.now() + skew);
  const time = { ...systemClock, now: clock };
  const transactor = createTransactor(db, (connection) => createStores(connection, clock));
  const topics: OutboxTopic[] = ['status', 'report', 'reaction', 'upload', 'submit', 'cancel', 'promote'];
  const handlers = Object.fromEntries(topics.map((topic) => [topic, handler])) as Record<
    OutboxTopic,
    Handler
  >;
  const silent = { warn() {}, error() {} };
  const make = () =>
    new Outbox({
      transactor,
      handlers,
      workspaceOf: async () => 'main',
      clock: time,
      log: silent,
      ...options,
    });
  const outboxes: Outbox[] = [];
  const start = () => {
    const outbox = make();
    outboxes.push(outbox);
    outbox.start();
    return outbox;
  };
  onTestFinished(async () => {
    for (const outbox of outboxes) await outbox.stop();
    await db.destroy();
    await drop();
  });
  const enqueue = (topic: OutboxTopic, key: string, value: number) =>
    transactor.stores.outbox.enqueue({ topic, key, payload: { repository: 1, value } });
  const states = async () => {
    const rows = await db.selectFrom('outbox').select(['state', 'attempts']).orderBy('id').execute();
    return rows.map((row) => row.state);
  };
  return {
    start,
    enqueue,
    states,
    transactor,
    /** Moves the clock and lets the outbox look. */
    pass(ms: number) {
      skew += ms;
      for (const outbox of outboxes) outbox.wake();
    },
  };
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let left = 500; left > 0; left -= 1) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('did not happen');
}

describe('the outbox', () => {
  test('sends only the newest status of a commit, and never an older one after it', async () => {
    const sent: unknown[] = [];
    const box = await opened(async ({ value }) => void sent.push(value));
    for (const value of [1, 2, 3]) await box.enqueue('status', 'status:1:a', value);
    await box.enqueue('status', 'status:1:b', 9);
    box.start();
    await until(() => sent.length === 2);
    await until(async () => !(await box.states()).includes('pending'));
    expect(sent).toEqual([3, 9]);
    expect(await box.states()).toEqual(['superseded', 'superseded', 'done', 'done']);
  });

  test('waits for a status under way before it sends the newer one of its key', async () => {
    const sent: unknown[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    let underWay = false;
    const box = await opened(async ({ value }) => {
      underWay = true;
      if (value === 1) await promise;
      sent.push(value);
    });
    await box.enqueue('status', 'k', 1);
    const outbox = box.start();
    await until(() => underWay);
    await box.enqueue('status', 'k', 2);
    outbox.wake();
    resolve();
    await until(() => sent.length === 2);
    expect(sent).toEqual([1, 2]);
  });

  test('does not repeat a status that says the same', async () => {
    const sent: unknown[] = [];
    const box = await opened(async ({ value }) => void sent.push(value));
    box.start();
    await box.enqueue('status', 'k', 1);
    box.pass(0);
    await until(() => sent.length === 1);
    await until(async () => (await box.states())[0] === 'done');
    await box.enqueue('status', 'k', 1);
    await box.enqueue('status', 'k', 2);
    box.pass(0);
    await until(() => sent.length === 2);
    expect(sent).toEqual([1, 2]);
  });

  test('keeps every row of an ordered key in order, over failures', async () => {
    const sent: unknown[] = [];
    let failures = 2;
    const box = await opened(async ({ value }) => {
      if (failures > 0) {
        failures -= 1;
        throw new Error('down');
      }
      sent.push(value);
    });
    for (const value of [1, 2, 3]) await box.enqueue('promote', 'promote:1:1', value);
    box.start();
    await until(() => failures === 1);
    await until(async () => {
      box.pass(2_000);
      return sent.length === 3;
    });
    expect(sent).toEqual([1, 2, 3]);
  });

  test('goes on after a restart with what was under way', async () => {
    const sent: unknown[] = [];
    const box = await opened(async ({ value }) => void sent.push(value));
    await box.enqueue('report', 'k', 1);
    await box.start().stop();
    box.start();
    await until(async () => (await box.states())[0] === 'done');
    expect(sent.length).toBeGreaterThanOrEqual(1);
  });

  test('parks what fails for good, and lets the next row of the key pass', async () => {
    const sent: unknown[] = [];
    const box = await opened(
      async ({ value }) => {
        if (value === 1) throw new Error('never');
        sent.push(value);
      },
      { bounds: { attempts: 2 } },
    );
    await box.enqueue('cancel', 'k', 1);
    await box.enqueue('cancel', 'k', 2);
    box.start();
    await until(async () => {
      box.pass(2_000);
      return sent.length === 1;
    });
    expect(await box.states()).toEqual(['parked', 'done']);
    expect(await box.transactor.stores.outbox.counts()).toEqual({ pending: 0, parked: 1 });
  });

  test('a handler whose time has not come is asked again, without counting', async () => {
    let asked = 0;
    const box = await opened(
      async () => {
        asked += 1;
        if (asked < 5) throw new Postpone(1_000, 'not yet');
      },
      { bounds: { attempts: 2 } },
    );
    await box.enqueue('promote', 'k', 1);
    box.start();
    await until(async () => {
      box.pass(1_000);
      return (await box.states())[0] === 'done';
    });
    expect(asked).toBe(5);
  });
});

test('pauses double up to a minute, a random half taken off', () => {
  expect([0, 1, 2, 30].map((attempts) => backoffMs(attempts, () => 1))).toEqual([500, 1_000, 2_000, 60_000]);
  expect(backoffMs(2, () => 0)).toBe(1_000);
});
