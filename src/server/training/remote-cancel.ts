import { Postpone } from '../outbox/postpone.ts';
import type { BoundRepositories } from '../permission/bound-repository.ts';
import { actOf, asRun } from './acting.ts';
import { findStart } from './find-start.ts';
import type { RunStore } from './ports.ts';
import type { TrainingWorkspace } from './workspace-port.ts';

/** How long after a run ended here a submission may still appear at Databricks, milliseconds. */
const lateMs = 60_000;

/**
 * Handler of the outbox topic `cancel`: ends at Databricks what ended here. It comes after the run's own start, which
 * has the same key. A run that ended while it was being
 * submitted may have started there without anybody having read the answer, so it is looked for.
 */
export function createRemoteCancel(options: {
  runs: RunStore;
  repositories: BoundRepositories;
  workspace: TrainingWorkspace;
  clock: () => Date;
}): (payload: Record<string, unknown>) => Promise<void> {
  const { runs, repositories, workspace, clock } = options;

  return async (payload) => {
    const run = await runs.findById(String(payload.run));
    const repository = run && (await repositories.find(run.repositoryId));
    if (!run || !repository) return;
    const act = actOf(run);
    const id = run.databricksRunId ?? (await findStart(workspace, repository, run, act));
    if (id !== null) {
      await workspace.cancel(asRun(repository, run, act), id);
      return;
    }
    const endedAt = Date.parse(run.endedAt ?? run.createdAt);
    if (clock().getTime() - endedAt < lateMs) throw new Postpone(3_000, 'It may still be about to start.');
  };
}
