import type { Task } from '../../contract/run.ts';
import type { Act, Role } from '../identity/role.ts';
import type { BoundRepository } from '../permission/bound-repository.ts';

/** On whose behalf a call is made. With an act it changes something and carries the act's claims. */
export interface CallAs {
  repository: BoundRepository;
  role: Role;
  act?: Act;
}

/** A run as the workspace tells it. */
export interface RemoteRun {
  id: string;
  url: string | null;
  phase: 'waiting' | 'running' | 'ended';
  /** Once it ended. */
  result: 'succeeded' | 'failed' | 'cancelled' | 'timed-out' | null;
  /** The workspace's own words about the end. */
  message: string;
  /** Milliseconds since the epoch; null: not started. */
  startedAt: number | null;
  endedAt: number | null;
  tasks: (Task & { runId: string })[];
}

export interface RemoteOutput {
  logs: string;
  truncated: boolean;
  error: string | null;
  trace: string | null;
}

export interface Submission {
  /** Ends with the idempotency token, so that the run can be found again. */
  name: string;
  token: string;
  timeoutSeconds: number;
  /** Workspace path of the launcher. */
  pythonFile: string;
  parameters: string[];
  /** Requirement lines; `-r <workspace path>` is one. */
  dependencies: string[];
}

export interface MlflowRun {
  id: string;
  parent: string | null;
  metrics: Record<string, number | null>;
  parameters: Record<string, string>;
}

export interface HistoryPoint {
  step: number;
  value: number | null;
}

/** Port: what training does in a workspace. Every method rejects with a DatabricksError. */
export interface TrainingWorkspace {
  /**
   * Creates the experiment (and its folder) when it is missing. @returns its id
   *
   * @param writer application id that may log there beside whoever creates it: a fork's principal has no right to any
   *   folder of its own
   */
  ensureExperiment(as: CallAs, name: string, writer?: string): Promise<string>;
  /** When a file was written, by the workspace's clock (milliseconds; 0: it does not say). null: it is not there */
  writtenAt(as: CallAs, path: string): Promise<number | null>;
  makeFolders(as: CallAs, paths: readonly string[]): Promise<void>;
  /** A file that is there already stays as it is. */
  writeFile(as: CallAs, path: string, content: Uint8Array): Promise<void>;
  submit(as: CallAs, submission: Submission): Promise<string>;
  /** A submitted run by the token in its name, among those started since (milliseconds). null: there is none */
  findSubmitted(as: CallAs, token: string, since: number): Promise<string | null>;
  /**
   * The run that `startJob` may have started, among those since (milliseconds): by its nonce; where the job does
   * not declare one, by the idempotency token, which starts a run when there was none. null: there is none.
   */
  findStarted(
    as: CallAs,
    job: { id: number; token: string; nonce: string },
    since: number,
  ): Promise<string | null>;
  /** Starts an existing job; `optional` parameters are passed where the job declares them, and win. */
  startJob(
    as: CallAs,
    job: { id: number; token: string; parameters: Record<string, string>; optional: Record<string, string> },
  ): Promise<string>;
  /** null: purged or never there */
  run(as: CallAs, id: string): Promise<RemoteRun | null>;
  output(as: CallAs, taskRunId: string): Promise<RemoteOutput>;
  cancel(as: CallAs, id: string): Promise<void>;
  /** MLflow runs of an experiment with this tag value. */
  taggedRuns(as: CallAs, experimentId: string, tag: string, value: string): Promise<MlflowRun[]>;
  history(as: CallAs, mlflowRunId: string, metric: string): Promise<HistoryPoint[]>;
  /** Versions of a registered model with the MLflow run that made each. */
  versions(
    as: CallAs,
    model: string,
  ): Promise<
    {
      version: number;
      mlflowRun: string | null;
      status: 'pending' | 'ready' | 'failed';
      /** When the registry made it, milliseconds since the epoch. */
      createdAt: number;
    }[]
  >;
  artifacts(
    as: CallAs,
    mlflowRunId: string,
  ): Promise<{ path: string; size: number | null; directory: boolean }[]>;
}
