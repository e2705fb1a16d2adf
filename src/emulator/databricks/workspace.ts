import { randomInt, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { createApplication } from './application.ts';
import { registerCatalog } from './catalog/routes.ts';
import type { Latency, Logger, WorkspaceContext } from './context.ts';
import { openDatabase } from './database.ts';
import type { ProgramRunner } from './execution/program-runner.ts';
import { createProcessRunner } from './execution/program-runner.ts';
import type { Scheduler } from './execution/scheduler.ts';
import type { FailureRegistry } from './failures.ts';
import { createFailureRegistry } from './failures.ts';
import { registerFaultRoutes } from './faults/fault-routes.ts';
import { registerFiles } from './files/routes.ts';
import { createWorkspaceFiles } from './files/workspace-files.ts';
import { authorizeRequest } from './identity/authorize.ts';
import { registerIdentity } from './identity/routes.ts';
import { adminName, createTokens, identityTables } from './identity/tokens.ts';
import { registerJobs } from './jobs/routes.ts';
import { registerMlflow } from './mlflow/routes.ts';
import { createPermissions, permissionTables } from './permission/permissions.ts';
import { registerPermissions } from './permission/routes.ts';
import { createServicePrincipalRoles, roleTables } from './permission/service-principal-roles.ts';
import { createPythonEnvironments } from './python/python-environments.ts';
import { registerRegistry } from './registry/routes.ts';
import { registerServing } from './serving/routes.ts';

export interface WorkspaceOptions {
  /** Everything that survives a restart; made when absent. */
  dataDir: string;
  /** Where virtual environments are cached by the digest of their dependencies. */
  pythonCacheDir: string;
  log?: Logger;
  latency?: Partial<Latency>;
  /** Default 2. */
  maxConcurrentRuns?: number;
  /** Milliseconds between SIGTERM and SIGKILL when a program is to end; default 5000. */
  stopGraceMs?: number;
  /** Begin again what a stop cut off (default: such a run has failed). */
  resumeRuns?: boolean;
  /** Lets the admin switch on faults at `/test/faults`; for tests only. */
  faultControl?: boolean;
  /** The Python that makes virtual environments; default `python3`. */
  python?: string;
  /** Runs the code of users in another way than as Python processes; for tests that need very many runs. */
  programs?: ProgramRunner;
}

export interface Workspace {
  /** Starts to answer. @returns the origin. @throws when the port is taken. */
  listen(address: { port: number; host?: string }): Promise<string>;
  /** Ends every child process, then the server. What runs is told as failed at the next start. */
  close(): Promise<void>;
  /** Origin as clients reach it, without a trailing slash; empty before `listen`. */
  readonly host: string;
  readonly accountId: string;
  /** The admin's personal access token, kept in dataDir (mode 600). */
  readonly adminToken: string;
  readonly failures: FailureRegistry;
}

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** A Databricks-compatible workspace on loopback, for trying out and for tests. */
export function createWorkspace(options: WorkspaceOptions): Workspace {
  mkdirSync(options.dataDir, { recursive: true, mode: 0o700 });
  const dataDir = realpathSync(options.dataDir);
  const { db, transaction, migrate } = openDatabase(join(dataDir, 'workspace.db'));
  migrate('permission', permissionTables);
  migrate('permission-roles', roleTables);
  migrate('identity', identityTables);
  const clock = { now: () => Date.now() };
  const tokens = createTokens(db, clock);
  const log = options.log ?? silent;
  const cleanups: (() => Promise<void> | void)[] = [];
  const python = createPythonEnvironments({
    cacheDir: resolve(options.pythonCacheDir),
    python: options.python ?? 'python3',
    log,
  });
  const base: Omit<WorkspaceContext, 'files'> = {
    db,
    transaction,
    migrate,
    clock,
    tokens,
    log,
    python,
    programs: options.programs ?? createProcessRunner(python),
    failures: createFailureRegistry(),
    permissions: createPermissions(db),
    roles: createServicePrincipalRoles(db),
    authorize: (request) => authorizeRequest(tokens, request),
    onClose: (cleanup) => cleanups.push(cleanup),
    settings: {
      dataDir,
      pythonCacheDir: resolve(options.pythonCacheDir),
      host: '',
      accountId: kept(dataDir, 'account-id', () => randomUUID()),
      orgId: kept(dataDir, 'workspace-id', () => String(randomInt(1e12, 9e12))),
      latency: { requestMs: 0, servingUpdateMs: 0, servingTrafficMs: 0, runStartMs: 0, ...options.latency },
      maxConcurrentRuns: options.maxConcurrentRuns ?? 2,
      stopGraceMs: options.stopGraceMs ?? 5000,
      resumeRuns: options.resumeRuns ?? false,
    },
  };
  const context: WorkspaceContext = { ...base, files: createWorkspaceFiles(base) };
  context.onClose(() => context.python.close());
  const adminToken = kept(dataDir, 'admin-token', () => tokens.issue(adminName, 'pat'));
  const app = createApplication(context);
  if (options.faultControl) registerFaultRoutes(app, context, context.failures.faults);
  let closing: Promise<void> | undefined;

  return {
    async listen({ port, host = '127.0.0.1' }) {
      const scheduler = registerRooms(app, context);
      await app.listen({ port, host });
      const address = app.server.address();
      if (address === null || typeof address === 'string') throw new Error('the workspace has no TCP port');
      context.settings.host = `http://${host}:${address.port}`;
      await scheduler.start();
      return context.settings.host;
    },
    close() {
      closing ??= (async () => {
        for (const cleanup of cleanups.toReversed()) await cleanup();
        await app.close();
        db.close();
      })();
      return closing;
    },
    get host() {
      return context.settings.host;
    },
    accountId: context.settings.accountId,
    adminToken,
    failures: context.failures,
  };
}

function registerRooms(app: FastifyInstance, context: WorkspaceContext): Scheduler {
  registerIdentity(app, context);
  registerPermissions(app, context);
  registerFiles(app, context);
  registerMlflow(app, context);
  registerCatalog(app, context);
  registerRegistry(app, context);
  registerServing(app, context);
  return registerJobs(app, context);
}

/** A value that is made once and kept in a file which only its owner reads. */
function kept(dataDir: string, name: string, make: () => string): string {
  const path = join(dataDir, name);
  if (existsSync(path)) return readFileSync(path, 'utf8').trim();
  const value = make();
  writeFileSync(path, `${value}\n`, { mode: 0o600 });
  return value;
}
