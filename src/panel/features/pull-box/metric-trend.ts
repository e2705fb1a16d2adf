import type { PullView } from '../../../contract/pull.ts';

/** Final values of a metric in this pull request's runs, oldest first. */
export function metricTrend(view: PullView, metric: string): number[] {
  return view.runs
    .map((run) => run.metrics[metric])
    .filter((value): value is number => typeof value === 'number')
    .reverse();
}
