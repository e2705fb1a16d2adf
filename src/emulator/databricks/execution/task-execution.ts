import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkspaceContext } from '../context.ts';
import { ApiError } from '../errors.ts';
import { parentOf } from '../files/workspace-path.ts';
import type { Outcome } from '../jobs/outcome.ts';
import { notStarted, timedOut } from '../jobs/outcome.ts';
import type { ReferenceValues } from '../jobs/references.ts';
import type { Run, TaskRun } from '../jobs/run-store.ts';
import type { TaskSettings } from '../jobs/settings.ts';
import { PythonEnvironmentError } from '../python/python-environments.ts';
import { taskValuesOf } from './notebook/notebook-output.ts';
import { notebookProgram } from './notebook/notebook-task.ts';
import type { Attempt } from './program.ts';
import { TaskRefusal } from './program.ts';
import { pythonFileProgram } from './python-file.ts';
import { expandRequirements } from './requirements.ts';
import { createRunLog } from './run-log.ts';
import { logPath, workFolder } from './task-log.ts';
import { createWorkTree, WorkTreeError } from './work-tree.ts';

/**
 * Runs one task's Python file or notebook, in a process of its own, and says how it ended; never throws.
 * @param stop aborted with the outcome that the task shall have (cancelled, timed out, workspace stopped).
 * @param onStarted gets the process id once the program runs.
 */
export async function executeTask(
  context: WorkspaceContext,
  run: Run,
  task: TaskRun,
  settings: TaskSettings,
  stop: AbortSignal,
  onStarted: (pid: number) => void,
): Promise<Outcome> {
  const controller = new AbortController();
  const timer =
    settings.timeoutSeconds > 0
      ? setTimeout(() => controller.abort(timedOut(settings.timeoutSeconds)), settings.timeoutSeconds * 1000)
      : undefined;
  const signal = AbortSignal.any([stop, controller.signal]);
  const folder = workFolder(context, task);
  try {
    return await start(context, run, task, settings, signal, folder, onStarted);
  } catch (error) {
    return signal.aborted ? (signal.reason as Outcome) : explain(context, error, task);
  } finally {
    clearTimeout(timer);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function start(
  context: WorkspaceContext,
  run: Run,
  task: TaskRun,
  settings: TaskSettings,
  signal: AbortSignal,
  folder: string,
  onStarted: (pid: number) => void,
): Promise<Outcome> {
  const { files, tokens } = context;
  const log = createRunLog(logPath(context, task));
  const principal = tokens.principalNamed(run.runAs);
  if (!principal)
    return notStarted(
      'UNAUTHORIZED_ERROR',
      'CLIENT_ERROR',
      `Principal ${run.runAs} does not exist or is inactive.`,
    );
  const mayRead = (path: string) => {
    try {
      files.require(
        principal,
        'CAN_READ',
        files.find(path)?.type === 'DIRECTORY' ? path : (parentOf(path) ?? '/'),
      );
      return true;
    } catch {
      return false;
    }
  };
  const values = referenceValues(context, run, task);
  const attempt: Attempt = { context, run, task, settings, values, folder, mayRead };
  const program = settings.notebook
    ? notebookProgram(attempt, settings.notebook)
    : pythonFileProgram(attempt, settings.pythonFile);

  const requirements = await expandRequirements(
    [...settings.dependencies, ...program.requirements],
    files,
    mayRead,
  );
  const environment = await abortable(
    context.programs.prepare(requirements, (line) =>
      context.log.debug({ run: run.id, task: task.key }, line),
    ),
    signal,
  );
  const { args, cwd } = await program.arrange(createWorkTree(context, folder, mayRead));
  signal.throwIfAborted();

  const token = tokens.issue(run.runAs, 'run', {
    run: {
      jobId: run.jobId ?? 0,
      runId: run.id,
      taskRunId: task.id,
      taskKey: task.key,
      ...(program.notebook && { notebook: program.notebook }),
    },
  });
  try {
    const home = join(folder, 'home');
    mkdirSync(home, { recursive: true });
    const child = await context.programs.start({
      command: environment.python,
      args,
      cwd,
      env: taskEnvironment(context, environment.folder, home, token),
      onOutput: (text) => log.append(text),
    });
    onStarted(child.pid);
    const stopChild = () => void child.stop(context.settings.stopGraceMs);
    signal.addEventListener('abort', stopChild, { once: true });
    if (signal.aborted) stopChild();
    const end = await child.ended;
    signal.removeEventListener('abort', stopChild);
    if (signal.aborted) return signal.reason as Outcome;
    if (end.code === 0) return program.outcome(undefined);
    return program.outcome(end.signal ? `signal ${end.signal}` : `exit code ${end.code}`);
  } finally {
    tokens.revoke(token);
  }
}

/** Everything that the program gets to see of its surroundings; nothing is inherited but PATH. */
function taskEnvironment(context: WorkspaceContext, environment: string, home: string, token: string) {
  return {
    PATH: `${join(environment, 'bin')}:${process.env.PATH ?? '/usr/local/bin:/usr/bin:/bin'}`,
    VIRTUAL_ENV: environment,
    HOME: home,
    TMPDIR: home,
    LANG: 'C.UTF-8',
    PYTHONUNBUFFERED: '1',
    PYTHONDONTWRITEBYTECODE: '1',
    DATABRICKS_HOST: context.settings.host,
    DATABRICKS_TOKEN: token,
    MLFLOW_TRACKING_URI: 'databricks',
    MLFLOW_REGISTRY_URI: 'databricks-uc',
    // Its telemetry reaches for the internet, and two of its threads may stumble over each other.
    MLFLOW_DISABLE_TELEMETRY: 'true',
    DO_NOT_TRACK: 'true',
    // mlflow looks for git in the program's folder; without git it would warn in every log.
    GIT_PYTHON_REFRESH: 'quiet',
  };
}

function referenceValues(context: WorkspaceContext, run: Run, task: TaskRun): ReferenceValues {
  return {
    jobId: run.jobId ?? 0,
    jobName: run.settings.name,
    runId: run.id,
    repairCount: task.attempt,
    taskKey: task.key,
    taskRunId: task.id,
    startTime: run.startTime,
    workspaceId: context.settings.orgId,
    workspaceUrl: context.settings.host,
    parameters: run.parameters,
    taskValues: taskValuesOf(context, run, task),
  };
}

/** Waits for work that others may share, but no longer than until the signal. */
async function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = () => reject(new Error('aborted'));
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

function explain(context: WorkspaceContext, error: unknown, task: TaskRun): Outcome {
  if (error instanceof TaskRefusal) return error.outcome;
  if (error instanceof PythonEnvironmentError)
    return error.code === 'LIBRARY_INSTALLATION_ERROR'
      ? notStarted('LIBRARY_INSTALLATION_ERROR', 'CLIENT_ERROR', error.message)
      : notStarted('CLUSTER_ERROR', 'INTERNAL_ERROR', error.message);
  if (error instanceof ApiError || error instanceof WorkTreeError)
    return notStarted('RESOURCE_NOT_FOUND', 'CLIENT_ERROR', error.message);
  context.log.error({ err: error, taskRun: task.id }, 'task could not be executed');
  return notStarted('INTERNAL_ERROR', 'INTERNAL_ERROR', `The task could not be executed: ${String(error)}`);
}
