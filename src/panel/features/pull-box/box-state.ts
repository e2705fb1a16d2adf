import type { PullView } from '../../../contract/pull.ts';
import { isActive } from '../../components/run-state.ts';

/** What the box says first. */
export type BoxState =
  | 'not-configured'
  | 'untrained'
  | 'waiting'
  | 'training'
  | 'failed'
  | 'stopped'
  | 'unjudged'
  | 'judged';

/** Pure: which of the box's faces a pull request gets. */
export function boxState(view: PullView): BoxState {
  const { run } = view;
  if (run === null) {
    const { train } = view.actions;
    if (!train.allowed && train.code === 'configuration-missing') return 'not-configured';
    return view.fork ? 'waiting' : 'untrained';
  }
  if (run.state === 'waiting') return 'waiting';
  if (isActive(run.state)) return 'training';
  if (run.state === 'failed' || run.state === 'timed-out') return 'failed';
  if (run.state === 'cancelled' || run.state === 'superseded') return 'stopped';
  return view.verdict === null ? 'unjudged' : 'judged';
}

/** The colour of the box's sign in the time line; quiet while Databricks does not answer. */
export function boxTone(view: PullView): 'pass' | 'fail' | 'wait' | 'plain' {
  if (view.connection.state === 'unreachable') return 'plain';
  const state = boxState(view);
  if (state === 'training' || state === 'waiting') return 'wait';
  if (state === 'failed') return 'fail';
  if (state !== 'judged' || view.verdict === null) return 'plain';
  return view.verdict.outcome === 'no-baseline' ? 'plain' : view.verdict.outcome;
}

/** How long a run of this pull request took last, in ms; null when none succeeded. */
export function expectedDuration(view: PullView): number | null {
  const last = view.runs.find(
    (run) => run.state === 'succeeded' && run.startedAt !== null && run.endedAt !== null,
  );
  return last === undefined ? null : Date.parse(last.endedAt ?? '') - Date.parse(last.startedAt ?? '');
}

/** Final values of a metric in this pull request's runs, oldest first. */
export function metricTrend(view: PullView, metric: string): number[] {
  return view.runs
    .map((run) => run.metrics[metric])
    .filter((value): value is number => typeof value === 'number')
    .reverse();
}

/** What the candidate is called: its version, or the run while it has none. */
export function candidateName(view: PullView): string {
  if (view.run === null) return 'this commit';
  return view.run.version === null ? `run ${view.run.number}` : `v${view.run.version}`;
}

/** What the baseline is called in a column and on a button. */
export function baselineName(view: PullView): { column: string; short: string } | null {
  const baseline = view.verdict?.baseline;
  if (baseline === undefined || baseline.kind === 'none') return null;
  if (baseline.version !== null) {
    const short = `v${baseline.version}`;
    return { column: baseline.kind === 'champion' ? `Production ${short}` : `Baseline ${short}`, short };
  }
  return {
    column: 'Baseline',
    short: baseline.commit === null ? 'the baseline' : baseline.commit.slice(0, 10),
  };
}
