import type { Baseline } from '../../contract/metric.ts';
import type { BoundRepository } from '../permission/bound-repository.ts';
import type { Metrics } from './compare.ts';
import type { Champions, FirstParents, MeasuredRuns } from './ports.ts';

export type MeasuredBaseline = Baseline & { metrics: Metrics | null };

/** How far back an ancestor may lie. */
const depth = 200;

export interface BaselineSources {
  champions: Champions;
  runs: MeasuredRuns;
  history: FirstParents;
}

/**
 * What a candidate is compared with: the champion's frozen metrics; else the nearest first-parent ancestor with
 * a succeeded run; else none. A champion that this product did not train has no frozen metrics.
 *
 * @param from where the search for an ancestor starts, itself included: the merge base of a pull request, the
 *   first parent of a pushed commit; null for a root commit
 * @param candidateRun never its own baseline
 */
export async function chooseBaseline(
  { champions, runs, history }: BaselineSources,
  input: { repository: BoundRepository; modelKey: string | null; from: string | null; candidateRun: string },
): Promise<MeasuredBaseline> {
  const { repository, modelKey, from, candidateRun } = input;
  if (modelKey !== null) {
    const champion = await champions.current(repository, modelKey);
    const run = champion && (await runs.ofVersion(repository.id, modelKey, champion.version));
    if (champion && run && run.id !== candidateRun) {
      return {
        kind: 'champion',
        label: `v${champion.version} in production`,
        version: champion.version,
        run: run.id,
        commit: run.commit,
        metrics: run.metrics,
      };
    }
  }
  const ancestors = from === null ? [] : await history.firstParents(repository, from, depth);
  for (const sha of ancestors) {
    const run = await runs.ofCommit(repository.id, sha);
    if (run && run.id !== candidateRun) {
      return {
        kind: 'ancestor',
        label: `commit ${sha.slice(0, 10)}`,
        version: null,
        run: run.id,
        commit: sha,
        metrics: run.metrics,
      };
    }
  }
  return { kind: 'none', label: 'no baseline', version: null, run: null, commit: null, metrics: null };
}
