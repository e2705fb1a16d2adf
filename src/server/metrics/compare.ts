import type { Baseline, Direction, Gate, MetricComparison, Verdict } from '../../contract/metric.ts';
import { judge } from './gates.ts';
import { verdictSummary, verdictTitle } from './verdict-text.ts';

export type Metrics = Readonly<Record<string, number | null>>;

/** NaN and the infinities are no results. */
const number = (value: number | null | undefined): number | null =>
  typeof value === 'number' && Number.isFinite(value) ? value : null;

function trend(change: number | null, direction: Direction | null): MetricComparison['trend'] {
  if (change === null || direction === null) return change === 0 ? 'same' : 'unknown';
  if (change === 0) return 'same';
  return change < 0 === (direction === 'lower') ? 'better' : 'worse';
}

function row(
  metric: string,
  candidate: Metrics,
  baseline: Metrics | null,
  direction: Direction | null,
  gate?: Gate,
) {
  const now = number(candidate[metric]);
  const before = number(baseline?.[metric]);
  const change = now === null || before === null ? null : now - before;
  const comparison: MetricComparison = {
    metric,
    direction,
    candidate: now,
    baseline: before,
    change,
    relativeChange: change === null || before === null || before === 0 ? null : change / Math.abs(before),
    trend: trend(change, direction),
    gate: gate ? judge(gate, now, before) : null,
  };
  return comparison;
}

/** Failing gates first, then the primary metric, then other gates, then the rest; each by name. */
function byWeight(primary: string | null) {
  const rank = ({ metric, gate }: MetricComparison) => {
    if (gate?.outcome === 'fail') return 0;
    return metric === primary ? 1 : gate ? 2 : 3;
  };
  return (a: MetricComparison, b: MetricComparison): number =>
    rank(a) - rank(b) || a.metric.localeCompare(b.metric, 'en');
}

/** Compares without judging, for example two versions of a release plan. @param directions by metric */
export function compareMetrics(input: {
  candidate: Metrics;
  baseline: Metrics | null;
  directions: Readonly<Record<string, Direction>>;
  /** Stands first. */
  primary: string | null;
}): MetricComparison[] {
  const { candidate, baseline, directions, primary } = input;
  const names = [...new Set([...Object.keys(candidate), ...Object.keys(baseline ?? {})])];
  return names
    .map((name) =>
      row(name, candidate, baseline, (Object.hasOwn(directions, name) && directions[name]) || null),
    )
    .sort(byWeight(primary));
}

/**
 * The verdict on a candidate. No result is never a pass: a gated metric or the primary metric that is missing
 * fails, and without a baseline the outcome is at best `no-baseline`.
 *
 * @param gates with the binding's floors applied
 * @param baseline what it is compared with; its metrics are the frozen ones
 */
export function compare(input: {
  candidate: Metrics;
  baseline: Baseline & { metrics: Metrics | null };
  gates: readonly Gate[];
  primary: string;
}): Verdict {
  const { candidate, gates, primary } = input;
  const { metrics: before, ...baseline } = input.baseline;
  const gateOf = new Map(gates.map((gate) => [gate.metric, gate]));
  const names = new Set([...gateOf.keys(), primary, ...Object.keys(candidate)]);
  const metrics = [...names]
    .map((name) => row(name, candidate, before, gateOf.get(name)?.direction ?? null, gateOf.get(name)))
    .sort(byWeight(primary));
  const outcomes = metrics.flatMap((item) => (item.gate ? [item.gate.outcome] : []));
  const gatesFailed = outcomes.filter((outcome) => outcome === 'fail').length;
  const missingPrimary = number(candidate[primary]) === null;
  const undecided = baseline.kind === 'none' || outcomes.includes('no-baseline');
  const facts = {
    outcome: gatesFailed > 0 || missingPrimary ? 'fail' : undecided ? 'no-baseline' : 'pass',
    gatesTotal: outcomes.length,
    gatesFailed,
    primary,
    baseline,
    metrics,
  } as const;
  return { ...facts, title: verdictTitle(facts), summary: verdictSummary(facts) };
}
