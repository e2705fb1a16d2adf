import type { Direction, Gate, MetricComparison } from '../../contract/metric.ts';
import { formatMetric, formatPercent, formatTogether } from './number-format.ts';

export type Floors = Record<string, { direction: Direction; limit: number }>;

const stricter = (direction: Direction, a: number | null, b: number | null): number | null => {
  if (a === null || b === null) return a ?? b;
  return direction === 'lower' ? Math.min(a, b) : Math.max(a, b);
};

/**
 * The gates that apply: the repository's own, tightened by the binding's floors. A floor whose metric has no
 * gate becomes one; where the directions differ the binding's wins, for the repository must not loosen it.
 */
export function applyFloors(gates: readonly Gate[], floors: Floors): Gate[] {
  const applied = gates.map((gate): Gate => {
    const floor = floors[gate.metric];
    if (!floor) return gate;
    if (floor.direction !== gate.direction) return { ...gate, ...floor, regression: gate.regression };
    return { ...gate, limit: stricter(gate.direction, gate.limit, floor.limit) };
  });
  const named = new Set(gates.map((gate) => gate.metric));
  for (const [metric, floor] of Object.entries(floors)) {
    if (!named.has(metric)) applied.push({ metric, ...floor, regression: null });
  }
  return applied;
}

type Judgement = NonNullable<MetricComparison['gate']>;

/**
 * Judges one metric. Values on the bound pass. Without a baseline the limit alone decides; a gate that has
 * only an allowed regression then stays undecided. A value that is missing or NaN (null) fails.
 */
export function judge(gate: Gate, candidate: number | null, baseline: number | null): Judgement {
  const { metric, direction, limit, regression } = gate;
  const allowed =
    regression === null || baseline === null
      ? null
      : baseline + (direction === 'lower' ? 1 : -1) * regression * Math.abs(baseline);
  const bound = stricter(direction, limit, allowed);
  const judged = (outcome: Judgement['outcome'], reason: string): Judgement => ({
    direction,
    limit,
    regression,
    bound,
    outcome,
    reason,
  });
  if (candidate === null) {
    return judged('fail', `${metric} was not logged as a number, so its gate cannot pass.`);
  }
  const most = direction === 'lower' ? 'at most' : 'at least';
  if (bound === null) {
    if (regression !== null) {
      return judged(
        'no-baseline',
        `${metric} is ${formatMetric(candidate)}; its gate allows ${formatPercent(regression)} against a baseline, and there is none.`,
      );
    }
    return judged('pass', `${metric} is ${formatMetric(candidate)}; its gate has no bound.`);
  }
  const passes = direction === 'lower' ? candidate <= bound : candidate >= bound;
  const [now = '', before = '', edge = ''] = formatTogether([candidate, baseline, bound]);
  const rule =
    bound === limit
      ? `The limit is ${edge} ${most}.`
      : `The gate allows ${formatPercent(regression ?? 0)}, that is ${edge} ${most}.`;
  return judged(passes ? 'pass' : 'fail', `${movement(metric, candidate, baseline, now, before)} ${rule}`);
}

function movement(
  metric: string,
  candidate: number,
  baseline: number | null,
  now: string,
  before: string,
): string {
  if (baseline === null) return `${metric} is ${now}.`;
  if (candidate === baseline) return `${metric} stayed at ${now}.`;
  const verb = candidate > baseline ? 'rose' : 'fell';
  const by = baseline === 0 ? '' : ` by ${formatPercent((candidate - baseline) / baseline)}`;
  return `${metric} ${verb}${by}, from ${before} to ${now}.`;
}
