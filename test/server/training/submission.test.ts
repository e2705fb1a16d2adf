import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { DatabricksError } from '../../../src/server/databricks/error.ts';
import { StoreUnavailable } from '../../../src/server/duty/interruption.ts';
import { LeaseLost, underLease } from '../../../src/server/duty/lease.ts';
import { createLeaseStore } from '../../../src/server/store/lease-store.ts';
import type { NewRun, Run } from '../../../src/server/training/ports.ts';
import { endByPerson, runsOfPull, supersede } from '../../../src/server/training/supersede.ts';
import { isFinal } from '../../../src/server/training/transitions.ts';
import { down, FakeDatabricks } from './fake-databricks.ts';
import type { SmallStage } from './small-stage.ts';
import {
  atMoments,
  newRun,
  openSmallStage,
  recorded,
  repository,
  runNow,
  settled,
  startBackend,
  waiting,
} from './small-stage.ts';

const system = { kind: 'system', name: 'test' } as const;
const wendy = { kind: 'person', id: 2, name: 'wendy' } as const;
const minute = 60_000;
const refused = () => new DatabricksError({ code: 'PERMISSION_DENIED', status: 403, message: 'no right' });

async function opened(change: Partial<NewRun> = {}, options: { bound?: () => boolean } = {}) {
  const stage = await openSmallStage();
  const databricks = new FakeDatabricks(stage.clock);
  const backend = startBackend(stage, databricks, options);
  const { run } = await backend.journal.create(repository, newRun(1, change), null, system);
  onTestFinished(async () => {
    await backend.stop();
    await stage.close();
  });
  return { stage, databricks, backend, run };
}

/** Lets time pass until the run ended and nothing waits to go out. @returns the run, and how long it took (ms) */
async function ended(stage: SmallStage, id: string, stepMs = 1_000, most = 600) {
  for (let step = 1; step <= most; step += 1) {
    await stage.clock.pass(stepMs, settled);
    const run = await runNow(stage, id);
    if (isFinal(run.state) && (await waiting(stage)).length === 0) return { run, took: step * stepMs };
  }
  throw new Error(`It did not end: ${JSON.stringify([await runNow(stage, id), await waiting(stage)])}`);
}

const cancel = async ({ journal }: ReturnType<typeof startBackend>, run: Run) =>
  await endByPerson(journal, repository, run, 'cancelled-by-person', { reason: 'Cancelled.', actor: wendy });

async function attemptsOf({ db }: SmallStage, topic: string): Promise<number[]> {
  const rows = await db.selectFrom('outbox').select('attempts').where('topic', '=', topic).execute();
  return rows.map(({ attempts }) => attempts);
}

describe('starting a run', () => {
  test('whatever is lost on the way, before or after it had its effect: one run, and its result', async () => {
    let faults = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.noBias(fc.infiniteStream(fc.nat(59))),
        fc.integer({ min: 0, max: 5 }),
        async (dice, rate) => {
          const stage = await openSmallStage();
          const databricks = new FakeDatabricks(stage.clock);
          databricks.fault = () => {
            if ((dice.next().value ?? rate) >= rate) return null;
            faults += 1;
            return down();
          };
          const backend = startBackend(stage, databricks);
          const { run } = await backend.journal.create(repository, newRun(1), null, system);
          backend.start();
          const { run: end } = await ended(stage, run.id, 5_000);
          expect(end).toMatchObject({ state: 'succeeded', metrics: { rmse: 0.7 } });
          expect(databricks.started).toHaveLength(1);
          await backend.stop();
          await stage.close();
        },
      ),
      { numRuns: 60, seed: 6 },
    );
    expect(faults).toBeGreaterThan(100);
  }, 120_000);

  test('is cancelled at any time while answers are lost: nothing goes on at Databricks', async () => {
    let cancelled = 0;
    await fc.assert(
      fc.asyncProperty(fc.noBias(fc.infiniteStream(fc.nat(9))), fc.nat(30), async (dice, second) => {
        const stage = await openSmallStage();
        const databricks = new FakeDatabricks(stage.clock);
        databricks.fault = (method) => (method !== 'run' && (dice.next().value ?? 9) < 3 ? down() : null);
        const backend = startBackend(stage, databricks);
        const { run } = await backend.journal.create(repository, newRun(1), null, system);
        backend.start();
        await stage.clock.pass(second * 400, settled);
        if (await cancel(backend, run)) cancelled += 1;
        const { run: end } = await ended(stage, run.id);
        expect(['cancelled', 'succeeded']).toContain(end.state);
        expect(databricks.started.length).toBeLessThan(2);
        const trained = (await recorded(stage)).some(({ event }) => event === 'trained');
        for (const one of databricks.started) {
          expect(databricks.isActive(one)).toBe(false);
          if (end.state === 'cancelled' && !trained) expect(end.databricksRunId ?? one.id).toBe(one.id);
        }
        await backend.stop();
        await stage.close();
      }),
      { numRuns: 60, seed: 6 },
    );
    expect(cancelled).toBeGreaterThan(20);
  }, 120_000);

  test('is looked for only where it may have been asked for before', async () => {
    const { stage, databricks, backend, run } = await opened();
    backend.start();
    await ended(stage, run.id);
    expect(databricks.calls).toContain('submit');
    expect(databricks.calls).not.toContain('findSubmitted');
    // Launcher and marker: that nothing has to be looked for costs nothing.
    expect(databricks.calls.filter((call) => call === 'writtenAt')).toHaveLength(2);
  });

  test('is looked for where its files were there: what was trained since a restored backup is taken over', async () => {
    const { stage, databricks, backend, run } = await opened();
    backend.start();
    const { run: first } = await ended(stage, run.id);
    // The store is as it was before, and its next run has another number; its files and itself are hours old.
    await stage.db.deleteFrom('runs').execute();
    await stage.clock.pass(5 * 60 * minute, settled);
    const createdAt = stage.clock.now().toISOString();
    const made = await backend.journal.create(repository, newRun(1, { createdAt }), null, system);
    expect([made.isNew, made.run.number]).toEqual([true, 2]);
    const { run: end } = await ended(stage, made.run.id);
    expect(end).toMatchObject({
      state: 'succeeded',
      databricksRunId: '1',
      mlflowRunId: first.mlflowRunId,
      endedAt: first.endedAt,
    });
    // When it was trained, and not when it was found.
    expect(Date.parse(end.startedAt ?? '')).toBe(databricks.started[0]?.startedAt);
    expect(databricks.calls.filter((call) => call === 'submit')).toHaveLength(1);
    expect(databricks.started).toHaveLength(1);
  });

  test('that was forgotten, and is cancelled before it was found, is ended at Databricks', async () => {
    const { stage, databricks, backend, run } = await opened();
    databricks.takesMs = 60 * minute;
    backend.start();
    await stage.clock.pass(10_000, settled);
    expect((await runNow(stage, run.id)).state).toBe('running');
    await stage.db.deleteFrom('runs').execute();
    await stage.clock.pass(30 * minute, settled);
    const createdAt = stage.clock.now().toISOString();
    databricks.fault = (method) => (method === 'findSubmitted' ? down() : null);
    const made = await backend.journal.create(repository, newRun(1, { createdAt }), null, system);
    await stage.clock.pass(10_000, settled);
    expect((await runNow(stage, made.run.id)).state).toBe('uploading');
    databricks.fault = () => null;
    await cancel(backend, made.run);
    await ended(stage, made.run.id);
    expect(databricks.started).toMatchObject([{ id: '1', cancelledAt: expect.any(Number) }]);
  });

  test('is asked for once more when a person wants the same files trained again', async () => {
    const { stage, databricks, backend, run } = await opened();
    backend.start();
    await ended(stage, run.id);
    const again = newRun(1, { token: 'token-1-again', attempt: 2, nonce: 'another' });
    const made = await backend.journal.create(repository, again, null, system);
    expect((await ended(stage, made.run.id)).run).toMatchObject({
      state: 'succeeded',
      databricksRunId: '2',
    });
    expect(databricks.started.map(({ token }) => token)).toEqual(['token-1', 'token-1-again']);
  });

  test('is looked for when another backend may have asked for it, though this one had uploaded its files', async () => {
    const { stage, databricks, backend, run } = await opened();
    const leases = createLeaseStore(stage.db);
    const under = async (holder: string, work: () => Promise<void>) => {
      const lease = await leases.acquire('outbox', holder, 30_000);
      if (!lease) throw new Error('The lease is taken.');
      await underLease({ ...lease, stillHeld: () => true }, work);
    };
    const attempt = { number: 1, signal: new AbortController().signal };
    const payload = { repository: repository.id, run: run.id };
    await under('this', () => backend.submission.upload(payload, attempt));

    const other = startBackend(stage, databricks);
    const stop = atMoments((moment) => moment === 'run.started' && other.die());
    void under('another', () => other.submission.submit(payload, attempt));
    await settled();
    stop();
    expect(databricks.started).toHaveLength(1);
    expect((await runNow(stage, run.id)).state).toBe('uploading');
    stage.clock.advance(minute);

    await under('this', () => backend.submission.submit(payload, attempt));
    expect(await runNow(stage, run.id)).toMatchObject({ state: 'submitted', databricksRunId: '1' });
    expect(databricks.started).toHaveLength(1);
  });

  test.each([
    ['its lease is lost', new LeaseLost('outbox')],
    ['the store cannot be used', new StoreUnavailable('its disk is full', { cause: null })],
    [
      'its lease is lost before a call',
      new DatabricksError(
        { code: 'NO_CONNECTION', status: 0, message: '' },
        { cause: new LeaseLost('outbox') },
      ),
    ],
  ])('goes on after many failures when %s', async (_what, interruption) => {
    for (const [topic, during] of [
      ['upload', 'writeFile'],
      ['submit', 'submit'],
    ] as const) {
      const { stage, databricks, backend, run } = await opened();
      let interrupted = 0;
      databricks.fault = async (method, when) => {
        if (method !== during || when !== 'before' || interrupted > 0) return null;
        interrupted += 1;
        return interruption;
      };
      await stage.db.updateTable('runs').set({ failures: 30 }).execute();
      await stage.db.updateTable('outbox').set({ attempts: 30 }).where('topic', '=', topic).execute();
      backend.start();
      const { run: end } = await ended(stage, run.id, minute);
      expect([interrupted, end.state, end.stateReason]).toEqual([1, 'succeeded', null]);
      expect(databricks.started).toHaveLength(1);
    }
  });

  test('waits without counting while the repository is bound to nothing', async () => {
    let bound = false;
    const { stage, databricks, backend, run } = await opened({}, { bound: () => bound });
    backend.start();
    await stage.clock.pass(10 * minute, settled);
    expect([(await runNow(stage, run.id)).state, databricks.calls]).toEqual(['queued', []]);
    expect(await attemptsOf(stage, 'upload')).toEqual([0]);
    bound = true;
    expect((await ended(stage, run.id)).run.state).toBe('succeeded');
  });
});

describe('a start that cannot be', () => {
  test('ends the run after two hours, with the reason and with its messages; what may have begun is looked for', async () => {
    const { stage, databricks, backend, run } = await opened();
    let broken = true;
    databricks.fault = (method) => (broken && method === 'submit' ? down() : null);
    backend.start();
    await stage.clock.pass(119 * minute, settled);
    expect(await runNow(stage, run.id)).toMatchObject({ state: 'uploading', stateReason: null });
    expect((await attemptsOf(stage, 'submit'))[0]).toBeGreaterThan(15);
    for (let left = 10; left > 0 && !isFinal((await runNow(stage, run.id)).state); left -= 1)
      await stage.clock.pass(minute, settled);
    const end = await runNow(stage, run.id);
    expect(end).toMatchObject({
      state: 'failed',
      stateReason: 'Databricks did not answer as it should for too long: no connection',
    });
    expect((await recorded(stage)).at(-1)).toEqual({ action: 'run.ended', event: 'gave-up' });
    expect((await waiting(stage)).map(({ topic }) => topic)).toEqual(['cancel']);
    broken = false;
    await ended(stage, run.id);
    expect(databricks.started).toEqual([]);
  }, 60_000);

  test.each([
    ['before its files are there', 'writeFile'],
    ['when it is asked for', 'submit'],
  ])('ends it at once when Databricks refuses, %s', async (_when, refusing) => {
    const { stage, databricks, backend, run } = await opened();
    databricks.fault = (method) => (method === refusing ? refused() : null);
    backend.start();
    await stage.clock.pass(1_000, settled);
    expect(await runNow(stage, run.id)).toMatchObject({
      state: 'failed',
      stateReason: 'Databricks refused: no right',
      endedAt: expect.any(String),
    });
    // Nothing can have begun: nothing is looked for.
    expect(await waiting(stage)).toEqual([]);
    expect(databricks.calls).not.toContain('findSubmitted');
  });

  test('is looked for when it is refused after an answer was lost', async () => {
    const { stage, databricks, backend, run } = await opened();
    let submissions = 0;
    databricks.fault = (method, when) => {
      if (method === 'submit' && when === 'after') {
        submissions += 1;
        return down();
      }
      return method === 'findSubmitted' && submissions === 1 ? refused() : null;
    };
    backend.start();
    for (let left = 60; left > 0 && !isFinal((await runNow(stage, run.id)).state); left -= 1)
      await stage.clock.pass(500, settled);
    submissions = 2;
    const { run: end } = await ended(stage, run.id);
    expect(end).toMatchObject({ state: 'failed', stateReason: 'Databricks refused: no right' });
    expect(databricks.started).toHaveLength(1);
    expect(databricks.started[0]?.cancelledAt).not.toBeNull();
  });

  test('never is, for a fork’s commit, a job', async () => {
    const { configuration } = newRun(1);
    const { stage, databricks, backend, run } = await opened({
      trust: 'fork',
      configuration: { ...configuration, train: { kind: 'job', job: 'nightly' } },
    });
    backend.start();
    const { run: end } = await ended(stage, run.id);
    expect(end.stateReason).toContain('A fork cannot train with "job"');
    expect(databricks.calls).toEqual([]);
  });
});

describe('a run that is superseded', () => {
  test.each([
    ['while its files are uploaded', 'writeFile', 0],
    ['while it is asked for', 'submit', 1],
  ])('%s does not go on', async (_when, during, most) => {
    const { stage, databricks, backend, run } = await opened({ trigger: 'pull-request' });
    await stage.stores.runs.linkPull(run.id, repository.id, 3);
    let once = true;
    let superseded = 0;
    databricks.fault = async (method) => {
      if (method === during && once) {
        once = false;
        const runs = await runsOfPull(stage.stores.runs, repository, 3);
        const by = { pull: 3, runs, head: 'another head', reason: 'A newer push replaced it.' };
        superseded = await supersede(backend.journal, repository, by);
      }
      return null;
    };
    backend.start();
    const { run: end } = await ended(stage, run.id);
    expect(superseded).toBe(1);
    expect(end).toMatchObject({ state: 'superseded', cancelRequested: true });
    expect(databricks.started.length).toBeLessThanOrEqual(most);
    // What was started all the same is known, and ended.
    for (const one of databricks.started) expect(one.cancelledAt).not.toBeNull();
    expect(end.databricksRunId).toBe(databricks.started[0]?.id ?? null);
    expect((await recorded(stage)).map(({ event }) => event).at(-1)).toBe('superseded');
  });

  test('while it is looked for is not asked for again', async () => {
    const { stage, databricks, backend, run } = await opened();
    databricks.fault = async (method, when) => {
      if (method === 'submit' && when === 'before') return down();
      if (method === 'findSubmitted') await cancel(backend, run);
      return null;
    };
    backend.start();
    const { run: end } = await ended(stage, run.id);
    expect(end.state).toBe('cancelled');
    expect(databricks.calls.filter((call) => call === 'submit')).toHaveLength(1);
  });

  test('before anything was sent is not sent: its messages are withdrawn', async () => {
    const { stage, databricks, backend, run } = await opened({ trigger: 'pull-request' });
    await stage.stores.runs.linkPull(run.id, repository.id, 3);
    const runs = await runsOfPull(stage.stores.runs, repository, 3);
    const reason = 'Pull request 3 was closed.';
    await supersede(backend.journal, repository, { pull: 3, runs, head: null, reason });
    expect((await waiting(stage)).filter(({ key }) => key.startsWith('run:'))).toEqual([]);
    backend.start();
    await stage.clock.pass(minute, settled);
    expect(databricks.calls).toEqual([]);
  });
});
