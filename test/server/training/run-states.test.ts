import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Actor } from '../../../src/server/audit/entry.ts';
import type { Happening, RunJournal } from '../../../src/server/training/journal.ts';
import { RunChanged } from '../../../src/server/training/journal.ts';
import { IllegalTransition, objection } from '../../../src/server/training/move.ts';
import type { Run } from '../../../src/server/training/ports.ts';
import type { RunEvent } from '../../../src/server/training/transitions.ts';
import {
  births as birthsOf,
  caredForBy,
  isFinal,
  mayGoOn,
  transitions,
} from '../../../src/server/training/transitions.ts';
import { FakeDatabricks } from './fake-databricks.ts';
import type { SmallStage } from './small-stage.ts';
import {
  newRun,
  openSmallStage,
  passed,
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
    judged: { mlflowRunId: 'm', metrics: { rmse: 0.7 }, verdict: passed },
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

const depth = { name: 'depth', type: 'integer', default: 2 } as const;

const births = fc.record({
  state: fc.constantFrom('waiting' as const, 'queued' as const),
  trust: fc.constantFrom('base' as const, 'fork' as const),
  trigger: fc.constantFrom('push' as const, 'pull-request' as const),
  pull: fc.constantFrom(null, 3),
  /** Its parameters are not those that the repository configuration sets. */
  isExperiment: fc.boolean(),
  train: fc.constantFrom(
    { kind: 'entry' as const, entry: 'train.py', dependencies: null },
    { kind: 'job' as const, job: 'nightly' },
  ),
});

/** Another commit with the same files, which has no run: it shows what the run says. */
const twin = 't'.repeat(40);

interface Word {
  topic: string;
  key: string;
  payload: unknown;
}

/** All that was ever to be told, with what became of it. */
async function words({ db }: SmallStage) {
  const rows = await db
    .selectFrom('outbox')
    .select(['topic', 'key', 'payload', 'state'])
    .where('topic', 'in', ['status', 'report'])
    .orderBy('id')
    .execute();
  return rows.map(({ payload, ...row }) => ({ ...row, payload: JSON.parse(payload) as unknown }));
}

const statuses: Record<Run['state'], { state: string; description: RegExp }> = {
  waiting: { state: 'pending', description: /approve/ },
  queued: { state: 'pending', description: /^Run 1 is queued/ },
  uploading: { state: 'pending', description: /^Run 1 is queued/ },
  submitted: { state: 'pending', description: /^Run 1 trains/ },
  running: { state: 'pending', description: /^Run 1 trains/ },
  evaluating: { state: 'pending', description: /^Run 1 trains/ },
  succeeded: { state: 'success', description: /all gates pass/ },
  failed: { state: 'failure', description: /^Training failed/ },
  'timed-out': { state: 'failure', description: /^Training timed out/ },
  cancelled: { state: 'error', description: /ancelled|Because/ },
  superseded: { state: 'error', description: /uperseded|Because/ },
};

/** The status of each commit that the run speaks for, and the report of each of its pull requests. */
function wordsOf(run: Run, isExperiment: boolean): Word[] {
  const commits = isExperiment ? [] : run.trust === 'base' ? [run.commit, twin] : [run.commit];
  const { state, description } = statuses[run.state];
  // A result without a judgement passes nowhere.
  const isJudged = run.state !== 'succeeded' || run.verdict !== null;
  return [
    ...commits.map((sha) => ({
      topic: 'status',
      key: `status:${repository.id}:${sha}`,
      payload: {
        repository: repository.id,
        sha,
        state: isJudged ? state : 'error',
        description: expect.stringMatching(isJudged ? description : /no verdict/),
        targetUrl: `http://127.0.0.1/runs/${run.id}`,
      },
    })),
    ...run.pulls.map(({ index }) => ({
      topic: 'report',
      key: `report:${repository.id}:${index}`,
      payload: { repository: repository.id, pull: index },
    })),
  ];
}

/** Everything that one transaction may have written. */
async function everything({ db }: SmallStage): Promise<unknown[]> {
  return await Promise.all([
    db.selectFrom('runs').selectAll().execute(),
    db.selectFrom('run_pulls').selectAll().execute(),
    db.selectFrom('commit_trees').selectAll().execute(),
    db.selectFrom('repositories').selectAll().execute(),
    db.selectFrom('audit').selectAll().orderBy('sequence').execute(),
    db.selectFrom('outbox').selectAll().orderBy('id').execute(),
  ]);
}

class OutboxFull extends Error {}

/** The stage with an outbox that takes so many messages and no more. */
function withRoomFor(messages: number, stage: SmallStage): SmallStage {
  const { transactor } = stage;
  const limited: typeof transactor = {
    stores: transactor.stores,
    transaction: (work) =>
      transactor.transaction((stores) => {
        let room = messages;
        const { outbox } = stores;
        const enqueue: typeof outbox.enqueue = async (...message) => {
          room -= 1;
          if (room < 0) throw new OutboxFull();
          await outbox.enqueue(...message);
        };
        return work({ ...stores, outbox: { ...outbox, enqueue } });
      }),
  };
  return { ...stage, transactor: limited };
}

/**
 * Does something with room for no message, for one, for two, … until it succeeds. Each time before that nothing at all may
 * have been written.
 *
 * @returns how many messages it took
 */
async function untilThereIsRoom<T>(
  stage: SmallStage,
  act: (journal: RunJournal) => Promise<T>,
): Promise<{ done: T; messages: number }> {
  const before = await everything(stage);
  for (let messages = 0; ; messages += 1) {
    const { journal } = startBackend(withRoomFor(messages, stage), new FakeDatabricks(stage.clock));
    try {
      return { done: await act(journal), messages };
    } catch (error) {
      if (!(error instanceof OutboxFull)) throw error;
      expect(await everything(stage)).toEqual(before);
    }
  }
}

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

test('whatever happens in whatever order: only the table moves a run, each move is recorded once and sends what it says, all of it or nothing', async () => {
  let moves = 0;
  let refusals = 0;
  let rows = 0;
  const seen = new Set<RunEvent>();
  await fc.assert(
    fc.asyncProperty(births, steps, async ({ pull, train, isExperiment, ...birth }, all) => {
      const stage = await openSmallStage();
      await stage.stores.runs.rememberTree(repository.id, twin, 'tree-1');
      const configuration = { ...newRun(1).configuration, train, parameters: [depth] };
      const asked = newRun(1, { ...birth, configuration, parameters: { depth: isExperiment ? 9 : 2 } });
      const birthday = await untilThereIsRoom(stage, (journal) =>
        journal.create(repository, asked, pull, system),
      );
      const born = birthday.done.run;
      const first = wordsOf(born, isExperiment);
      expect(await words(stage)).toEqual(first.map((word) => ({ ...word, state: 'pending' })));
      expect(birthday.messages).toBe(first.length + (birth.state === 'queued' ? 1 : 0));
      expect(birthsOf[birth.state].sends).toEqual(birth.state === 'queued' ? ['tell', 'upload'] : ['tell']);
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
        const toldBefore = await words(stage);
        let messages = 0;
        const outcome = await untilThereIsRoom(stage, (journal) =>
          journal.record(repository, run, event, told),
        ).then(
          (made) => {
            messages = made.messages;
            return made.done;
          },
          (error: unknown) => {
            if (error instanceof RunChanged || error instanceof IllegalTransition) return error;
            throw error;
          },
        );
        const now = await runNow(stage, born.id);
        if (why !== null || linked.version !== run.version) {
          refusals += 1;
          expect(outcome).toBeInstanceOf(why === null ? RunChanged : IllegalTransition);
          expect(now).toEqual(linked);
          expect(await topicsOf(stage, run)).toEqual(before);
          expect(await words(stage)).toEqual(toldBefore);
        } else {
          moves += 1;
          seen.add(event);
          const { to, audit, sends } = transitions[event];
          expect(now).toMatchObject({ state: to, version: run.version + 1 });
          expect((await recorded(stage)).slice(entries)).toEqual([{ action: audit, event }]);
          const cancels = (await topicsOf(stage, run)).includes('cancel');
          const isCancelled = sends.includes('cancel') && mayGoOn(run);
          expect(cancels).toBe(isCancelled);
          const said = sends.includes('tell') ? wordsOf(now, isExperiment) : [];
          const others = sends.filter((sending) => sending !== 'tell' && sending !== 'cancel').length;
          expect(messages).toBe(said.length + others + (isCancelled ? 1 : 0));
          const all = await words(stage);
          expect(all.slice(toldBefore.length)).toEqual(said.map((word) => ({ ...word, state: 'pending' })));
          // What was to be said before is pointless where there is something newer about the same, and waits elsewhere.
          const newer = new Set(said.map(({ key }) => key));
          expect(all.slice(0, toldBefore.length)).toEqual(
            toldBefore.map((word) => (newer.has(word.key) ? { ...word, state: 'superseded' } : word)),
          );
          rows += said.length;
          entries += 1;
        }
        expect(await recorded(stage)).toHaveLength(entries);
        await expectSound(stage, now);
      }
      await stage.close();
    }),
    { numRuns: 200, seed: 6 },
  );
  // The walk is worth something only where it gets everywhere.
  expect(Math.min(refusals, moves, rows)).toBeGreaterThan(200);
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
