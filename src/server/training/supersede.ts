import type { Actor } from '../audit/entry.ts';
import type { BoundRepository } from '../permission/bound-repository.ts';
import type { Also, Happening, RunJournal } from './journal.ts';
import type { Run, RunStore } from './ports.ts';
import { isFinal } from './transitions.ts';

/**
 * Ends the runs of a pull request that are not of this head, here and at Databricks. A run that another pull
 * request or the production branch needs too goes on.
 *
 * @param head as Gitea says now; null: the pull request was closed, so none is needed
 * @param reason one sentence for the run's page
 */
export async function supersede(
  { runs, journal }: { runs: RunStore; journal: RunJournal },
  repository: BoundRepository,
  pull: number,
  head: string | null,
  reason: string,
): Promise<number> {
  let ended = 0;
  for (const run of await runs.ofPull(repository.id, pull, 50)) {
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
