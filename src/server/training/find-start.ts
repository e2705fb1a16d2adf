import type { Act } from '../identity/role.ts';
import type { BoundRepository } from '../permission/bound-repository.ts';
import { asRun } from './acting.ts';
import type { Run } from './ports.ts';
import { markerOf } from './snapshot.ts';
import type { TrainingWorkspace } from './workspace-port.ts';

/** How much earlier than its row a run is looked for, milliseconds: clocks differ. */
const skewMs = 600_000;

/**
 * The run at Databricks that this one's key has started, whether or not anybody read the answer. It can be older than
 * our row: where an older backup was restored, the row of what was trained since is made anew. It is never older than
 * the files that it trains.
 *
 * @returns its id; null: there is none
 */
export async function findStart(
  workspace: TrainingWorkspace,
  repository: BoundRepository,
  run: Run,
  act: Act,
): Promise<string | null> {
  const reading = asRun(repository, run);
  const uploadedAt = run.snapshot && (await workspace.writtenAt(reading, markerOf(run.snapshot)));
  const createdAt = Date.parse(run.createdAt);
  const since = Math.max(0, Math.min(createdAt, uploadedAt || createdAt) - skewMs);
  const { train } = run.configuration;
  if (train.kind === 'entry') return await workspace.findSubmitted(reading, run.token, since);
  const job = repository.binding.jobs[train.job];
  if (job === undefined) return null;
  const as = asRun(repository, run, act);
  return await workspace.findStarted(as, { id: job, token: run.token, nonce: run.nonce }, since);
}
