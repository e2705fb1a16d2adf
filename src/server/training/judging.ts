import type { Verdict } from '../../contract/metric.ts';
import { reached } from '../duty/moments.ts';
import type { BoundRepository } from '../permission/bound-repository.ts';
import { asRun, modelOf } from './acting.ts';
import type { Evaluation } from './evaluation.ts';
import type { RunJournal } from './journal.ts';
import type { Run, RunStore } from './ports.ts';
import { readResult } from './result.ts';
import { RunFailure } from './run-failure.ts';
import { timesOf } from './watching.ts';
import type { TrainingWorkspace } from './workspace-port.ts';

/** Reads, freezes and compares what a run that ended with success has brought. */
export function createJudging(options: {
  runs: RunStore;
  journal: RunJournal;
  workspace: TrainingWorkspace;
  evaluation: Evaluation;
}) {
  const { runs, journal, workspace, evaluation } = options;

  /** @throws ResultPending while a model version is being registered; RunFailure when no result can be read */
  return async function judge(repository: BoundRepository, run: Run): Promise<Run> {
    const as = asRun(repository, run);
    const remote = await workspace.run(as, run.databricksRunId ?? '');
    if (!remote) throw new RunFailure('Databricks no longer knows this run. Train again.');
    const model = modelOf(repository, run);
    const { histories, ...result } = await readResult(workspace, as, run, remote, model, runs);
    const verdicts: { index: number; verdict: Verdict }[] = [];
    for (const { index } of run.pulls) {
      verdicts.push({ index, verdict: await evaluation.ofPull(repository, run, result.metrics, index) });
    }
    const pushed = run.trigger === 'push' || run.pulls.length === 0;
    const own = pushed ? await evaluation.ofBranch(repository, run, result.metrics) : null;
    const verdict = own ?? verdicts[0]?.verdict ?? null;
    reached('run.judged');
    return await journal.record(repository, run, 'judged', {
      change: { ...result, verdict: own, failures: 0 },
      ...timesOf(remote),
      detail: {
        outcome: verdict?.outcome ?? null,
        mlflowRun: result.mlflowRunId,
        version: result.modelVersion,
        metrics: result.metrics,
      },
      also: async (stores) => {
        await stores.runs.saveHistories(run.id, histories);
        for (const item of verdicts) await stores.runs.setPullVerdict(run.id, item.index, item.verdict);
      },
    });
  };
}
