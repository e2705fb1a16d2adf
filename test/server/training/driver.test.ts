import { describe, expect, onTestFinished, test } from 'vitest';
import { DatabricksError } from '../../../src/server/databricks/error.ts';
import { StoreUnavailable } from '../../../src/server/duty/interruption.ts';
import { LeaseLost } from '../../../src/server/duty/lease.ts';
import type { BoundRepositories } from '../../../src/server/permission/bound-repository.ts';
import type { RunRow } from '../../../src/server/store/schema.ts';
import { RunDriver } from '../../../src/server/training/driver.ts';
import type { Run } from '../../../src/server/training/ports.ts';
import { FakeDatabricks } from './fake-databricks.ts';
import { newRun, openSmallStage, repository, runNow, startBackend } from './small-stage.ts';

const system = { kind: 'system', name: 'test' } as const;

/** A run at Databricks, and a driver whose every look at it fails like this. */
async function watched(fails: () => Error, row: Partial<RunRow> = {}) {
  const stage = await openSmallStage();
  onTestFinished(() => stage.close());
  const { journal } = startBackend(stage, new FakeDatabricks(stage.clock));
  const { run } = await journal.create(repository, newRun(1), null, system);
  await stage.db
    .updateTable('runs')
    .set({
      state: 'running',
      databricks_run_id: '1',
      snapshot: 'snapshot',
      experiment_id: 'experiment',
      started_at: stage.clock.now().toISOString(),
      ...row,
    })
    .execute();
  const look = async (): Promise<Run> => {
    throw fails();
  };
  const driver = new RunDriver({
    runs: stage.stores.runs,
    journal,
    repositories: { find: async () => repository } as unknown as BoundRepositories,
    watch: look,
    judge: look,
    clock: stage.clock.now,
    pollMs: 1_000,
    log: { warn() {}, error() {} },
  });
  const now = () => runNow(stage, run.id);
  return { stage, now, advance: async () => await driver.advance(await now()) };
}

const lost = new LeaseLost('workspace:main');
const unanswered = { code: 'NO_CONNECTION', status: 0, message: 'not sent' };

describe('a look that fails', () => {
  test.each([
    ['the lease was lost', lost],
    ['a call was not made because the lease was lost', new DatabricksError(unanswered, { cause: lost })],
    ['the store cannot be used', new StoreUnavailable('its disk is full', { cause: null })],
  ])('says nothing about the run when %s, however often looks failed before', async (_what, error) => {
    for (const state of ['running', 'evaluating'] as const) {
      const { now, advance } = await watched(() => error, { state, failures: 40 });
      const before = await now();
      await expect(advance()).rejects.toBe(error);
      expect(await now()).toEqual(before);
    }
  });

  test('is repeated after as long as Databricks asked for, five minutes at most', async () => {
    for (const [retryAfter, seconds] of [
      [120, 120],
      [86_400, 300],
    ] as const) {
      const busy = { code: 'RESOURCE_EXHAUSTED', status: 429, message: 'slow down', retryAfter };
      const { stage, now, advance } = await watched(() => new DatabricksError(busy));
      await advance();
      const { state, failures, nextCheckAt } = await now();
      expect([state, failures]).toEqual(['running', 1]);
      expect(Date.parse(nextCheckAt ?? '') - stage.clock.now().getTime()).toBe(seconds * 1_000);
    }
  });

  test('ends the run by a fault of ours that comes again and again', async () => {
    const { now, advance } = await watched(() => new TypeError('a fault of ours'));
    for (let looks = 0; looks < 20; looks += 1) await advance();
    expect(await now()).toMatchObject({ state: 'running', failures: 20 });
    await advance();
    expect((await now()).state).toBe('failed');
  });
});
