import type { Actor } from '../audit/entry.ts';
import type { BoundRepository } from '../permission/bound-repository.ts';
import type { RunJournal } from './journal.ts';
import { RunChanged } from './journal.ts';
import type { Run, RunStore, TrainingStores } from './ports.ts';
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
    const needed =
      run.commit === head || run.trigger === 'push' || run.pulls.some(({ index }) => index !== pull);
    if (isFinal(run.state) || needed) continue;
    if (await endRun({ runs, journal }, repository, run, 'superseded', reason)) ended += 1;
  }
  return ended;
}

/**
 * Ends a run from here: final at once, and cancelled at Databricks by the outbox. The poller may touch the run
 * in between, so what was read is read again until it holds.
 *
 * @returns false when the run ended by itself first
 */
export async function endRun(
  { runs, journal }: { runs: RunStore; journal: RunJournal },
  repository: BoundRepository,
  run: Run,
  state: 'superseded' | 'cancelled',
  reason: string,
  actor: Actor = { kind: 'system', name: 'training' },
  also?: (stores: TrainingStores) => Promise<void>,
): Promise<boolean> {
  for (
    let current: Run | null = run;
    current && !isFinal(current.state);
    current = await runs.findById(run.id)
  ) {
    try {
      await end(journal, repository, current, state, reason, actor, also);
      return true;
    } catch (error) {
      if (!(error instanceof RunChanged)) throw error;
    }
  }
  return false;
}

async function end(
  journal: RunJournal,
  repository: BoundRepository,
  run: Run,
  state: 'superseded' | 'cancelled',
  reason: string,
  actor: Actor,
  more?: (stores: TrainingStores) => Promise<void>,
): Promise<void> {
  const tasks = run.tasks.map((task) =>
    task.state === 'pending' || task.state === 'running' ? { ...task, state: 'cancelled' as const } : task,
  );
  await journal.change(
    repository,
    run,
    { state, stateReason: reason, tasks, cancelRequested: true },
    {
      audit: {
        action: state === 'cancelled' ? 'run.cancel-requested' : 'run.ended',
        outcome: 'done',
        actor,
        detail: { state, reason },
      },
      also: async (stores) => {
        const { outbox } = stores;
        await more?.(stores);
        // While uploading, a submission may be under way whose answer nobody will wait for.
        if (run.databricksRunId === null && run.state !== 'uploading') return;
        await outbox.enqueue({
          topic: 'cancel',
          key: `cancel:${run.id}`,
          payload: { repository: run.repositoryId, run: run.id },
        });
      },
    },
  );
}
