import { AsyncLocalStorage } from 'node:async_hooks';
import { expect, onTestFinished, test } from 'vitest';
import { createConnections } from '../../../src/server/databricks/connections.ts';
import { DatabricksError } from '../../../src/server/databricks/error.ts';
import { WorkspaceGate } from '../../../src/server/databricks/workspace-gate.ts';
import { assertLease, underLease } from '../../../src/server/duty/lease.ts';
import { openDatabase } from '../../../src/server/store/database.ts';
import { createLeaseStore } from '../../../src/server/store/lease-store.ts';
import { createStores } from '../../../src/server/store/stores.ts';
import { createTransactor } from '../../../src/server/store/transactor.ts';
import { SimulatedClock } from '../../faults/simulated-clock.ts';

/** Two backends of one store, and what each told its viewers. */
async function twoBackends() {
  const db = await openDatabase(':memory:');
  onTestFinished(async () => await db.destroy());
  const clock = new SimulatedClock(new Date('2026-01-05T14:00:00.000Z'));
  const transactor = createTransactor(db, createStores);
  let writes = 0;
  const counting = {
    ...transactor,
    transaction: (async (work) => {
      writes += 1;
      return await transactor.transaction(work);
    }) as typeof transactor.transaction,
  };
  const start = () => {
    const told: string[] = [];
    const looks: string[] = [];
    const failures: unknown[] = [];
    const connections = createConnections({
      transactor: counting,
      clock,
      changed(workspace) {
        // Who tells viewers may have to ask others first.
        assertLease();
        told.push(workspace);
      },
      failed: (error) => failures.push(error),
      look: (workspace) => looks.push(workspace),
    });
    return { ...connections, told, looks, failures };
  };
  return { leases: createLeaseStore(db), clock, one: start(), other: start(), start, writes: () => writes };
}

const reason = 'Databricks (w.example.com) cannot be reached: ECONNREFUSED.';

test('an outage has the time of its first failure and of the last answer, in every backend', async () => {
  const { clock, one, other } = await twoBackends();
  one.answered('main');
  await clock.pass(70_000);
  one.answered('main');
  await clock.pass(50_000);
  one.silent('main', { since: clock.now().toISOString(), reason });
  await one.settled();
  const facts = {
    state: 'unreachable',
    since: '2026-01-05T14:02:00.000Z',
    lastOkAt: '2026-01-05T14:01:10.000Z',
    lastError: reason,
  };
  expect(await one.current('main')).toEqual(facts);
  expect(await other.current('main')).toEqual(facts);
  expect([one.told, other.told]).toEqual([['main'], []]);
  // Another backend notices later: the outage did not begin then.
  await clock.pass(60_000);
  other.silent('main', { since: clock.now().toISOString(), reason });
  await other.settled();
  expect(await one.current('main')).toEqual(facts);
  await clock.pass(60_000);
  other.answered('main');
  await other.settled();
  expect(await one.current('main')).toEqual({
    state: 'ok',
    since: '2026-01-05T14:04:00.000Z',
    lastOkAt: '2026-01-05T14:04:00.000Z',
    lastError: null,
  });
  expect([one.told, other.told]).toEqual([['main'], ['main']]);
});

test('a restart goes on with what is known, and looks for itself before it believes it for long', async () => {
  const { clock, one, start } = await twoBackends();
  one.silent('main', { since: '2026-01-05T13:50:00.000Z', reason });
  await one.settled();
  const again = start();
  expect(await again.current('main')).toMatchObject({
    state: 'unreachable',
    since: '2026-01-05T13:50:00.000Z',
    lastOkAt: null,
  });
  expect(again.looks).toEqual(['main']);
  again.silent('main', { since: clock.now().toISOString(), reason });
  await again.settled();
  expect(await again.current('main')).toMatchObject({ since: '2026-01-05T13:50:00.000Z' });
  expect(again.looks).toEqual(['main']);
  expect(await again.current('never asked')).toBeNull();
});

test('calls cost no write each, and the last answer is told exactly though', async () => {
  const { clock, one, writes } = await twoBackends();
  for (let call = 0; call < 1_000; call += 1) {
    one.answered('main');
    await clock.pass(20);
  }
  await one.settled();
  expect(writes()).toBe(2);
  const last = new Date(clock.now().getTime() - 20).toISOString();
  one.silent('main', { since: clock.now().toISOString(), reason });
  for (let probe = 0; probe < 100; probe += 1)
    one.silent('main', { since: '2026-01-05T14:00:21.000Z', reason });
  await one.settled();
  expect(writes()).toBe(3);
  expect((await one.current('main'))?.lastOkAt).toBe(last);
});

test('the end of an outage is written and told though the lease under which it was noticed is another’s by now', async () => {
  const { leases, clock, one } = await twoBackends();
  const lease = await leases.acquire('workspace:main', 'one', 30_000);
  let held = true;
  const gate = new WorkspaceGate({
    // A timer of Node's goes on in the scope in which it was set.
    clock: {
      now: clock.now,
      monotonic: clock.monotonic,
      after: (milliseconds, call) => clock.after(milliseconds, AsyncLocalStorage.bind(call)),
    },
    observer: { answered: () => one.answered('main'), silent: (silence) => one.silent('main', silence) },
  });
  onTestFinished(() => gate.close());
  const unreachable = async () => {
    throw new DatabricksError({ code: 'NO_CONNECTION', status: 0, message: reason });
  };
  let probe: () => Promise<void> = unreachable;
  gate.probeBy(() => probe());
  const call = { family: 'jobs-read', timeoutMs: 1_000, idempotent: false } as const;
  await underLease({ ...lease!, stillHeld: () => held }, async () => {
    for (let failure = 0; failure < 5; failure += 1)
      await expect(gate.send(call, unreachable)).rejects.toMatchObject({ code: 'NO_CONNECTION' });
  });
  expect(await one.current('main')).toMatchObject({ state: 'unreachable', lastError: reason });
  held = false;
  await leases.acquire('workspace:main', 'other', 30_000);
  probe = async () => {};
  await clock.pass(60_000);
  expect(await one.current('main')).toMatchObject({ state: 'ok', lastError: null });
  expect([one.told, one.failures]).toEqual([['main'], []]);
});
