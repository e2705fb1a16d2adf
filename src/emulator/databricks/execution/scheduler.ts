import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkspaceContext } from '../context.ts';
import type { Outcome } from '../jobs/outcome.ts';
import { cancelled, combine, lostProcess, skipReason, timedOut } from '../jobs/outcome.ts';
import type { Run, RunStore, TaskRun } from '../jobs/run-store.ts';
import { endOrphan } from './orphans.ts';
import { executeTask } from './task-execution.ts';

export type Scheduler = ReturnType<typeof createScheduler>;

/** Executes queued runs, oldest first, a few at a time; state is in the store at every step. */
export function createScheduler(context: WorkspaceContext, store: RunStore) {
  const executing = new Map<
    number,
    { jobId: number | undefined; stop: AbortController; done: Promise<void> }
  >();
  let open = false;

  function pump(): void {
    if (!open) return;
    for (const run of store.active()) {
      if (executing.size >= context.settings.maxConcurrentRuns) return;
      if (run.state !== 'QUEUED' || executing.has(run.id) || atJobLimit(run)) continue;
      const stop = new AbortController();
      const done = execute(run, stop)
        .catch((error: unknown) =>
          context.log.error({ err: error, run: run.id }, 'run could not be executed'),
        )
        .finally(() => {
          executing.delete(run.id);
          pump();
        });
      executing.set(run.id, { jobId: run.jobId, stop, done });
    }
  }

  function atJobLimit(run: Run): boolean {
    if (run.jobId === undefined) return false;
    const same = [...executing.values()].filter(({ jobId }) => jobId === run.jobId);
    return same.length >= run.settings.maxConcurrentRuns;
  }

  async function execute(run: Run, stop: AbortController): Promise<void> {
    store.setRun(run.id, 'PENDING');
    const { timeoutSeconds } = run.settings;
    const timer =
      timeoutSeconds > 0
        ? setTimeout(() => stop.abort(timedOut(timeoutSeconds)), timeoutSeconds * 1000)
        : undefined;
    try {
      const { runStartMs } = context.settings.latency;
      // An abort while waiting is handled below, where every task gets its outcome.
      if (runStartMs > 0) await sleep(runStartMs, undefined, { signal: stop.signal }).catch(() => {});
      await executeTasks(run, stop.signal);
    } finally {
      clearTimeout(timer);
    }
    finish(run.id);
  }

  async function executeTasks(run: Run, signal: AbortSignal): Promise<void> {
    const ended = new Map<string, Outcome>();
    const going = new Map<string, Promise<void>>();
    for (const task of run.tasks) if (task.outcome) ended.set(task.key, task.outcome);
    for (;;) {
      for (const settings of run.settings.tasks) {
        const task = run.tasks.find(({ key }) => key === settings.key);
        if (!task || ended.has(task.key) || going.has(task.key)) continue;
        if (!settings.dependsOn.every((key) => ended.has(key))) continue;
        const upstream = settings.dependsOn.flatMap((key) => {
          const outcome = ended.get(key);
          return outcome ? [{ key, result: outcome.result }] : [];
        });
        const skip = signal.aborted ? (signal.reason as Outcome) : skipReason(settings.runIf, upstream);
        const end = (outcome: Outcome) => {
          store.setTask(task.id, 'TERMINATED', { outcome });
          ended.set(task.key, outcome);
          going.delete(task.key);
        };
        if (skip) {
          end(skip);
          continue;
        }
        store.setTask(task.id, 'PENDING', { started: true });
        const started = (pid: number) => {
          if (signal.aborted) return;
          context.transaction(() => {
            store.setTask(task.id, 'RUNNING', { pid });
            store.setRun(run.id, 'RUNNING');
          });
        };
        going.set(task.key, executeTask(context, run, task, settings, signal, started).then(end));
      }
      if (ended.size === run.settings.tasks.length) return;
      // A task that was skipped just now may have freed another one that comes before it.
      if (going.size > 0) await Promise.race(going.values());
    }
  }

  /** Gives a run the outcome of its tasks. */
  function finish(runId: number): void {
    const run = store.find(runId);
    if (!run) return;
    const tasks = run.settings.tasks.flatMap(({ key, dependsOn }) => {
      const outcome = run.tasks.find((task) => task.key === key)?.outcome;
      return outcome ? [{ key, dependsOn, outcome }] : [];
    });
    const timeout = tasks.find(
      ({ outcome }) =>
        outcome.result === 'TIMEDOUT' && outcome.message === timedOut(run.settings.timeoutSeconds).message,
    );
    store.setRun(runId, 'TERMINATED', timeout ? timeout.outcome : combine(tasks));
    context.tokens.revokeRun(runId);
  }

  function endTasks(run: Run, outcomeOf: (task: TaskRun) => Outcome): void {
    for (const task of run.tasks)
      if (task.state !== 'TERMINATED') store.setTask(task.id, 'TERMINATED', { outcome: outcomeOf(task) });
  }

  return {
    /** Looks for queued runs; call it after one was added. */
    pump,
    /** Whether a new run of a job would have to wait for others of the same job. */
    jobIsBusy(jobId: number, limit: number): boolean {
      return store.active().filter((run) => run.jobId === jobId).length >= limit;
    },
    /** Asks a run to end; it has ended when its state says so. One that has ended stays as it is. */
    cancel(runId: number): void {
      const run = store.find(runId);
      if (!run || run.state === 'TERMINATED') return;
      const outcome = cancelled('Run cancelled.');
      const current = executing.get(runId);
      context.transaction(() => {
        if (!current) {
          endTasks(run, () => outcome);
          store.setRun(runId, 'TERMINATED', outcome);
          return;
        }
        for (const task of run.tasks)
          if (task.state !== 'TERMINATED')
            store.setTask(task.id, 'TERMINATING', task.pid ? { pid: task.pid } : {});
        store.setRun(runId, 'TERMINATING');
      });
      current?.stop.abort(outcome);
    },
    /** Settles what an earlier process left half done, then starts with what is queued. */
    async start(): Promise<void> {
      for (const run of store.active()) {
        if (run.state === 'QUEUED') continue;
        for (const task of run.tasks) if (task.pid !== undefined) await endOrphan(context, task.pid);
        if (context.settings.resumeRuns && run.state !== 'TERMINATING') {
          store.requeue(run, ({ state }) => state !== 'TERMINATED');
          continue;
        }
        const outcome = run.state === 'TERMINATING' ? cancelled('Run cancelled.') : lostProcess;
        context.transaction(() => {
          endTasks(run, () => outcome);
          finish(run.id);
        });
        context.log.warn({ run: run.id, outcome: outcome.message }, 'a run did not survive the restart');
      }
      open = true;
      pump();
    },
    /**
     * Ends every process. What was queued goes on at the next start; what was running has failed, or begins again
     * where the settings say so.
     */
    async close(): Promise<void> {
      open = false;
      const cut = [...executing.keys()];
      for (const { stop } of executing.values()) stop.abort(lostProcess);
      await Promise.all([...executing.values()].map(({ done }) => done));
      if (!context.settings.resumeRuns) return;
      for (const id of cut) {
        const run = store.find(id);
        const lost = ({ outcome }: TaskRun) => outcome?.message === lostProcess.message;
        if (run?.tasks.some(lost)) store.requeue(run, lost);
      }
    },
  };
}
