import type { Run } from './ports.ts';
import type { RemoteRun } from './workspace-port.ts';

/** How long a submission is tried while Gitea or Databricks fail; and any other step, beyond the run's timeout. */
const patienceMs = { submission: 2 * 3_600_000, otherwise: 24 * 3_600_000 };
/** How much later than its timeout a run may end before it is cancelled from here, milliseconds. */
const graceMs = 60_000;
/** So often a fault of our own is tried again: it must not be tried for ever, nor end a run at its first sight. */
export const faultTries = 20;

type Timed = Pick<Run, 'state' | 'startedAt' | 'createdAt' | 'configuration'>;

const timeoutMs = ({ configuration }: Timed) => configuration.timeoutSeconds * 1000;
const age = ({ startedAt, createdAt }: Timed, at: Date) => at.getTime() - Date.parse(startedAt ?? createdAt);

/** Whether a step that failed for now may still be tried. */
export function isPatient(run: Timed, at: Date): boolean {
  if (run.startedAt === null) return true;
  const bound = run.state === 'uploading' ? patienceMs.submission : timeoutMs(run) + patienceMs.otherwise;
  return age(run, at) < bound;
}

/** Whether the run was taken up so long ago that its timeout can be over. */
export const isPastTimeout = (run: Timed, at: Date): boolean => age(run, at) > timeoutMs(run);

/**
 * Waiting in the workspace's queue does not count against the timeout, but it is not endless either. The workspace's
 * clock may be behind ours: a run never began before it was taken up here.
 */
export function isOverdue(run: Timed, remote: Pick<RemoteRun, 'phase' | 'tasks'>, at: Date): boolean {
  const started = remote.tasks.flatMap((task) =>
    task.state === 'pending' || task.startedAt === null ? [] : [Date.parse(task.startedAt)],
  );
  if (remote.phase === 'running' && started.length > 0) {
    const began = Math.max(Math.min(...started), Date.parse(run.startedAt ?? run.createdAt));
    return at.getTime() - began > timeoutMs(run) + graceMs;
  }
  return age(run, at) > timeoutMs(run) + patienceMs.otherwise;
}
