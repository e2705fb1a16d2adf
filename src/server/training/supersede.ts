import type { Actor } from '../audit/entry.ts';
import type { BoundRepository } from '../permission/bound-repository.ts';
import type { Also, Happening, RunJournal } from './journal.ts';
import type { Run, RunStore } from './ports.ts';
import { isFinal } from './transitions.ts';

export interface Superseding {
  pull: number;
  /**
   * Of the pull request, read before the head was: what somebody else begins afterwards may be of a head that is newer
   * than this one.
   */
  runs: readonly Run[];
  /** As Gitea says; null: the pull request was closed, so none is needed. */
  head: string | null;
  /** One sentence for the run's page. */
  reason: string;
}

/** Runs of a pull request that `supersede` looks at: the newest ones. */
export const runsOfPull = async (
  runs: Pick<RunStore, 'ofPull'>,
  repository: BoundRepository,
  pull: number,
): Promise<Run[]> => await runs.ofPull(repository.id, pull, 50);

/**
 * Ends those runs of a pull request that are not of this head, here and at Databricks. A run that another pull
 * request or the production branch needs too goes on.
 */
export async function supersede(
  journal: RunJournal,
  repository: BoundRepository,
  { pull, runs, head, reason }: Superseding,
): Promise<number> {
  let ended = 0;
  for (const run of runs) {
    if (isFinal(run.state) || run.commit === head) continue;
    const end = (now: Run) => ending(now, reason, { pull });
    if ((await journal.insist(repository, run.id, 'superseded', end)) !== null) ended += 1;
  }
  return ended;
}

/**
 * Ends a run because a person says so.
 *
 * @returns the run as it ended; null when it ended by itself first
 */
export async function endByPerson(
  journal: RunJournal,
  repository: BoundRepository,
  run: Run,
  event: 'cancelled-by-person' | 'superseded',
  { reason, actor, also }: { reason: string; actor: Actor; also?: Also },
): Promise<Run | null> {
  return await journal.insist(repository, run.id, event, (now) =>
    ending(now, reason, { actor, ...(also && { also }) }),
  );
}

/** What is written to a run that ends from here; the outbox ends it at Databricks. */
function ending(run: Run, reason: string, more: Happening): Happening {
  const tasks = run.tasks.map((task) =>
    task.state === 'pending' || task.state === 'running' ? { ...task, state: 'cancelled' as const } : task,
  );
  return { ...more, change: { stateReason: reason, tasks, cancelRequested: true }, detail: { reason } };
}
