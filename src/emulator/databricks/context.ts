import type { DatabaseSync } from 'node:sqlite';
import type { FastifyRequest } from 'fastify';
import type { ProgramRunner } from './execution/program-runner.ts';
import type { FailureRegistry } from './failures.ts';
import type { WorkspaceFiles } from './files/workspace-files.ts';
import type { Tokens } from './identity/tokens.ts';
import type { Permissions } from './permission/permissions.ts';
import type { ServicePrincipalRoles } from './permission/service-principal-roles.ts';
import type { PythonEnvironments } from './python/python-environments.ts';

/** Delays in milliseconds that make the emulator feel like the real thing; all 0 when not given. */
export interface Latency {
  /** Before every REST answer. */
  requestMs: number;
  /** From a serving configuration's acceptance until it is NOT_UPDATING again (loading a model takes its own time on top). */
  servingUpdateMs: number;
  /** A configuration change that moves only traffic. */
  servingTrafficMs: number;
  /** From a run's submission until its first task may start. */
  runStartMs: number;
}

export interface WorkspaceSettings {
  /** Everything that survives a restart lies here. */
  dataDir: string;
  /** Virtual environments by digest of their dependencies; outside dataDir, so that they outlive `--fresh`. */
  pythonCacheDir: string;
  /** Origin without a trailing slash, as clients reach it; known once the workspace listens. */
  host: string;
  accountId: string;
  /** The workspace's number, sent as `x-databricks-org-id`. */
  orgId: string;
  latency: Latency;
  /** Runs that execute at the same time; others wait as QUEUED. */
  maxConcurrentRuns: number;
  /** Milliseconds between SIGTERM and SIGKILL when a program is to end. */
  stopGraceMs: number;
  /** A run that a stop of this process cut off begins again at the next start: a real workspace does not stop. */
  resumeRuns: boolean;
}

/** Pino's calling convention. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
}

/** The run whose token made a request: its `mlflow.databricks.jobID` / `jobRunID` are these. */
export interface RunIdentity {
  /** 0 for a run that was submitted without a job. */
  jobId: number;
  /** The parent run. */
  runId: number;
  taskRunId: number;
  taskKey: string;
  /** Set where the task is a notebook: its object id and path. */
  notebook?: { id: string; path: string };
}

/** Who makes a request. */
export interface Principal {
  /** `run`: a token handed to a job run; it has its run_as principal's grants, but is confined to what training needs. */
  kind: 'admin' | 'user' | 'service-principal' | 'run';
  /** The name that grants, permissions and owners use: an application id, or a user name. */
  name: string;
  /** The SCIM id. */
  id: string;
  displayName: string;
  /** Undefined for users, the admin among them. */
  applicationId: string | undefined;
  /** True only for `kind: 'admin'`: passes every permission check. */
  admin: boolean;
  /** Set for `kind: 'run'`. */
  run: RunIdentity | undefined;
}

/** What every room of the workspace works with. */
export interface WorkspaceContext {
  /** One SQLite file in dataDir. Rooms prefix their tables with their own name. */
  db: DatabaseSync;
  settings: WorkspaceSettings;
  /**
   * Brings a room's tables up to date: the statements that were not applied before run in order, in one
   * transaction. Append to the list, never edit an entry that was released.
   */
  migrate(room: string, statements: readonly string[]): void;
  /** Runs synchronous work in one transaction (nested calls join the outer one); a throw rolls back. */
  transaction<T>(work: () => T): T;
  /** The request's principal. @throws ApiError 401 without a credential, 403 for one that is unknown, expired or confined elsewhere. */
  authorize(request: FastifyRequest): Principal;
  /** Grants and object permissions: the one place that decides. */
  permissions: Permissions;
  /** Roles on service principals: who may run jobs as whom. */
  roles: ServicePrincipalRoles;
  /** Issues access tokens and knows principals by name. */
  tokens: Tokens;
  log: Logger;
  clock: Clock;
  /** Faults that tests inject. */
  failures: FailureRegistry;
  /** The workspace's folders and files; `files.find(path)?.id` is a folder's id for permissions. */
  files: WorkspaceFiles;
  /** Virtual environments for runs and for serving. */
  python: PythonEnvironments;
  /** Runs the code of users. */
  programs: ProgramRunner;
  /** Called on close, before the database closes: end children and timers here. */
  onClose(cleanup: () => Promise<void> | void): void;
}
