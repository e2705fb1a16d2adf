import { AsyncLocalStorage } from 'node:async_hooks';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Bus } from '../../../src/server/duty/bus.ts';
import { createLocalBus } from '../../../src/server/duty/bus.ts';
import type { Duty } from '../../../src/server/duty/keeper.ts';
import { LeaseKeeper } from '../../../src/server/duty/keeper.ts';
import type { HeldLease, Lease, LeaseStore } from '../../../src/server/duty/lease.ts';
import { assertLease, currentLease, LeaseLost } from '../../../src/server/duty/lease.ts';
import { SimulatedClock } from '../../faults/simulated-clock.ts';

/** Leases in memory, by a clock that is nobody else's, as a database has one. */
class MemoryLeases implements LeaseStore {
  readonly rows = new Map<string, { holder: string | null; token: number; until: number }>();
  readonly clock: SimulatedClock;
  down = false;

  constructor(clock: SimulatedClock) {
    this.clock = clock;
  }

  #row(name: string) {
    if (this.down) throw new Error('the database does not answer');
    const row = this.rows.get(name) ?? { holder: null, token: 0, until: 0 };
    this.rows.set(name, row);
    return row;
  }

  async acquire(name: string, holder: string, ttlMs: number): Promise<Lease | null> {
    const row = this.#row(name);
    if (row.holder !== null && row.holder !== holder && row.until > this.clock.monotonic()) return null;
    if (row.holder !== holder) row.token += 1;
    Object.assign(row, { holder, until: this.clock.monotonic() + ttlMs });
    return { name, holder, token: row.token };
  }

  async renew(lease: Lease, ttlMs: number): Promise<boolean> {
    const row = this.#row(lease.name);
    if (!(await this.holds(lease))) return false;
    row.until = this.clock.monotonic() + ttlMs;
    return true;
  }

  async release(lease: Lease): Promise<void> {
    if (await this.holds(lease)) Object.assign(this.#row(lease.name), { holder: null });
  }

  async holds({ name, holder, token }: Lease): Promise<boolean> {
    const row = this.#row(name);
    return row.holder === holder && row.token === token;
  }

  async all() {
    return [];
  }
}

class Work implements Duty {
  running = false;
  woken = 0;
  lease: HeldLease | undefined;
  start(): void {
    this.running = true;
    this.lease = currentLease();
  }
  async stop(): Promise<void> {
    this.running = false;
  }
  wake(): void {
    this.woken += 1;
  }
}

const log = { info() {}, warn() {} };
let clock: SimulatedClock;
let leases: MemoryLeases;
let bus: Bus;

beforeEach(() => {
  clock = new SimulatedClock();
  leases = new MemoryLeases(clock);
  bus = createLocalBus((error) => {
    throw error;
  });
});

function backend(holder: string, own: SimulatedClock = clock) {
  const outbox = new Work();
  const watcher = new Work();
  const keeper = new LeaseKeeper(
    { leases, bus, clock: own, holder, log },
    { outbox, 'workspace:main': watcher },
  );
  return { outbox, watcher, keeper };
}

describe('leases', () => {
  test('each duty is done by one backend, and goes to another at once when it is given back', async () => {
    const [a, b] = [backend('a'), backend('b')];
    await a.keeper.start();
    await b.keeper.start();
    await clock.pass(300_000);
    expect([a.keeper.held(), b.keeper.held()]).toEqual([['outbox', 'workspace:main'], []]);
    expect([a.outbox.running, b.outbox.running]).toEqual([true, false]);
    await a.keeper.stop();
    await clock.pass(0);
    expect(b.keeper.held()).toEqual(['outbox', 'workspace:main']);
    expect([a.outbox.running, b.outbox.running]).toEqual([false, true]);
    expect(b.outbox.lease!.token).toBe(2);
  });

  test('a backend that is lost is followed within a lease’s life and a tenth', async () => {
    const lost = new SimulatedClock();
    const [a, b] = [backend('a', lost), backend('b')];
    await a.keeper.start();
    await b.keeper.start();
    // The clock of a stands still: it renews nothing any more.
    await clock.pass(24_000);
    expect(b.outbox.running).toBe(false);
    await clock.pass(4_000);
    expect(b.outbox.running).toBe(true);
  });

  test('a backend that was paused knows that its lease ran out before it acts, and gives the duty up', async () => {
    const paused = new SimulatedClock();
    const [a, b] = [backend('a', paused), backend('b')];
    await a.keeper.start();
    await b.keeper.start();
    const mine = a.outbox.lease!;
    expect(mine.stillHeld()).toBe(true);
    await clock.pass(40_000);
    paused.advance(40_000);
    expect(mine.stillHeld()).toBe(false);
    await paused.pass(5_000);
    expect([a.outbox.running, b.outbox.running]).toEqual([false, true]);
    expect(await leases.holds(mine)).toBe(false);
  });

  test('whoever cannot renew stops before others may begin', async () => {
    const a = backend('a');
    await a.keeper.start();
    leases.down = true;
    await clock.pass(19_000);
    expect(a.outbox.running).toBe(true);
    expect(a.keeper.failure).toBeInstanceOf(Error);
    await clock.pass(5_000);
    expect(a.outbox.running).toBe(false);
    leases.down = false;
    await clock.pass(10_000);
    expect(a.outbox.running).toBe(true);
    expect(a.keeper.failure).toBeNull();
  });

  test('whoever is not answered at all stops before others may begin, and goes on when it is answered', async () => {
    const [a, b] = [backend('a'), backend('b')];
    await a.keeper.start();
    await b.keeper.start();
    let answer = () => {};
    const { renew } = leases;
    leases.renew = async (...words) => {
      await new Promise<void>((resolve) => {
        answer = resolve;
      });
      return await renew.call(leases, ...words);
    };
    await clock.pass(19_000);
    expect([a.outbox.running, a.keeper.failure]).toEqual([true, null]);
    await clock.pass(1_000);
    expect([a.outbox.running, b.outbox.running]).toEqual([false, false]);
    expect(a.keeper.failure).toBeInstanceOf(Error);
    await clock.pass(8_000);
    expect(b.outbox.running).toBe(true);
    leases.renew = renew;
    answer();
    await clock.pass(300_000);
    expect([a.outbox.running, b.outbox.running]).toEqual([false, true]);
    expect(a.keeper.failure).toBeNull();
  });

  test('a jump of the wall clock changes nothing', async () => {
    const [a, b] = [backend('a'), backend('b')];
    await a.keeper.start();
    await b.keeper.start();
    for (const jump of [600_000, -1_200_000]) {
      clock.jump(jump);
      await clock.pass(60_000);
      expect([a.outbox.running, b.outbox.running]).toEqual([true, false]);
    }
    expect(a.outbox.lease!.token).toBe(1);
  });

  test('a start fails where the store does not answer', async () => {
    leases.down = true;
    await expect(backend('a').keeper.start()).rejects.toThrow('does not answer');
  });

  test('messages wake the duty that they name', async () => {
    const a = backend('a');
    await a.keeper.start();
    bus.publish({ topic: 'wake', payload: 'outbox' });
    bus.publish({ topic: 'wake', payload: 'nobody' });
    expect([a.outbox.woken, a.watcher.woken]).toEqual([1, 0]);
  });
});

test('outside of a duty there is no lease, and nothing to assert', () => {
  expect(currentLease()).toBeUndefined();
  expect(() => assertLease()).not.toThrow();
});

test('work of a duty is refused once its lease ran out', async () => {
  const a = backend('a');
  let inDuty: <T>(work: () => T) => T = (work) => work();
  a.outbox.start = () => {
    inDuty = AsyncLocalStorage.snapshot();
  };
  await a.keeper.start();
  inDuty(assertLease);
  clock.advance(20_001);
  expect(() => inDuty(assertLease)).toThrow(LeaseLost);
  expect(assertLease).not.toThrow();
});
