import type { Comments } from '../command/ports.ts';
import type { Binding } from '../config/server-configuration.ts';
import type { Clock } from '../duty/clock.ts';
import { systemClock } from '../duty/clock.ts';
import type { Duty } from '../duty/keeper.ts';
import type { Announcer } from '../events/announcer.ts';
import type { Forge } from '../gitea/forge.ts';
import type { Champions } from '../metrics/ports.ts';
import type { Answering } from '../outbox/destinations.ts';
import type { BoundRepositories } from '../permission/bound-repository.ts';
import type { Transactor } from '../store/transactor.ts';
import type { Intent } from '../webhook/decide.ts';
import { RunActionsService } from './actions.ts';
import type { Configurations } from './configurations.ts';
import { RunDriver } from './driver.ts';
import { createEvaluation, createMeasuredRuns } from './evaluation.ts';
import { RunJournal } from './journal.ts';
import { createJudging } from './judging.ts';
import type { RepositoryCheck } from './look.ts';
import { MissedHeads } from './missed-heads.ts';
import type { NonceOf } from './new-run.ts';
import { createRunFactory } from './new-run.ts';
import type { TrainingStores } from './ports.ts';
import { Reconciler } from './reconciler.ts';
import { createRemoteCancel } from './remote-cancel.ts';
import { runUrl } from './run-url.ts';
import { StrandedRuns } from './stranded-runs.ts';
import { Submission } from './submission.ts';
import { Triggers } from './triggers.ts';
import { createUsualDurations } from './usual-durations.ts';
import { Watcher } from './watcher.ts';
import { createWatching } from './watching.ts';
import type { TrainingWorkspace } from './workspace-port.ts';

export interface TrainingDependencies {
  transactor: Transactor<TrainingStores>;
  repositories: BoundRepositories;
  forge: Forge;
  workspace: TrainingWorkspace;
  /** Of the configuration: each workspace that one of them names gets a watcher. */
  bindings: readonly Pick<Binding, 'id' | 'workspace'>[];
  /** Whether a workspace answers; each is taken to, where this is left out. */
  answering?: (workspace: string) => Answering;
  /** What time it is in a workspace, where that is known. */
  timeOf?: (workspace: string) => Date | null;
  nonceOf: NonceOf;
  configurations: Configurations;
  champions: Champions;
  announcer: Announcer;
  /** Of the outbox. */
  wakeOutbox: () => void;
  /** Wakes the watcher of a workspace in whichever backend it runs; by default the one here. */
  wakeWatcher?: (workspace: string) => void;
  log: {
    info(fields: object, message: string): void;
    warn(fields: object, message: string): void;
    error(fields: object, message: string): void;
  };
  clock?: Clock;
  /** Pause between two looks at a young run, milliseconds: 5000 at most (see pace.ts, outbox/due.ts). Default 1000. */
  pollMs?: number;
  /** Pause between two comparisons with Gitea, milliseconds. Default 3 minutes. */
  reconcileMs?: number;
  comments: Pick<Comments, 'changedSince'>;
  /** What other rooms compare with Gitea. */
  checks: readonly RepositoryCheck[];
}

/** The room's parts, wired to each other. Nothing runs before its duties are started. */
export function createTraining(dependencies: TrainingDependencies) {
  const { transactor, repositories, forge, workspace, configurations, log } = dependencies;
  const { clock: time = systemClock } = dependencies;
  const clock = time.now;
  const { stores } = transactor;
  const { runs } = stores;
  /** Whoever looks at a run's page is told, and whoever watches its workspace. */
  const announcer: Announcer = {
    announce(change) {
      dependencies.announcer.announce(change);
      if (change.kind === 'run') wakeWatcherOf(change.repository);
    },
  };
  const journal = new RunJournal({ transactor, announcer, wake: dependencies.wakeOutbox, runUrl, clock });
  const evaluation = createEvaluation({
    forge,
    champions: dependencies.champions,
    runs: createMeasuredRuns(runs),
  });
  const factory = createRunFactory({ forge, runs, journal, nonceOf: dependencies.nonceOf, clock });
  const pollMs = dependencies.pollMs ?? 1_000;
  const submission = new Submission({
    runs,
    journal,
    repositories,
    forge,
    workspace,
    clock,
    firstLookMs: Math.min(pollMs, 250),
    log,
  });
  const driver = new RunDriver({
    runs,
    journal,
    repositories,
    watch: createWatching({
      journal,
      workspace,
      clock,
      pollMs,
      usualDurations: createUsualDurations(runs, time),
      timeOf: dependencies.timeOf ?? (() => null),
      beside: (name) => watchers.get(name)?.size ?? 0,
      log,
    }),
    judge: createJudging({ runs, journal, workspace, evaluation }),
    clock,
    pollMs,
    log,
  });
  const watched = Map.groupBy(dependencies.bindings, (binding) => binding.workspace);
  const watchers = new Map<string, Watcher>();
  for (const [name, bindings] of watched) {
    const watcher = new Watcher({
      bindings: bindings.map(({ id }) => id),
      runs,
      advance: (run) => driver.advance(run),
      answering: dependencies.answering?.(name),
      clock: time,
      log,
    });
    watchers.set(name, watcher);
  }
  const wakeWatcher = dependencies.wakeWatcher ?? ((name) => watchers.get(name)?.wake());
  const wakeWatcherOf = (repositoryId: number) => {
    repositories.find(repositoryId).then(
      (repository) => repository && wakeWatcher(repository.workspace.name),
      (err: unknown) => log.warn({ err }, 'a watcher was not woken; it looks within a minute'),
    );
  };
  const wake = () => {
    for (const name of watchers.keys()) wakeWatcher(name);
    dependencies.wakeOutbox();
  };
  const triggers = new Triggers({
    transactor,
    repositories,
    forge,
    configurations,
    factory,
    journal,
    evaluation,
    wake,
    pullUrl: (repository, index) => `${repository.url}/pulls/${index}`,
    repositoryUrl: (repository) => `${repository.url}?tab=databricks`,
  });
  const reconciler = new Reconciler({
    repositories,
    forge,
    comments: dependencies.comments,
    runs,
    ownChecks: [new StrandedRuns({ runs, journal, wake, log })],
    checks: [new MissedHeads({ forge, triggers, stores, log }), ...dependencies.checks],
    everyMs: dependencies.reconcileMs ?? 180_000,
    clock: time,
    log,
  });
  const actions = new RunActionsService({ runs, forge, configurations, factory, journal, wake });

  return {
    actions,
    reconciler,
    /** By the names of their leases: `reconciler`, and a watcher as `workspace:<name>` for each. */
    duties: {
      reconciler,
      ...Object.fromEntries([...watchers].map(([name, watcher]) => [`workspace:${name}`, watcher])),
    } satisfies Record<string, Duty>,
    /** Looks at the runs that are due, now. */
    wake,
    /** Acts on a delivery. @returns what came of it, in words */
    async handle(intent: Exclude<Intent, { kind: 'ignore' | 'command' }>): Promise<string> {
      const repository = await triggers.repository(intent.repositoryId);
      if (!repository) return 'not bound';
      const actor = { kind: 'webhook', name: 'gitea' } as const;
      switch (intent.kind) {
        case 'branch-moved':
          return await triggers.branchMoved(repository, { ...intent, actor });
        case 'pull-changed':
          return await triggers.pullChanged(repository, intent.index, actor);
        case 'pull-closed':
          return await triggers.pullClosed(repository, intent.index);
      }
    },
    /** Handlers of the outbox's topics about runs. */
    messages: {
      upload: submission.upload,
      submit: submission.submit,
      cancel: createRemoteCancel({ runs, repositories, workspace, clock }),
    },
  };
}

export type Training = ReturnType<typeof createTraining>;
