import type { Verdict } from '../../contract/metric.ts';
import type { Forge } from '../gitea/forge.ts';
import { chooseBaseline } from '../metrics/baseline.ts';
import { compare } from '../metrics/compare.ts';
import { applyFloors } from '../metrics/gates.ts';
import type { Champions, MeasuredRuns } from '../metrics/ports.ts';
import type { BoundRepository } from '../permission/bound-repository.ts';
import type { Run, RunStore } from './ports.ts';

/** Runs whose frozen metrics may serve as a baseline: succeeded, of trusted code. */
export function createMeasuredRuns(runs: RunStore): MeasuredRuns {
  const measured = (found: Run | null | undefined) =>
    found?.metrics ? { id: found.id, commit: found.commit, metrics: found.metrics } : null;
  const usable = (run: Run) => run.state === 'succeeded' && run.trust === 'base';
  return {
    async ofVersion(repositoryId, modelKey, version) {
      return measured(await runs.ofVersion(repositoryId, modelKey, version));
    },
    async ofCommit(repositoryId, commit) {
      const own = (await runs.ofCommit(repositoryId, commit)).find(usable);
      if (own) return measured(own);
      const tree = await runs.treeOf(repositoryId, commit);
      return tree === null ? null : measured((await runs.ofTree(repositoryId, tree)).find(usable));
    },
  };
}

export interface Evaluation {
  /** Where the search for an ancestor starts decides what the candidate is compared with. */
  verdict(
    repository: BoundRepository,
    run: Pick<Run, 'id' | 'configuration' | 'modelKey'>,
    metrics: Readonly<Record<string, number | null>>,
    from: string | null,
  ): Promise<Verdict>;
  /** Of a pull request: from its merge base. */
  ofPull(
    repository: BoundRepository,
    run: Run,
    metrics: Readonly<Record<string, number | null>>,
    index: number,
  ): Promise<Verdict>;
  /** Of a commit that was pushed: from its first parent. */
  ofBranch(
    repository: BoundRepository,
    run: Run,
    metrics: Readonly<Record<string, number | null>>,
  ): Promise<Verdict>;
}

/** Finds the baseline and compares: the I/O around the pure verdict. */
export function createEvaluation(sources: {
  forge: Forge;
  champions: Champions;
  runs: MeasuredRuns;
}): Evaluation {
  const { forge, champions, runs } = sources;
  const history = { firstParents: forge.firstParents };
  const evaluation: Evaluation = {
    async verdict(repository, run, metrics, from) {
      const baseline = await chooseBaseline(
        { champions, runs, history },
        { repository, modelKey: run.configuration.model, from, candidateRun: run.id },
      );
      return compare({
        candidate: metrics,
        baseline,
        gates: applyFloors(run.configuration.metrics.gates, repository.binding.floors),
        primary: run.configuration.metrics.primary,
      });
    },
    async ofPull(repository, run, metrics, index) {
      const pull = await forge.pull(repository, index);
      return await evaluation.verdict(repository, run, metrics, pull?.mergeBase ?? null);
    },
    async ofBranch(repository, run, metrics) {
      const commit = await forge.commit(repository, run.commit);
      return await evaluation.verdict(repository, run, metrics, commit?.parents[0] ?? null);
    },
  };
  return evaluation;
}
