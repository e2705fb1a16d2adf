import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DatabricksError } from '../../../src/server/databricks/error.ts';
import { LeaseLost, underLease } from '../../../src/server/duty/lease.ts';
import type { Outbox } from '../../../src/server/outbox/outbox.ts';
import { Postpone } from '../../../src/server/outbox/postpone.ts';
import { createLeaseStore } from '../../../src/server/store/lease-store.ts';
import { openBox, settled } from './sent-box.ts';

const hour = 3_600_000;

/** What becomes of an attempt. `lost`: it had its effect, and nobody heard of it. */
const fates = ['sent', 'sent', 'sent', 'down', 'lost', 'slow', 'postponed', 'open'] as const;
type Fate = (typeof fates)[number];

const step = fc.oneof(
  fc.record({ kind: fc.constant('status' as const), key: fc.constantFrom('a', 'b') }),
  fc.record({ kind: fc.constant('ordered' as const), key: fc.constantFrom('c', 'd') }),
  fc.record({ kind: fc.constant('pass' as const), ms: fc.constantFrom(0, 30, 700, 20_000, 600_000) }),
  fc.record({ kind: fc.constant('jump' as const), ms: fc.constantFrom(-600_000, 600_000) }),
  fc.record({ kind: fc.constant('restart' as const) }),
);

test('whatever fails, waits, restarts or sets the clock: a key’s newest status is the last one, all others come in order', async () => {
  let sendings = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 10, maxLength: 40 }),
      fc.noBias(fc.infiniteStream(fc.constantFrom<Fate>(...fates))),
      async (steps, dice) => {
        const effects: { key: string; value: number }[] = [];
        let calm = false;
        const underWay = new Set<string>();
        const box = await openBox(async (payload) => {
          const { key, value } = payload as { key: string; value: number } & Record<string, unknown>;
          // Two attempts of one key beside each other could pass each other on the way.
          expect(underWay.has(key)).toBe(false);
          underWay.add(key);
          sendings += 1;
          try {
            const fate = calm ? 'sent' : dice.next().value;
            if (fate === 'down') throw new Error('down');
            if (fate === 'postponed') throw new Postpone(3_000, 'not yet');
            if (fate === 'open')
              throw new DatabricksError({ code: 'CIRCUIT_OPEN', status: 0, message: '', retryAfter: 10 });
            if (fate === 'slow') await new Promise<void>((resolve) => box.clock.after(900, resolve));
            effects.push({ key, value });
            if (fate === 'lost') throw new Error('no answer');
          } finally {
            underWay.delete(key);
          }
        });
        const wanted: Record<string, number[]> = { a: [], b: [], c: [], d: [] };
        let outbox: Outbox = box.create();
        outbox.start();
        let value = 0;
        for (const one of steps) {
          if (one.kind === 'pass') await box.pass(one.ms);
          else if (one.kind === 'jump') box.clock.jump(one.ms);
          else if (one.kind === 'restart') {
            const stopped = outbox.stop();
            await box.pass(1_000);
            await stopped;
            outbox = box.create();
            outbox.start();
          } else {
            value += 1;
            const next = value;
            wanted[one.key]?.push(next);
            const topic = one.kind === 'status' ? 'status' : 'promote';
            const payload = { repository: 1, key: one.key, value: next };
            await box.transactor.transaction(
              async ({ outbox: rows }) => await rows.enqueue({ topic, key: one.key, payload }),
            );
            outbox.wake();
          }
        }
        calm = true;
        await box.pass(2 * hour);
        await outbox.stop();
        for (const [key, all] of Object.entries(wanted)) {
          const sent = effects.filter((effect) => effect.key === key).map((effect) => effect.value);
          expect(sent.at(-1)).toBe(all.at(-1));
          expect(sent).toEqual([...sent].sort((one, other) => one - other));
          if (key === 'c' || key === 'd') expect([...new Set(sent)]).toEqual(all);
        }
        expect(await box.outbox.counts()).toEqual({ pending: 0, parked: 0 });
        await box.close();
      },
    ),
    { numRuns: 120, seed: 6 },
  );
  expect(sendings).toBeGreaterThan(800);
}, 120_000);

test('what waits for its next try is not forgotten when the clock is set back', async () => {
  let down = true;
  const sent: unknown[] = [];
  const box = await openBox(async ({ value }) => {
    if (down) throw new Error('down');
    sent.push(value);
  });
  await box.enqueue('report', 'k', 1);
  const outbox = box.create();
  outbox.start();
  await box.pass(1_000);
  down = false;
  box.clock.jump(-600_000);
  await box.pass(60_000);
  expect(sent).toEqual([1]);
  await outbox.stop();
  await box.close();
});

test('a holder that lost its lease sends nothing more and writes nothing; the next one does both', async () => {
  const sent: string[] = [];
  let newest = 0;
  let goOn: (() => void) | undefined;
  const box = await openBox(async () => {});
  const leases = createLeaseStore(box.db);
  const holder = async (name: string) => {
    const lease = await leases.acquire('outbox', name, 30_000);
    if (!lease) throw new Error('The lease is taken.');
    newest = lease.token;
    const send = async ({ value }: Record<string, unknown>) => {
      if (value === 1) {
        await new Promise<void>((resolve) => {
          goOn = resolve;
        });
      }
      // As the clients of Gitea and Databricks do before each call.
      if (lease.token !== newest) throw new Error('not sent', { cause: new LeaseLost('outbox') });
      sent.push(`${name} sent ${value}`);
    };
    const handlers = { status: send, report: send, reaction: send, promote: send };
    const outbox = box.create({ handlers: { ...handlers, upload: send, submit: send, cancel: send } });
    underLease({ ...lease, stillHeld: () => lease.token === newest }, () => outbox.start());
    return outbox;
  };
  await box.enqueue('status', 'k', 1);
  const first = await holder('first');
  await settled();
  // It was paused in the middle of a message; another one has the lease, and there is a newer status.
  await box.enqueue('status', 'k', 2);
  const second = await holder('second');
  await box.pass(1_000);
  goOn?.();
  await box.enqueue('status', 'k', 3);
  first.wake();
  await box.pass(60_000);
  second.wake();
  await box.pass(60_000);
  expect(sent).toEqual(['second sent 2', 'second sent 3']);
  expect((await box.rows()).map(({ state, attempts }) => [state, attempts])).toEqual([
    ['superseded', 0],
    ['done', 0],
    ['done', 0],
  ]);
  await Promise.all([first.stop(), second.stop()]);
  await box.close();
});

test('what was sent while the store was being asked is not sent once more', async () => {
  const sent: unknown[] = [];
  let finish: (() => void) | undefined;
  let answer: (() => void) | undefined;
  let hold = false;
  const box = await openBox(async ({ value }) => {
    await new Promise<void>((resolve) => {
      finish = resolve;
    });
    sent.push(value);
  });
  const { outbox: rows } = box.transactor.stores;
  const slow = {
    ...rows,
    async due(...all: Parameters<typeof rows.due>) {
      const due = await rows.due(...all);
      if (hold && due.length > 0) {
        await new Promise<void>((resolve) => {
          answer = resolve;
        });
      }
      return due;
    },
  };
  const transactor = { ...box.transactor, stores: { ...box.transactor.stores, outbox: slow } };
  const outbox = box.create({ transactor });
  await box.enqueue('promote', 'k', 1);
  outbox.start();
  await settled();
  hold = true;
  outbox.wake();
  await settled();
  expect(answer).toBeDefined();
  finish?.();
  await settled();
  hold = false;
  answer?.();
  await settled();
  finish?.();
  await box.pass(100);
  expect(sent).toEqual([1]);
  await outbox.stop();
  await box.close();
});

test('what was sent while the store cannot be written is recorded later, and not sent again', async () => {
  const sent: unknown[] = [];
  let full = true;
  const box = await openBox(async ({ value }) => void sent.push(value));
  await box.enqueue('cancel', 'run:1', 1);
  const outbox = box.create({
    transactor: {
      stores: box.transactor.stores,
      transaction: async (work) => {
        if (full) throw new Error('its disk is full');
        return await box.transactor.transaction(work);
      },
    },
  });
  outbox.start();
  await box.pass(60_000);
  expect(sent).toEqual([1]);
  full = false;
  await box.pass(6_000);
  expect(sent).toEqual([1]);
  expect(await box.rows()).toMatchObject([{ state: 'done', attempts: 0 }]);
  await outbox.stop();
  await box.close();
});
