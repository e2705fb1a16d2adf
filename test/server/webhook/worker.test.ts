import { randomUUID } from 'node:crypto';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { StoreUnavailable } from '../../../src/server/duty/interruption.ts';
import { LeaseLost } from '../../../src/server/duty/lease.ts';
import { openDatabase } from '../../../src/server/store/database.ts';
import type { Stores } from '../../../src/server/store/stores.ts';
import { createStores } from '../../../src/server/store/stores.ts';
import type { Transactor } from '../../../src/server/store/transactor.ts';
import { createTransactor } from '../../../src/server/store/transactor.ts';
import type { WorkerOptions } from '../../../src/server/webhook/worker.ts';
import { DeliveryWorker } from '../../../src/server/webhook/worker.ts';
import { SimulatedClock } from '../../faults/simulated-clock.ts';
import { settled } from '../outbox/sent-box.ts';
import { momentsOf } from '../reported-pull.ts';

const silent = { warn() {}, error() {} };

/** Deliveries of pushes in a store, and workers over it on simulated time. */
async function scene() {
  const db = await openDatabase(':memory:');
  onTestFinished(() => db.destroy());
  const transactor = createTransactor(db, createStores);
  const clock = new SimulatedClock();
  return {
    transactor,
    clock,
    async add(repositoryId: number, after: string, receivedAt = clock.now()): Promise<void> {
      const body = {
        ref: 'refs/heads/main',
        before: '1'.repeat(40),
        after,
        repository: { id: repositoryId },
      };
      await transactor.transaction(({ deliveries }) =>
        deliveries.add({
          uuid: randomUUID(),
          event: 'push',
          eventType: 'push',
          repositoryId,
          contentKey: `${repositoryId} ${after}`,
          body: JSON.stringify(body),
          receivedAt: receivedAt.toISOString(),
        }),
      );
    },
    rows: () => db.selectFrom('deliveries').select(['state', 'attempts', 'outcome']).orderBy('id').execute(),
    worker(handle: WorkerOptions['handle'], options: Partial<WorkerOptions> = {}): DeliveryWorker {
      const worker = new DeliveryWorker({ transactor, handle, clock, log: silent, ...options });
      onTestFinished(() => worker.stop());
      return worker;
    },
  };
}

const states = async ({ rows }: Awaited<ReturnType<typeof scene>>) =>
  (await rows()).map(({ state }) => state);

/** A transactor whose transactions fail as long as `refused` gives an error. */
function refusing(transactor: Transactor<Stores>, refused: () => Error | null): Transactor<Stores> {
  return {
    stores: transactor.stores,
    async transaction(work) {
      const error = refused();
      if (error) throw error;
      return await transactor.transaction(work);
    },
  };
}

describe('the delivery worker', () => {
  test('handles what waits when it starts and what comes later, in order within a repository', async () => {
    const stage = await scene();
    await stage.add(1, 'a'.repeat(40));
    await stage.add(1, 'b'.repeat(40));
    const seen: string[] = [];
    const worker = stage.worker(async (intent) => {
      if (intent.kind === 'branch-moved') seen.push(`${intent.repositoryId} ${intent.after[0]}`);
      return 'done';
    });
    worker.start();
    await vi.waitFor(async () => expect(await states(stage)).toEqual(['processed', 'processed']));
    await stage.add(2, 'c'.repeat(40));
    worker.wake();
    await vi.waitFor(async () => expect((await states(stage)).at(-1)).toBe('processed'));
    expect(seen).toEqual(['1 a', '1 b', '2 c']);
  });

  test('tries again after growing pauses, and gives up after a bound', async () => {
    const stage = await scene();
    await stage.add(1, 'a'.repeat(40));
    const at: number[] = [];
    stage
      .worker(
        async () => {
          at.push(stage.clock.monotonic());
          throw new Error('Gitea does not answer');
        },
        { maxAttempts: 4 },
      )
      .start();
    await vi.waitFor(async () => {
      await stage.clock.pass(500);
      expect(await stage.rows()).toMatchObject([
        { state: 'failed', attempts: 4, outcome: 'Gitea does not answer' },
      ]);
    });
    expect(at).toHaveLength(4);
    expect(at).toEqual([...at].sort((one, other) => one - other));
  });

  test('handles at once what a backend received whose clock is ahead', async () => {
    const stage = await scene();
    stage.worker(async () => 'done').start();
    await stage.add(1, 'a'.repeat(40), new Date(stage.clock.now().getTime() + 600_000));
    await stage.clock.pass(60_000, settled);
    expect(await states(stage)).toEqual(['processed']);
  });

  test('tries again as it would have, though the clock was set back meanwhile', async () => {
    const stage = await scene();
    await stage.add(1, 'a'.repeat(40));
    let failures = 3;
    stage
      .worker(async () => {
        failures -= 1;
        if (failures >= 0) throw new Error('Gitea does not answer');
        return 'done';
      })
      .start();
    await stage.clock.pass(100, settled);
    expect(await stage.rows()).toMatchObject([{ state: 'received', attempts: 1 }]);
    stage.clock.jump(-600_000);
    await stage.clock.pass(120_000, settled);
    expect(await stage.rows()).toMatchObject([{ state: 'processed', attempts: 3 }]);
  });

  test.each([
    ['a lost lease', new LeaseLost('deliveries')],
    ['a store that cannot be used', new StoreUnavailable('its disk is full', { cause: null })],
  ])('counts %s as no failure: whoever goes on finds the delivery as it was', async (_what, error) => {
    const stage = await scene();
    await stage.add(1, 'a'.repeat(40));
    let handled = 0;
    const first = stage.worker(async () => {
      handled += 1;
      throw error;
    });
    first.start();
    await vi.waitFor(() => expect(handled).toBe(1));
    await first.stop();
    expect(await stage.rows()).toMatchObject([{ state: 'received', attempts: 0 }]);
    stage.worker(async () => 'done').start();
    await vi.waitFor(async () => expect(await states(stage)).toEqual(['processed']));
  });

  test('marks nothing when the lease is lost between acting and recording', async () => {
    const stage = await scene();
    await stage.add(1, 'a'.repeat(40));
    let lost = true;
    let handled = 0;
    const transactor = refusing(stage.transactor, () => (lost ? new LeaseLost('deliveries') : null));
    const worker = stage.worker(async () => String(++handled), { transactor });
    worker.start();
    await vi.waitFor(() => expect(handled).toBeGreaterThan(0));
    await worker.stop();
    expect(await stage.rows()).toMatchObject([{ state: 'received', attempts: 0 }]);
    lost = false;
    worker.start();
    await vi.waitFor(async () => expect(await states(stage)).toEqual(['processed']));
  });

  test('rests while nothing can be recorded, instead of acting again and again', async () => {
    const stage = await scene();
    await stage.add(1, 'a'.repeat(40));
    let full = true;
    let handled = 0;
    const transactor = refusing(stage.transactor, () =>
      full ? new Error('database or disk is full') : null,
    );
    stage.worker(async () => String(++handled), { transactor }).start();
    await vi.waitFor(() => expect(handled).toBe(1));
    await stage.clock.pass(4_900);
    expect(handled).toBe(1);
    full = false;
    await vi.waitFor(async () => {
      await stage.clock.pass(1_000);
      expect(await states(stage)).toEqual(['processed']);
    });
    expect(handled).toBe(2);
  });

  test('reaches the moment between acting and marking', async () => {
    const stage = await scene();
    await stage.add(1, 'a'.repeat(40));
    const moments = await momentsOf(async () => {
      stage.worker(async () => 'done').start();
      await vi.waitFor(async () => expect(await states(stage)).toEqual(['processed']));
    });
    expect(moments).toEqual(['delivery.handled']);
  });
});
