import type { Gate, Verdict } from '../../contract/metric.ts';
import { compare } from '../metrics/compare.ts';
import type { Floors } from '../metrics/gates.ts';
import { applyFloors } from '../metrics/gates.ts';
import type { TrainedVersion } from './ports.ts';

/** How a version stands against production and the rules as they are now. */
export interface Standing {
  outcome: Verdict['outcome'] | null;
  title: string | null;
}

/**
 * The verdict that counts when a version is released. The run's own was given against the champion and by the gates
 * of its day; here its frozen metrics are judged by the gates of now against the champion of now.
 *
 * @param champion version that the alias points to now; null: none
 * @param trained what is known of the champion; undefined: it was not trained here
 * @param rules the repository configuration of now; null: the run's own gates count
 */
export function standing(
  candidate: TrainedVersion,
  champion: number | null,
  trained: TrainedVersion | undefined,
  rules: { gates: Gate[]; primary: string } | null,
  floors: Floors,
): Standing {
  const given = { outcome: candidate.outcome, title: candidate.verdictTitle };
  // What failed in its day has to be trained again: production may have become worse since.
  if (candidate.outcome === null || candidate.outcome === 'fail') return given;
  if (candidate.version === champion) return given;
  if (champion !== null && !trained) {
    return { outcome: 'no-baseline', title: `v${champion} in production was not trained here` };
  }
  if (champion === null || !trained) return given;
  const label = `v${champion} in production`;
  const verdict = compare({
    candidate: candidate.metrics,
    baseline: {
      kind: 'champion',
      label,
      version: champion,
      run: trained.run,
      commit: trained.commit,
      metrics: trained.metrics,
    },
    gates: applyFloors(rules?.gates ?? candidate.gates, floors),
    primary: rules?.primary ?? candidate.primary,
  });
  const changed = verdict.outcome !== candidate.outcome || candidate.judgedAgainst !== champion;
  const title =
    changed && verdict.outcome !== 'pass' ? `Against ${label} now: ${verdict.summary}` : verdict.title;
  return { outcome: verdict.outcome, title };
}
