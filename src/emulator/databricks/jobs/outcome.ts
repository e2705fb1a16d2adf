/** How a run or a task of it ended, in the words of Jobs 2.2 (`ResultState`). */
export type Result =
  | 'SUCCESS'
  | 'SUCCESS_WITH_FAILURES'
  | 'FAILED'
  | 'CANCELED'
  | 'TIMEDOUT'
  | 'UPSTREAM_FAILED'
  | 'UPSTREAM_CANCELED'
  | 'EXCLUDED'
  | 'MAXIMUM_CONCURRENT_RUNS_REACHED';

/** `TerminationCode` of Jobs 2.2, those that the emulator uses. */
export type TerminationCode =
  | 'SUCCESS'
  | 'SUCCESS_WITH_FAILURES'
  | 'RUN_EXECUTION_ERROR'
  | 'USER_CANCELED'
  | 'CANCELED'
  | 'SKIPPED'
  | 'CLUSTER_ERROR'
  | 'INTERNAL_ERROR'
  | 'LIBRARY_INSTALLATION_ERROR'
  | 'MAX_CONCURRENT_RUNS_EXCEEDED'
  | 'RESOURCE_NOT_FOUND'
  | 'UNAUTHORIZED_ERROR';

export interface Outcome {
  result: Result;
  /** The deprecated `life_cycle_state` at the end. */
  lifeCycle: 'TERMINATED' | 'INTERNAL_ERROR' | 'SKIPPED';
  code: TerminationCode;
  type: 'SUCCESS' | 'INTERNAL_ERROR' | 'CLIENT_ERROR' | 'CLOUD_FAILURE';
  message: string;
  /** The last line of what went wrong, and the whole Python trace. */
  error?: string;
  errorTrace?: string;
}

export const succeeded: Outcome = {
  result: 'SUCCESS',
  lifeCycle: 'TERMINATED',
  code: 'SUCCESS',
  type: 'SUCCESS',
  message: '',
};

/** The task's own program failed. */
export const workloadFailed = (error: string, errorTrace: string): Outcome => ({
  result: 'FAILED',
  lifeCycle: 'TERMINATED',
  code: 'RUN_EXECUTION_ERROR',
  type: 'CLIENT_ERROR',
  message: 'Workload failed, see run output for details',
  error,
  errorTrace,
});

/** The task's program could not be started. */
export const notStarted = (code: TerminationCode, type: Outcome['type'], message: string): Outcome => ({
  result: 'FAILED',
  lifeCycle: 'INTERNAL_ERROR',
  code,
  type,
  message,
  error: message,
});

export const cancelled = (message: string): Outcome => ({
  result: 'CANCELED',
  lifeCycle: 'TERMINATED',
  code: 'USER_CANCELED',
  type: 'SUCCESS',
  message,
});

/** The platform cancels what exceeds its time, so the code is CANCELED while the result says TIMEDOUT. */
export const timedOut = (seconds: number): Outcome => ({
  result: 'TIMEDOUT',
  lifeCycle: 'TERMINATED',
  code: 'CANCELED',
  type: 'CLIENT_ERROR',
  message: `Run timed out after ${seconds} seconds.`,
  error: `Run timed out after ${seconds} seconds.`,
});

export const tooManyRuns = (limit: number): Outcome => ({
  result: 'MAXIMUM_CONCURRENT_RUNS_REACHED',
  lifeCycle: 'SKIPPED',
  code: 'MAX_CONCURRENT_RUNS_EXCEEDED',
  type: 'CLIENT_ERROR',
  message: `There is already an active run for this job. The limit of concurrent runs is ${limit}.`,
});

/** The workspace ended while the task ran. */
export const lostProcess: Outcome = notStarted(
  'INTERNAL_ERROR',
  'INTERNAL_ERROR',
  'The workspace stopped while this task was running and its process ended with it. Repair the run or start another one.',
);

const skipped = (result: Result, upstream: string): Outcome => ({
  result,
  lifeCycle: 'TERMINATED',
  code: 'SKIPPED',
  type: 'CLIENT_ERROR',
  message: `Task was not run: upstream task ${upstream}.`,
});

const failures: Result[] = ['FAILED', 'TIMEDOUT', 'UPSTREAM_FAILED'];
const cancellations: Result[] = ['CANCELED', 'UPSTREAM_CANCELED'];

/**
 * Whether a task may run once everything it depends on has ended (Jobs `run_if`).
 * @returns undefined to run it, else the outcome of skipping it.
 */
export function skipReason(
  runIf: string,
  upstream: readonly { key: string; result: Result }[],
): Outcome | undefined {
  const failed = upstream.filter(({ result }) => failures.includes(result));
  const ended = upstream.filter(({ result }) => result === 'SUCCESS');
  const met =
    upstream.length === 0 ||
    {
      ALL_SUCCESS: ended.length === upstream.length,
      AT_LEAST_ONE_SUCCESS: ended.length > 0,
      NONE_FAILED: failed.length === 0,
      ALL_DONE: true,
      AT_LEAST_ONE_FAILED: failed.length > 0,
      ALL_FAILED: failed.length === upstream.length,
    }[runIf];
  if (met) return undefined;
  const [first] = failed;
  if (first) return skipped('UPSTREAM_FAILED', `${first.key} failed`);
  const stopped = upstream.find(({ result }) => cancellations.includes(result));
  if (stopped) return skipped('UPSTREAM_CANCELED', `${stopped.key} was canceled`);
  return skipped('EXCLUDED', `conditions (${runIf}) were not met`);
}

/** A run's outcome from its tasks': the leaves decide, as on Databricks. */
export function combine(
  tasks: readonly { key: string; dependsOn: readonly string[]; outcome: Outcome }[],
): Outcome {
  const failed = tasks.find(({ outcome }) => ['FAILED', 'TIMEDOUT'].includes(outcome.result));
  const leaves = tasks.filter(({ key }) => !tasks.some((other) => other.dependsOn.includes(key)));
  const bad = leaves.some(({ outcome }) => failures.includes(outcome.result));
  if (failed && bad)
    return {
      ...failed.outcome,
      result: failed.outcome.result === 'TIMEDOUT' ? 'TIMEDOUT' : 'FAILED',
      lifeCycle: 'INTERNAL_ERROR',
      message: `Task ${failed.key} failed with message: ${failed.outcome.message}.${leaves.length < tasks.length ? ' This caused all downstream tasks to get skipped.' : ''}`,
    };
  const stopped = leaves.find(({ outcome }) => cancellations.includes(outcome.result));
  if (stopped) return cancelled('Run cancelled.');
  if (failed) return { ...succeeded, result: 'SUCCESS_WITH_FAILURES', code: 'SUCCESS_WITH_FAILURES' };
  return succeeded;
}
