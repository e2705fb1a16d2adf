import { DatabricksError } from '../databricks/error.ts';
import { reached } from '../duty/moments.ts';
import type { BoundRepository } from '../permission/bound-repository.ts';
import { asRun } from './acting.ts';
import { shortReason } from './ending.ts';
import type { NotedChange, RunJournal } from './journal.ts';
import { createLiveMetrics } from './live-metrics.ts';
import type { RemoteTimes } from './move.ts';
import type { PaceFacts } from './pace.ts';
import { beatsUntilNextLook, nextLook } from './pace.ts';
import { isOverdue } from './patience.ts';
import type { Run } from './ports.ts';
import { RunFailure } from './run-failure.ts';
import type { UsualDurations } from './usual-durations.ts';
import type { CallAs, RemoteRun, TrainingWorkspace } from './workspace-port.ts';

export interface WatchingOptions {
  journal: RunJournal;
  workspace: TrainingWorkspace;
  clock: () => Date;
  /** Pause between two looks at a young run, milliseconds (see pace.ts). */
  pollMs: number;
  usualDurations: UsualDurations;
  /** What time it is in the workspace of this name; null: not known. */
  timeOf: (workspace: string) => Date | null;
  /** How many runs are under way in the workspace of this name. */
  beside: (workspace: string) => number;
  log: { warn(fields: object, message: string): void };
}

/** The end of a trace that is kept: what a person reads first. */
const traceBound = 8_000;
/** How often a submitted run that was never seen is looked for: with the pauses between, about a minute. */
const unseenTries = 6;

function tail(trace: string | null): string | null {
  if (trace === null || trace === '') return null;
  return trace.length <= traceBound ? trace : `…${trace.slice(-traceBound)}`;
}

/** Since the last task ended, milliseconds; null where one has not, or there is none. */
function sinceTasksEnded({ tasks }: RemoteRun, at: Date): number | null {
  const ends = tasks.map(({ endedAt }) => (endedAt === null ? null : Date.parse(endedAt)));
  const ended = ends.filter((end) => end !== null);
  return ended.length === 0 || ended.length < ends.length ? null : at.getTime() - Math.max(...ended);
}

/** Both clocks have to say that it is late: ours may have been set meanwhile. */
const earlier = (one: Date, other: Date | null): Date => (other !== null && other < one ? other : one);

const iso = (time: number) => new Date(time).toISOString();

/** What is written when a run ends: when it began and ended at Databricks, where it said so. */
export const timesOf = ({ startedAt, endedAt }: Pick<RemoteRun, 'startedAt' | 'endedAt'>): RemoteTimes => ({
  ...(startedAt !== null && { beganAt: iso(startedAt) }),
  ...(endedAt !== null && { endedAt: iso(endedAt) }),
});

/** Looks at runs that Databricks has accepted. */
export function createWatching(options: WatchingOptions) {
  const { journal, workspace, clock, pollMs, usualDurations, timeOf, beside, log } = options;
  const liveMetrics = createLiveMetrics({ workspace, log });

  /** Another look at what is not over yet. */
  async function goesOn(
    repository: BoundRepository,
    run: Run,
    remote: RemoteRun,
    seen: NotedChange,
    as: CallAs,
  ): Promise<void> {
    const at = clock();
    const runs = remote.phase === 'running';
    const begins = runs && run.state === 'submitted';
    const changed =
      JSON.stringify([seen.tasks, remote.url]) !== JSON.stringify([run.tasks, run.databricksUrl]);
    const facts: PaceFacts = {
      ageMs: at.getTime() - Date.parse(run.startedAt ?? run.createdAt),
      changed: begins || changed,
      tasksEndedMs: sinceTasksEnded(remote, at),
      usualMs: await usualDurations(repository.id),
    };
    const live = runs
      ? await liveMetrics(as, run, remote, {
          at,
          pause: beatsUntilNextLook({ ...facts, changed: false }) * pollMs,
          beside: beside(repository.workspace.name),
        })
      : null;
    // Of now: reading took its time.
    const nextCheckAt = new Date(nextLook(clock().getTime(), pollMs, facts)).toISOString();
    const change = { ...seen, ...live?.change, nextCheckAt };
    const also = live ? live.save : undefined;
    if (begins) {
      await journal.record(repository, run, 'seen-running', { change, ...(also && { also }) });
    } else if (live || changed) {
      await journal.note(run, change, also);
    } else {
      await journal.rest(run, { nextCheckAt, failures: 0 });
    }
  }

  async function endedBadly(
    repository: BoundRepository,
    run: Run,
    remote: RemoteRun,
    seen: NotedChange,
    as: CallAs,
  ): Promise<Run> {
    const failing = remote.tasks.find((task) => task.state === 'failed' || task.state === 'timed-out');
    const output = failing ? await workspace.output(as, failing.runId) : null;
    const message = output?.error || failing?.message || remote.message || 'The run ended without success.';
    const ending = { ...timesOf(remote), detail: { reason: shortReason(message) } };
    if (remote.result === 'cancelled') {
      const change = { ...seen, stateReason: 'The run was cancelled at Databricks.', error: null };
      return await journal.record(repository, run, 'cancelled-remotely', { ...ending, change });
    }
    const stateReason = shortReason(failing ? `Task ${failing.key}: ${message}` : message);
    const error = { task: failing?.key ?? null, message, trace: tail(output?.trace ?? null) };
    const event = remote.result === 'timed-out' ? 'timed-out' : 'failed-remotely';
    return await journal.record(repository, run, event, {
      ...ending,
      change: { ...seen, stateReason, error },
    });
  }

  async function overran(repository: BoundRepository, run: Run, seen: NotedChange): Promise<Run> {
    const minutes = Math.round(run.configuration.timeoutSeconds / 60);
    const reason = `It took longer than the ${minutes} minutes that train.timeout allows.`;
    const error = { task: null, message: reason, trace: null };
    return await journal.record(repository, run, 'overran', {
      change: { ...seen, stateReason: reason, error },
      detail: { reason },
    });
  }

  /**
   * One look. @returns the run as it is once it is over at Databricks, else unchanged: then it is not its time yet
   *
   * @throws RunFailure when Databricks does not know it (any more)
   */
  return async function look(repository: BoundRepository, run: Run): Promise<Run> {
    const as = asRun(repository, run);
    const remote = await workspace.run(as, run.databricksRunId ?? '');
    reached('run.read');
    // What was submitted a moment ago may not be known yet to whoever answers the read.
    if (!remote && run.state === 'submitted' && run.tasks.length === 0 && run.failures < unseenTries)
      throw new DatabricksError({
        code: 'NOT_YET_VISIBLE',
        status: 503,
        message: 'Databricks does not know yet the run that it has started.',
      });
    if (!remote) throw new RunFailure('Databricks no longer knows this run. Train again.');
    const tasks = remote.tasks.map(({ runId: _, ...task }) => task);
    const seen = { tasks, databricksUrl: remote.url, failures: 0 };
    if (remote.phase === 'ended') {
      if (remote.result !== 'succeeded') return await endedBadly(repository, run, remote, seen, as);
      return await journal.record(repository, run, 'trained', { change: seen });
    }
    if (isOverdue(run, remote, earlier(clock(), timeOf(repository.workspace.name))))
      return await overran(repository, run, seen);
    await goesOn(repository, run, remote, seen, as);
    return run;
  };
}
