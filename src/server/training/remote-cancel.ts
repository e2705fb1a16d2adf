import { Postpone } from '../outbox/postpone.ts';
import type { BoundRepositories } from '../permission/bound-repository.ts';
import { actOf, asRun } from './acting.ts';
import { runName } from './launcher.ts';
import type { Run, RunStore } from './ports.ts';
import type { CallAs, TrainingWorkspace } from './workspace-port.ts';

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

  async function started(as: CallAs, run: Run): Promise<string | null> {
    const { act: _, ...reading } = as;
    const since = Date.parse(run.createdAt) - 600_000;
    const { train } = run.configuration;
    if (train.kind === 'entry') return await workspace.findSubmitted(reading, runName(run), since);
    const job = as.repository.binding.jobs[train.job];
    if (job === undefined) return null;
    return await workspace.findStarted(as, { id: job, token: run.token, nonce: run.nonce }, since);
  }

  return async (payload) => {
    const run = await runs.findById(String(payload.run));
    const repository = run && (await repositories.find(run.repositoryId));
    if (!run || !repository) return;
    const as = asRun(repository, run, actOf(run));
    const id = run.databricksRunId ?? (await started(as, run));
    if (id !== null) {
      await workspace.cancel(as, id);
      return;
    }
    const endedAt = Date.parse(run.endedAt ?? run.createdAt);
    if (clock().getTime() - endedAt < lateMs) throw new Postpone(3_000, 'It may still be about to start.');
  };
}
