import { expect, onTestFinished, test } from 'vitest';
import type { Answering } from '../../../src/server/outbox/destinations.ts';
import { beyondAnyPause } from '../../../src/server/outbox/due.ts';
import type { Run } from '../../../src/server/training/ports.ts';
import { Watcher } from '../../../src/server/training/watcher.ts';
import { SimulatedClock } from '../../faults/simulated-clock.ts';

/** Runs of two bindings in a store that counts its queries; a look puts the run's next one a second away. */
function watching(
  due: Record<string, string[]>,
  options: {
    advance?: (run: Run) => Promise<void>;
    answering?: Answering;
    lanes?: number;
    bindings?: string[];
  } = {},
) {
  const clock = new SimulatedClock();
  const rows = new Map<string, { binding: string; at: string | null }>();
  const add = (binding: string, id: string) => rows.set(id, { binding, at: clock.now().toISOString() });
  for (const [binding, ids] of Object.entries(due)) for (const id of ids) add(binding, id);
  const looks: string[] = [];
  let queries = 0;
  const times = (bindings: readonly string[]) =>
    [...rows].flatMap(([id, row]) =>
      row.at !== null && bindings.includes(row.binding) ? [{ id, at: row.at }] : [],
    );
  const watcher = new Watcher({
    bindings: options.bindings ?? ['wine'],
    runs: {
      due: async (now, limit, bindings) => {
        queries += 1;
        const found = times(bindings).filter(({ at }) => at <= now || at > beyondAnyPause(now));
        return found.slice(0, limit).map(({ id }) => ({ id }) as Run);
      },
      nextDue: async (now, bindings) => {
        queries += 1;
        const later = times(bindings).flatMap(({ at }) => (at > now ? [at] : []));
        return later.toSorted()[0] ?? null;
      },
    },
    async advance(run) {
      looks.push(run.id);
      await options.advance?.(run);
      const row = rows.get(run.id);
      if (row) row.at = new Date(clock.now().getTime() + 1_000).toISOString();
    },
    answering: options.answering,
    clock,
    log: { warn() {}, error() {} },
    lanes: options.lanes,
  });
  onTestFinished(async () => await watcher.stop());
  return { watcher, clock, looks, rows, add, queries: () => queries };
}

test('a workspace in which nothing is under way costs one query a minute, and none of a wake is missed', async () => {
  const { watcher, clock, looks, add, queries } = watching({ other: ['x'] });
  watcher.start();
  await clock.pass(60 * 60_000);
  expect(queries()).toBe(61);
  add('wine', 'a');
  watcher.wake();
  await clock.pass(0);
  expect(looks).toEqual(['a']);
});

test('the runs of its own bindings are watched, each at its own moment; a run without a binding is nobody’s', async () => {
  const { watcher, clock, looks, rows } = watching(
    { wine: ['a', 'b'], beer: ['c'], gone: ['lost'] },
    {
      bindings: ['wine', 'beer'],
    },
  );
  const before = rows.get('lost')?.at;
  watcher.start();
  await clock.pass(3_500);
  expect(looks.toSorted()).toEqual(['a', 'a', 'a', 'a', 'b', 'b', 'b', 'b', 'c', 'c', 'c', 'c']);
  // It stays due: a watcher whose binding covers it takes it up at once.
  expect(rows.get('lost')?.at).toBe(before);
  expect(watcher.size).toBe(3);
  rows.clear();
  await clock.pass(61_000);
  expect(watcher.size).toBe(0);
});

test('runs are looked at as before though the clock was set back by ten minutes', async () => {
  const { watcher, clock, looks } = watching({ wine: ['a'] });
  watcher.start();
  await clock.pass(3_500);
  expect(looks).toHaveLength(4);
  clock.jump(-10 * 60_000);
  await clock.pass(60_000);
  expect(looks.length).toBeGreaterThanOrEqual(60);
});

test('a run whose look cannot be recorded rests, however often somebody wakes the watcher', async () => {
  const { watcher, clock, looks } = watching(
    { wine: ['a'] },
    {
      advance: async () => {
        throw new Error('disk full');
      },
    },
  );
  watcher.start();
  for (let i = 0; i < 100; i++) {
    watcher.wake();
    await clock.pass(0);
  }
  expect(looks).toEqual(['a']);
  await clock.pass(60_000);
  expect(looks.length).toBeGreaterThan(3);
  expect(looks.length).toBeLessThan(12);
});

test('more runs than lanes are looked at one after the other, and stopping waits for the looks under way', async () => {
  const open: (() => void)[] = [];
  const ids = ['a', 'b', 'c', 'd', 'e'];
  const { watcher, clock, looks } = watching(
    { wine: ids },
    { lanes: 2, advance: () => new Promise((resolve) => open.push(resolve)) },
  );
  watcher.start();
  await clock.pass(5_000);
  expect(looks).toEqual(['a', 'b']);
  open.shift()?.();
  await clock.pass(0);
  expect(looks).toEqual(['a', 'b', 'c']);
  let stopped = false;
  const stop = watcher.stop().then(() => {
    stopped = true;
  });
  await clock.pass(5_000);
  expect(stopped).toBe(false);
  for (const end of open) end();
  await stop;
  expect(looks).toEqual(['a', 'b', 'c']);
});

test('while the workspace does not answer one run at a time is looked at, when a call may be tried, and no query is made between', async () => {
  let wait = 0;
  let permits = Number.POSITIVE_INFINITY;
  const tried: number[] = [];
  const { watcher, clock, looks, queries } = watching(
    { wine: ['a', 'b', 'c', 'd'] },
    {
      answering: { permits: () => permits, waitMs: () => Math.max(0, wait - clockNow()) },
      advance: async () => {
        if (permits === Number.POSITIVE_INFINITY) return;
        tried.push(clockNow());
        wait = clockNow() + 10_000;
      },
    },
  );
  const clockNow = () => clock.monotonic();
  watcher.start();
  await clock.pass(100);
  expect(looks.toSorted()).toEqual(['a', 'b', 'c', 'd']);
  permits = 1;
  await clock.pass(60_000);
  expect(tried.length).toBeGreaterThanOrEqual(5);
  for (const [index, at] of tried.entries()) {
    if (index > 0) expect(at - (tried[index - 1] ?? 0)).toBeGreaterThanOrEqual(10_000);
  }
  for (const { length } = tried; tried.length === length; ) await clock.pass(100);
  await clock.pass(100);
  const before = queries();
  await clock.pass(9_000);
  expect(queries()).toBe(before);
  permits = Number.POSITIVE_INFINITY;
  wait = 0;
  watcher.wake();
  looks.length = 0;
  await clock.pass(10);
  expect(looks.toSorted()).toEqual(['a', 'b', 'c', 'd']);
});
