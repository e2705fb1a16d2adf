/**
 * What training needs from the outside, in its own words. Longer than most modules because it is the room's
 * whole boundary: the forge, the workspace and the store each implement one interface.
 */

import type { Verdict } from '../../contract/metric.ts';
import type { Person } from '../../contract/person.ts';
import type { ConfigurationProblem } from '../../contract/repository.ts';
import type { RunState, RunTrigger, Task } from '../../contract/run.ts';
import type { AuditLog } from '../audit/entry.ts';
import type { CommandStore } from '../command/ports.ts';
import type { RepositoryConfiguration } from '../config/repository-configuration.ts';
import type { OutboxStore } from '../outbox/ports.ts';
import type { Move } from './move.ts';

export type Trust = 'base' | 'fork';

/** The repository configuration as read from the head of the default branch. */
export type ConfigurationRecord =
  | { state: 'ok'; commit: string; digest: string; configuration: RepositoryConfiguration }
  | { state: 'missing'; commit: string | null }
  | { state: 'invalid'; commit: string; digest: string; problems: ConfigurationProblem[] };

/** Why a run failed, with the end of the failing task's error trace. */
export interface RunError {
  task: string | null;
  message: string;
  trace: string | null;
}

/** Metric over steps, thinned to at most 2,000 points. */
export interface Series {
  steps: number[];
  values: (number | null)[];
  thinned: boolean;
}

/** A training run as the store keeps it. Times are ISO 8601 UTC. */
export interface Run {
  id: string;
  repositoryId: number;
  number: number;
  /** The idempotency token: sha-256 of the run's key. */
  token: string;
  commit: string;
  /** sha-256 of the commit's files (path, mode, blob): equal files have an equal one. */
  treeDigest: string;
  title: string;
  branch: string | null;
  trigger: RunTrigger;
  trust: Trust;
  attempt: number;
  state: RunState;
  stateReason: string | null;
  actor: Person | null;
  configuration: RepositoryConfiguration;
  configurationCommit: string;
  configurationDigest: string;
  parameters: Record<string, string | number | boolean>;
  parameterDigest: string;
  principal: string | null;
  /** Random; tags the MLflow runs that belong to this run. */
  nonce: string;
  snapshot: string | null;
  job: string | null;
  databricksRunId: string | null;
  databricksUrl: string | null;
  experimentId: string | null;
  mlflowRunId: string | null;
  modelKey: string | null;
  modelVersion: number | null;
  metrics: Record<string, number | null> | null;
  loggedParameters: Record<string, string> | null;
  /** Metrics with more than one step; the histories themselves are read separately. */
  historyMetrics: string[];
  /** The primary metric while training, at most 24 values. */
  curve: number[];
  tasks: Task[];
  error: RunError | null;
  verdict: Verdict | null;
  cancelRequested: boolean;
  version: number;
  createdAt: string;
  startedAt: string | null;
  endedAt: string | null;
  nextCheckAt: string | null;
  failures: number;
  /** The pull requests it belongs to, each with its own verdict. */
  pulls: { index: number; verdict: Verdict | null }[];
}

export type NewRun = Omit<
  Run,
  | 'id'
  | 'state'
  | 'number'
  | 'pulls'
  | 'version'
  | 'snapshot'
  | 'job'
  | 'databricksRunId'
  | 'databricksUrl'
  | 'experimentId'
  | 'mlflowRunId'
  | 'modelVersion'
  | 'metrics'
  | 'loggedParameters'
  | 'historyMetrics'
  | 'curve'
  | 'tasks'
  | 'error'
  | 'verdict'
  | 'cancelRequested'
  | 'startedAt'
  | 'endedAt'
  | 'failures'
> & { state: 'waiting' | 'queued' };

/** What may be written to a run. Its state, and when it began and ended, follow from a {@link Move} alone. */
export type RunChange = Partial<
  Omit<
    Run,
    'id' | 'version' | 'pulls' | 'repositoryId' | 'number' | 'token' | 'state' | 'startedAt' | 'endedAt'
  >
>;

export interface RunFilter {
  repositoryId: number;
  states?: readonly RunState[];
  branch?: string;
  pull?: number;
  actor?: string;
  /** Part of the title, start of the commit, or the number. */
  text?: string;
}

export interface RunStore {
  /** Gives the run the repository's next number. @returns null when a run with this token exists. */
  create(run: NewRun): Promise<Run | null>;
  find(repositoryId: number, id: string): Promise<Run | null>;
  findByToken(token: string): Promise<Run | null>;
  findById(id: string): Promise<Run | null>;
  /**
   * Changes the run only if it still has this version, and counts the version up.
   * @returns false when somebody else changed it in between.
   */
  update(id: string, version: number, change: RunChange): Promise<boolean>;
  /** Like `update`, and moves the run to its next state. */
  move(id: string, version: number, move: Move, change: RunChange): Promise<boolean>;
  /** A new link counts the run's version up. */
  linkPull(runId: string, repositoryId: number, index: number): Promise<void>;
  /** Frozen, thinned histories by metric. */
  histories(id: string): Promise<Record<string, Series>>;
  saveHistories(id: string, histories: Record<string, Series>): Promise<void>;
  setPullVerdict(runId: string, index: number, verdict: Verdict): Promise<void>;
  /** Newest first. */
  ofPull(repositoryId: number, index: number, limit: number): Promise<Run[]>;
  /** Newest first. */
  ofCommit(repositoryId: number, commit: string): Promise<Run[]>;
  /** Newest first: runs of commits with these files. */
  ofTree(repositoryId: number, treeDigest: string): Promise<Run[]>;
  /** Files of a commit that was looked at; null: not looked at. */
  treeOf(repositoryId: number, commit: string): Promise<string | null>;
  /** Commits that are known to have these files and were not trained themselves: merge commits of trained heads. */
  commitsWithoutRun(repositoryId: number, treeDigest: string): Promise<string[]>;
  rememberTree(repositoryId: number, commit: string, treeDigest: string): Promise<void>;
  /** The run that was given this version first: a later one that names it, too, changes nothing. */
  ofVersion(repositoryId: number, modelKey: string, version: number): Promise<Run | null>;
  /** The run whose result was read from this MLflow run, first. */
  ofMlflowRun(repositoryId: number, mlflowRunId: string): Promise<Run | null>;
  highestAttempt(key: RunIdentity): Promise<number>;
  /**
   * Due for a look of the driver, oldest first: runs of the repositories that these bindings (ids) cover. One that waits
   * for longer than any pause is due, too: the clock was set back. `now` is ISO 8601.
   */
  due(now: string, limit: number, bindings: readonly string[]): Promise<Run[]>;
  /** The earliest time after `now` (ISO 8601; '': ever) at which one of them wants a look. */
  nextDue(now: string, bindings: readonly string[]): Promise<string | null>;
  /**
   * Runs that stand still: in care of the watcher with no moment at which it looks again, or of the outbox with no
   * message that waits or is parked. Oldest first.
   */
  unattended(limit: number): Promise<Run[]>;
  /**
   * One page of runs, by age or by a metric (`lower`: the lowest first; runs without the metric last).
   */
  list(
    filter: RunFilter,
    page: {
      sort: { started: 'asc' | 'desc' } | { metric: string; direction: 'lower' | 'higher' };
      offset: number;
      limit: number;
    },
  ): Promise<{ items: Run[]; total: number }>;
  counts(repositoryId: number): Promise<{ runs: number; active: number }>;
}

/** What makes two runs attempts of the same thing. */
export interface RunIdentity {
  repositoryId: number;
  commit: string;
  configurationDigest: string;
  parameterDigest: string;
  trust: Trust;
}

/** What is remembered per repository. */
export interface RepositoryMemoryStore {
  seenHead(repositoryId: number): Promise<string | null>;
  rememberHead(repositoryId: number, head: string): Promise<void>;
  configuration(repositoryId: number): Promise<ConfigurationRecord | null>;
  rememberConfiguration(repositoryId: number, record: ConfigurationRecord): Promise<void>;
}

/** The stores that training writes in one transaction. */
export interface TrainingStores {
  runs: RunStore;
  outbox: OutboxStore;
  audit: AuditLog;
  memory: RepositoryMemoryStore;
  /** A command is answered in the transaction of what it did. */
  commands: Pick<CommandStore, 'add'>;
}
