import type { Verdict } from '../../contract/metric.ts';
import { compare } from '../metrics/compare.ts';
import type { Floors } from '../metrics/gates.ts';
import { applyFloors } from '../metrics/gates.ts';
import type { TrainedVersion } from './ports.ts';

/** How a version stands against production as it is now. */
export interface Standing {
  outcome: Verdict['outcome'] | null;
  title: string | null;
}

/**
 * The verdict that counts when a version is released. It was given against the champion of its day; where
 * production has moved since, the frozen metrics are judged again, by the same gates, against the champion of now.
 *
 * @param champion version that the alias points to now; null: none
 * @param trained what is known of the champion; undefined: it was not trained here
 */
export function standing(
  candidate: TrainedVersion,
  champion: number | null,
  trained: TrainedVersion | undefined,
  floors: Floors,
): Standing {
  const given = { outcome: candidate.outcome, title: candidate.verdictTitle };
  if (candidate.outcome === null || champion === null || candidate.judgedAgainst === champion) return given;
  if (candidate.version === champion) return given;
  if (!trained) {
    return { outcome: 'no-baseline', title: `v${champion} in production was not trained here` };
  }
  const verdict = compare({
    candidate: candidate.metrics,
    baseline: {
      kind: 'champion',
      label: `v${champion} in production`,
      version: champion,
      run: trained.run,
      commit: trained.commit,
      metrics: trained.metrics,
    },
    gates: applyFloors(candidate.gates, floors),
    primary: candidate.primary,
  });
  if (verdict.outcome === 'pass') return { outcome: 'pass', title: verdict.title };
  return {
    outcome: verdict.outcome,
    title: `Production has moved to v${champion} since the verdict. Against it: ${verdict.summary}`,
  };
}
