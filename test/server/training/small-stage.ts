import { channel } from 'node:diagnostics_channel';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Verdict } from '../../../src/contract/metric.ts';
import type { Moment } from '../../../src/server/duty/moments.ts';
import { Rounds } from '../../../src/server/duty/rounds.ts';
import type { Forge } from '../../../src/server/gitea/forge.ts';
import { Outbox } from '../../../src/server/outbox/outbox.ts';
import type { BoundRepositories, BoundRepository } from '../../../src/server/permission/bound-repository.ts';
import type { Connection } from '../../../src/server/store/database.ts';
import { openDatabase } from '../../../src/server/store/database.ts';
import type { Stores } from '../../../src/server/store/stores.ts';
import { createStores } from '../../../src/server/store/stores.ts';
import type { Transactor } from '../../../src/server/store/transactor.ts';
import { createTransactor } from '../../../src/server/store/transactor.ts';
import { RunDriver } from '../../../src/server/training/driver.ts';
import type { Evaluation } from '../../../src/server/training/evaluation.ts';
import { RunJournal } from '../../../src/server/training/journal.ts';
import { createJudging } from '../../../src/server/training/judging.ts';
import type { NewRun, Run } from '../../../src/server/training/ports.ts';
import { createRemoteCancel } from '../../../src/server/training/remote-cancel.ts';
import { Submission } from '../../../src/server/training/submission.ts';
import { createWatching } from '../../../src/server/training/watching.ts';
import type { TrainingWorkspace } from '../../../src/server/training/workspace-port.ts';
import { SimulatedClock } from '../../faults/simulated-clock.ts';
import type { FakeDatabricks } from './fake-databricks.ts';

/** A repository and a clock that tests move; what is not asked for by runs is left out. */
export const repository = {
  id: 8,
  fullName: 'ml/wine',
  owner: 'ml',
  name: 'wine',
  url: 'http://127.0.0.1/ml/wine',
  defaultBranch: 'main',
  productionBranch: 'main',
  binding: {
    id: 'wine',
    experiment: '/Shared/gitea/{repository_id}',
    jobs: { nightly: 7 },
    models: {},
    principals: { trainer: 'trainer', fork: 'fork', releaser: 'releaser' },
  },
  workspace: { name: 'main' },
} as unknown as BoundRepository;

const forge = {
  files: async () =>
    ['train.py', 'data/a.csv', 'data/b.csv'].map((path) => ({ path, mode: '100644', sha: path, size: 3 })),
  blob: async () => new Uint8Array([1]),
} as unknown as Forge;

/** Of whatever is judged here. */
export const passed = {
  outcome: 'pass',
  title: 'All gates pass',
  primary: 'rmse',
  metrics: [],
} as unknown as Verdict;
const evaluation = {
  ofPull: async () => passed,
  ofBranch: async () => passed,
} as unknown as Evaluation;

const never = () => new Promise<never>(() => {});

/** A run that is asked for; each number is another commit. */
export function newRun(number: number, change: Partial<NewRun> = {}): NewRun {
  const commit = String(number).padStart(40, 'c');
  return {
    repositoryId: repository.id,
    token: `token-${number}`,
    commit,
    treeDigest: `tree-${number}`,
    title: 'Fewer trees',
    branch: 'main',
    trigger: 'push',
    trust: 'base',
    attempt: 1,
    state: 'queued',
    stateReason: null,
    actor: null,
    configuration: {
      train: { kind: 'entry', entry: 'train.py', dependencies: null },
      paths: [],
      timeoutSeconds: 600,
      parameters: [],
      model: null,
      metrics: { primary: 'rmse', gates: [] },
      release: { onMerge: 'none' },
    },
    configurationCommit: commit,
    configurationDigest: 'configuration',
    parameters: {},
    parameterDigest: 'parameters',
    principal: 'trainer',
    nonce: `nonce-${number}`,
    modelKey: null,
    createdAt: new Date().toISOString(),
    nextCheckAt: null,
    ...change,
  };
}

/** Lets promises, and the statements of a database in memory, come to rest. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 40; turn += 1) await nextTurn();
}

/** Calls at each moment of the code under test. @returns stops */
export function atMoments(call: (moment: Moment) => void): () => void {
  const moments = channel('gitea-databricks:moment');
  const hear = (message: unknown) => call(message as Moment);
  moments.subscribe(hear);
  return () => moments.unsubscribe(hear);
}

export type SmallStage = Awaited<ReturnType<typeof openSmallStage>>;

/** A database in memory with the repository, and time. */
export async function openSmallStage() {
  const db = await openDatabase(':memory:');
  const clock = new SimulatedClock();
  await db
    .insertInto('repositories')
    .values({
      id: repository.id,
      full_name: repository.fullName,
      url: repository.url,
      default_branch: 'main',
      binding_id: 'wine',
      fixed_at: clock.now().toISOString(),
      seen_head: null,
      configuration: null,
      last_run_number: 0,
    })
    .execute();
  const transactor = createTransactor(db, (connection: Connection) => createStores(connection, clock.now));
  return { db, clock, transactor, stores: transactor.stores, close: () => db.destroy() };
}

/**
 * A backend's rooms about runs over the store of the stage. `die` is a kill: what was not committed is rolled back, and
 * nothing that this backend does afterwards reaches store or workspace.
 */
export function startBackend(
  { clock, transactor: store }: SmallStage,
  databricks: FakeDatabricks,
  options: { bound?: () => boolean } = {},
) {
  let dead = false;
  const transactor: Transactor<Stores> = {
    stores: store.stores,
    async transaction(work) {
      if (dead) return await never();
      try {
        const result = await store.transaction(async (stores) => {
          const made = await work(stores);
          if (dead) throw new Error('killed');
          return made;
        });
        return dead ? await never() : result;
      } catch (error) {
        if (dead) return await never();
        throw error;
      }
    },
  };
  const workspace = new Proxy(databricks.port, {
    get(target, name: keyof TrainingWorkspace) {
      const method = target[name] as (...all: unknown[]) => Promise<unknown>;
      return async (...all: unknown[]) => {
        if (dead) return await never();
        const answer = await method(...all).finally(() => (dead ? never() : undefined));
        return answer;
      };
    },
  });
  const find = async () => (options.bound?.() === false ? null : repository);
  const repositories = { find, current: find } as unknown as BoundRepositories;
  const log = { warn() {}, error() {} };
  const { runs } = store.stores;
  const sent: { topic: string; payload: Record<string, unknown> }[] = [];
  const wake = () => {
    outbox.wake();
    watcher.wake();
  };
  const journal = new RunJournal({
    transactor,
    announcer: { announce() {} },
    wake,
    runUrl: (_repository, id) => `http://127.0.0.1/runs/${id}`,
    clock: clock.now,
  });
  const shared = { runs, journal, repositories, workspace, clock: clock.now, log };
  const submission = new Submission({ ...shared, forge, firstLookMs: 250 });
  const driver = new RunDriver({
    ...shared,
    watch: createWatching({
      ...shared,
      pollMs: 1_000,
      usualDurations: async () => null,
      timeOf: () => null,
      beside: () => 0,
    }),
    judge: createJudging({ ...shared, evaluation }),
    pollMs: 1_000,
  });
  const tell = (topic: string) => async (payload: Record<string, unknown>) =>
    void sent.push({ topic, payload });
  const outbox = new Outbox({
    transactor,
    workspaceOf: async () => 'main',
    clock,
    log,
    handlers: {
      status: tell('status'),
      report: tell('report'),
      reaction: tell('reaction'),
      promote: tell('promote'),
      upload: submission.upload,
      submit: submission.submit,
      cancel: createRemoteCancel(shared),
    },
  });
  const watcher = new Rounds({
    clock,
    failed() {},
    longestMs: 1_000,
    async round(now) {
      const { items } = await runs.list(
        { repositoryId: repository.id },
        { sort: { started: 'asc' }, offset: 0, limit: 100 },
      );
      for (const run of items) {
        if (run.nextCheckAt !== null && run.nextCheckAt <= now.toISOString()) await driver.advance(run);
      }
      return null;
    },
  });
  return {
    journal,
    submission,
    outbox,
    sent,
    start() {
      outbox.start();
      watcher.start();
    },
    async stop() {
      await Promise.all([outbox.stop(), watcher.stop()]);
    },
    isDead: () => dead,
    die() {
      dead = true;
      void outbox.stop();
      void watcher.stop();
    },
  };
}

export type SmallBackend = ReturnType<typeof startBackend>;

/** What is recorded of the runs, oldest first. */
export async function recorded({ stores }: SmallStage): Promise<{ action: string; event: unknown }[]> {
  const { items } = await stores.audit.list({ repository: repository.id, before: null, limit: 1_000 });
  return items.map(({ action, detail }) => ({ action, event: detail.event ?? null })).reverse();
}

/** Messages that wait for anything, or were parked. */
export async function waiting({ db }: SmallStage): Promise<{ topic: string; key: string; state: string }[]> {
  return await db
    .selectFrom('outbox')
    .select(['topic', 'key', 'state'])
    .where('state', 'in', ['pending', 'parked'])
    .orderBy('id')
    .execute();
}

/** The run as it is now. */
export async function runNow({ stores }: SmallStage, id: string): Promise<Run> {
  const run = await stores.runs.findById(id);
  if (!run) throw new Error(`There is no run ${id}.`);
  return run;
}
