import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Actor } from '../../../src/server/audit/entry.ts';
import type { Happening } from '../../../src/server/training/journal.ts';
import { RunChanged } from '../../../src/server/training/journal.ts';
import { IllegalTransition, objection } from '../../../src/server/training/move.ts';
import type { Run } from '../../../src/server/training/ports.ts';
import type { RunEvent } from '../../../src/server/training/transitions.ts';
import { caredForBy, isFinal, mayGoOn, transitions } from '../../../src/server/training/transitions.ts';
import { FakeDatabricks } from './fake-databricks.ts';
import type { SmallStage } from './small-stage.ts';
import {
  newRun,
  openSmallStage,
  recorded,
  repository,
  runNow,
  startBackend,
  waiting,
} from './small-stage.ts';

const hour = 3_600_000;
const person = { kind: 'person', id: 2, name: 'wendy' } as const;
const system: Actor = { kind: 'system', name: 'training' };

/** What may be known when something happens: enough for every guard, and too little for it. */
const happenings = fc.record({
  actor: fc.constantFrom<Actor>(person, system),
  change: fc.record(
    {
      stateReason: fc.constantFrom('Cancelled by wendy.', null),
      snapshot: fc.constant('/Workspace/snapshot'),
      experimentId: fc.constant('1'),
      databricksRunId: fc.constant('77'),
      mlflowRunId: fc.constant('m'),
      metrics: fc.constant({ rmse: 0.7 }),
      nextCheckAt: fc.constantFrom('2030-01-01T00:00:00.000Z', null),
    },
    { requiredKeys: [] },
  ),
  pull: fc.constantFrom(3, 4),
});

/** What is known when all goes as it should. */
function fitting(event: RunEvent): Happening {
  const brought: Partial<Record<RunEvent, Happening['change']>> = {
    uploaded: { snapshot: '/Workspace/snapshot', experimentId: '1' },
    started: { databricksRunId: '77' },
    judged: { mlflowRunId: 'm', metrics: { rmse: 0.7 } },
  };
  return { actor: person, change: { stateReason: 'Because.', ...brought[event] } };
}

const events = Object.keys(transitions) as RunEvent[];
const steps = fc.array(
  fc.record({
    /** A happening of any kind, or one of those that the run's state allows, with all that belongs to it. */
    any: fc.record({ event: fc.constantFrom(...events), happening: happenings }),
    fits: fc.option(fc.nat(), { freq: 3 }),
    /** How long after the step before, milliseconds. */
    later: fc.constantFrom(1_000, hour, 30 * hour),
    /** Another pull request is linked in between; the run as it was read is an old one then. */
    stale: fc.integer({ min: 0, max: 9 }).map((dice) => dice === 0),
  }),
  { minLength: 10, maxLength: 30 },
);

const births = fc.record({
  state: fc.constantFrom('waiting' as const, 'queued' as const),
  trust: fc.constantFrom('base' as const, 'fork' as const),
  trigger: fc.constantFrom('push' as const, 'pull-request' as const),
  pull: fc.constantFrom(null, 3),
  train: fc.constantFrom(
    { kind: 'entry' as const, entry: 'train.py', dependencies: null },
    { kind: 'job' as const, job: 'nightly' },
  ),
});

async function topicsOf(stage: SmallStage, run: Run): Promise<string[]> {
  return (await waiting(stage)).filter(({ key }) => key === `run:${run.id}`).map(({ topic }) => topic);
}

/** What must hold of every run at any time. */
async function expectSound(stage: SmallStage, run: Run): Promise<void> {
  const topics = await topicsOf(stage, run);
  expect(run.endedAt !== null).toBe(isFinal(run.state));
  expect(run.nextCheckAt !== null).toBe(caredForBy(run.state) === 'watcher');
  if (run.state === 'queued') expect(topics).toContain('upload');
  if (run.state === 'uploading') expect(topics.at(-1)).toBe(run.snapshot === null ? 'upload' : 'submit');
  if (isFinal(run.state) || run.state === 'waiting') {
    expect(topics.filter((topic) => topic !== 'cancel')).toEqual([]);
  }
  if (run.state === 'succeeded') expect([run.metrics, run.mlflowRunId]).not.toContain(null);
}

test('whatever happens in whatever order: only the table moves a run, each move is recorded once and sends what it says', async () => {
  let moves = 0;
  let refusals = 0;
  const seen = new Set<RunEvent>();
  await fc.assert(
    fc.asyncProperty(births, steps, async ({ pull, train, ...birth }, all) => {
      const stage = await openSmallStage();
      const { journal } = startBackend(stage, new FakeDatabricks(stage.clock));
      const configuration = { ...newRun(1).configuration, train };
      const { run: born } = await journal.create(
        repository,
        newRun(1, { ...birth, configuration }),
        pull,
        system,
      );
      await expectSound(stage, born);
      let entries = (await recorded(stage)).length;
      let ended = 0;
      for (const { any, fits, later, stale } of all) {
        stage.clock.advance(later);
        const run = await runNow(stage, born.id);
        if (isFinal(run.state)) ended += 1;
        if (ended > 3) break;
        // Ends are rarer than steps: a walk should get far.
        const possible = events
          .filter((one) => transitions[one].from.includes(run.state))
          .flatMap((one) => (isFinal(transitions[one].to) ? [one] : Array<RunEvent>(5).fill(one)));
        const chosen = fits === null ? undefined : possible[fits % possible.length];
        const event = chosen ?? any.event;
        const told: Happening = chosen ? fitting(chosen) : any.happening;
        const { change = {}, actor = system, pull: other } = told;
        const facts = {
          change,
          actor,
          at: stage.clock.now(),
          ...(other !== undefined && { pull: other }),
        };
        const why = objection(run, event, facts);
        if (stale) await stage.stores.runs.linkPull(run.id, repository.id, 5);
        const linked = await runNow(stage, born.id);
        const before = await topicsOf(stage, run);
        const outcome = await journal.record(repository, run, event, told).catch((error: unknown) => error);
        const now = await runNow(stage, born.id);
        if (why !== null || linked.version !== run.version) {
          refusals += 1;
          expect(outcome).toBeInstanceOf(why === null ? RunChanged : IllegalTransition);
          expect(now).toEqual(linked);
          expect(await topicsOf(stage, run)).toEqual(before);
        } else {
          moves += 1;
          seen.add(event);
          const { to, audit, sends } = transitions[event];
          expect(now).toMatchObject({ state: to, version: run.version + 1 });
          expect((await recorded(stage)).slice(entries)).toEqual([{ action: audit, event }]);
          const cancels = (await topicsOf(stage, run)).includes('cancel');
          expect(cancels).toBe(sends.includes('cancel') && mayGoOn(run));
          entries += 1;
        }
        expect(await recorded(stage)).toHaveLength(entries);
        await expectSound(stage, now);
      }
      await stage.close();
    }),
    { numRuns: 300, seed: 6 },
  );
  // The walk is worth something only where it gets everywhere.
  expect(Math.min(refusals, moves)).toBeGreaterThan(200);
  expect([...seen].sort()).toEqual(events.sort());
}, 120_000);

test('an event that is insisted on happens to the run as it is by then, or not at all', async () => {
  const stage = await openSmallStage();
  const { journal } = startBackend(stage, new FakeDatabricks(stage.clock));
  const { run } = await journal.create(repository, newRun(1, { trigger: 'pull-request' }), 3, system);
  const reason = { change: { stateReason: 'Pull request 3 was closed.' }, pull: 3 };
  let looks = 0;
  const superseded = await journal.insist(repository, run.id, 'superseded', () => {
    looks += 1;
    return reason;
  });
  expect([looks, superseded?.state]).toEqual([1, 'superseded']);
  expect(await journal.insist(repository, run.id, 'cancelled-by-person', { actor: person })).toBeNull();

  const { run: shared } = await journal.create(repository, newRun(2, { trigger: 'pull-request' }), 3, system);
  await stage.stores.runs.linkPull(shared.id, repository.id, 4);
  expect(await journal.insist(repository, shared.id, 'superseded', reason)).toBeNull();
  expect((await runNow(stage, shared.id)).state).toBe('queued');
  await stage.close();
});

test('a run of which an earlier version had not told the outbox is handed over once, and looked for first', async () => {
  const stage = await openSmallStage();
  const databricks = new FakeDatabricks(stage.clock);
  const { journal } = startBackend(stage, databricks);
  const { run } = await journal.create(repository, newRun(1), null, system);
  await stage.db.deleteFrom('outbox').execute();
  await stage.stores.runs.update(run.id, run.version, { nextCheckAt: stage.clock.now().toISOString() });
  const backend = startBackend(stage, databricks);
  backend.start();
  await stage.clock.pass(20_000, async () => await new Promise((resolve) => setTimeout(resolve, 20)));
  expect((await runNow(stage, run.id)).state).toBe('succeeded');
  expect(databricks.started).toHaveLength(1);
  expect(databricks.calls.filter((call) => call === 'findSubmitted')).toHaveLength(1);
  await backend.stop();
  await stage.close();
});
