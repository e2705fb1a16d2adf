import type { Act } from '../identity/role.ts';
import type { BoundRepository } from '../permission/bound-repository.ts';
import { asRun, experimentOf, modelOf } from './acting.ts';
import { findStart } from './find-start.ts';
import { launch } from './launcher.ts';
import type { Run } from './ports.ts';
import { RunFailure } from './run-failure.ts';
import type { TrainingWorkspace } from './workspace-port.ts';

/**
 * Asks Databricks to start a run whose files are there. Where it may have been asked before, its run is
 * looked for first: the token of a submission covers active runs only (facts: Jobs), that of a job's run every one.
 *
 * @param before called right before it is asked; what it throws keeps the run from being started
 * @returns Databricks' id of the run, and which job it is one of
 * @throws RunFailure when the binding names the job no more
 */
export async function startAtDatabricks(
  workspace: TrainingWorkspace,
  repository: BoundRepository,
  run: Run,
  { act, mayHaveStarted, before }: { act: Act; mayHaveStarted: boolean; before: () => Promise<void> },
): Promise<{ id: string; job: string | null }> {
  const { train } = run.configuration;
  const { binding } = repository;
  const as = asRun(repository, run, act);
  const experiment = experimentOf(repository, run);
  const modelName = modelOf(repository, run);
  if (train.kind === 'entry') {
    const submission = launch(run, {
      bindingId: binding.id,
      repositoryUrl: repository.url,
      experiment,
      experimentId: run.experimentId ?? '',
      modelName,
    });
    const known = mayHaveStarted ? await findStart(workspace, repository, run, act) : null;
    if (known !== null) return { id: known, job: null };
    await before();
    return { id: await workspace.submit(as, submission), job: null };
  }
  const job = binding.jobs[train.job];
  if (job === undefined) throw new RunFailure(`The binding names no job "${train.job}" any more.`);
  await before();
  const id = await workspace.startJob(as, {
    id: job,
    token: run.token,
    parameters: Object.fromEntries(
      Object.entries(run.parameters).map(([name, value]) => [name, String(value)]),
    ),
    optional: {
      snapshot: run.snapshot ?? '',
      commit: run.commit,
      nonce: run.nonce,
      experiment,
      model: modelName ?? '',
    },
  });
  return { id, job: `${train.job} (${job})` };
}
