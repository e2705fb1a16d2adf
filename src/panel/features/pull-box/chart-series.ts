import type { MetricHistory, Verdict } from '../../../contract/metric.ts';
import type { MetricChartProps } from '../../charts/metric-chart.tsx';

/** The two metrics worth a chart: failing ones first, then the primary one, then as they come. */
export function chartedMetrics(available: readonly string[], verdict: Verdict): string[] {
  const failing = verdict.metrics.filter((row) => row.gate?.outcome === 'fail').map((row) => row.metric);
  const order = [...failing, verdict.primary, ...verdict.metrics.map((row) => row.metric), ...available];
  return [...new Set(order)].filter((metric) => available.includes(metric)).slice(0, 2);
}

/** The lines of one chart: production below, the candidate on top; a run that did not log it has none. */
export function chartSeries(
  metric: string,
  histories: { candidate: MetricHistory; baseline: MetricHistory | null },
  candidate: string,
  baseline: string,
): MetricChartProps['series'] {
  const find = (history: MetricHistory | null) => history?.series.find((series) => series.metric === metric);
  const champion = find(histories.baseline);
  const own = find(histories.candidate);
  return [
    ...(champion
      ? [{ label: baseline, role: 'champion' as const, steps: champion.steps, values: champion.values }]
      : []),
    ...(own ? [{ label: candidate, role: 'candidate' as const, steps: own.steps, values: own.values }] : []),
  ];
}
