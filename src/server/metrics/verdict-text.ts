import type { MetricComparison, Verdict } from '../../contract/metric.ts';
import { formatPercent } from './number-format.ts';

type Facts = Omit<Verdict, 'title' | 'summary'>;

const gated = (facts: Facts) => facts.metrics.filter((item) => item.gate !== null);

function missingPrimary(facts: Facts): boolean {
  return facts.metrics.find((item) => item.metric === facts.primary)?.candidate == null;
}

/** The heading: "1 of 3 gates fails", "All 3 gates pass". */
export function verdictTitle(facts: Facts): string {
  const { gatesTotal, gatesFailed, outcome } = facts;
  if (outcome === 'fail') {
    if (gatesFailed === 0) return `${facts.primary} is missing`;
    if (gatesTotal === 1) return 'The gate fails';
    return `${gatesFailed} of ${gatesTotal} gates ${gatesFailed === 1 ? 'fails' : 'fail'}`;
  }
  if (outcome === 'no-baseline') return 'Trained, no baseline to compare with';
  if (gatesTotal === 0) return 'Trained, no gates are set';
  if (gatesTotal === 1) return 'The gate passes';
  return gatesTotal === 2 ? 'Both gates pass' : `All ${gatesTotal} gates pass`;
}

/** The sentence below it: the metric, both values, the limit. */
export function verdictSummary(facts: Facts): string {
  if (facts.outcome === 'fail') return failure(facts);
  if (facts.outcome === 'no-baseline') return withoutBaseline(facts);
  return success(facts);
}

function failure(facts: Facts): string {
  const failing = gated(facts).filter((item) => item.gate?.outcome === 'fail');
  if (failing.length === 0) {
    return missingPrimary(facts)
      ? `The run did not log ${facts.primary}, the primary metric, as a number. No result is not a pass.`
      : '';
  }
  const first = failing.find((item) => item.metric === facts.primary) ?? failing[0];
  const others = failing.filter((item) => item !== first).map((item) => item.metric);
  const also = others.length > 0 ? ` Also failing: ${others.join(', ')}.` : '';
  return `${first?.gate?.reason ?? ''}${also}`;
}

const gates = (count: number, verb: [one: string, many: string]) =>
  count === 1 ? `1 gate ${verb[0]}` : `${count} gates ${verb[1]}`;

function withoutBaseline(facts: Facts): string {
  const open = gated(facts).filter((item) => item.gate?.outcome === 'no-baseline').length;
  const decided = facts.gatesTotal - open;
  const why =
    facts.baseline.kind === 'none'
      ? 'Nothing is in production yet and no earlier commit was trained.'
      : 'The baseline lacks a metric that has a gate.';
  const limits =
    decided > 0 ? `${gates(decided, ['has a fixed limit and passes', 'have fixed limits and pass'])}` : '';
  const needing = open > 0 ? `${gates(open, ['needs', 'need'])} a baseline` : '';
  const both = [limits, needing].filter(Boolean).join('; ');
  const end = open > 0 ? 'That is not a pass.' : 'Nothing is promoted by itself.';
  return [why, both && `${both}.`, end].filter(Boolean).join(' ');
}

function success(facts: Facts): string {
  const compared = facts.metrics.filter(
    (item) => item.trend === 'better' || item.trend === 'worse' || item.trend === 'same',
  );
  const known = compared.filter((item) => item.direction !== null);
  const better = known.filter((item) => item.trend === 'better').length;
  const worse = known.filter((item) => item.trend === 'worse');
  if (known.length === 0) return `Compared with ${facts.baseline.label}.`;
  const count =
    better === known.length
      ? known.length === 1
        ? `${known[0]?.metric} is better.`
        : `Better in all ${known.length} metrics.`
      : better === 0 && worse.length === 0
        ? 'Nothing changed.'
        : `Better in ${better === 0 ? 'none' : better} of ${known.length} metrics.`;
  const nearest = worse.find((item) => item.metric === facts.primary) ?? worse[0];
  return nearest ? `${count} ${within(nearest)}` : count;
}

function within({ metric, relativeChange, gate }: MetricComparison): string {
  const by = relativeChange === null ? 'worse' : `${formatPercent(relativeChange)} worse`;
  const regression = gate?.regression ?? null;
  const room =
    regression !== null && gate?.bound !== gate?.limit
      ? `its gate of ${formatPercent(regression)}`
      : 'its limit';
  return `${metric} is ${by} and stays within ${room}.`;
}
