import type { PullView } from '../../../contract/pull.ts';
import { isActive } from '../../components/run-active.ts';

/** What the box says first. */
export type BoxState =
  | 'not-configured'
  | 'untrained'
  | 'waiting'
  | 'training'
  | 'failed'
  | 'stopped'
  | 'unjudged'
  | 'no-baseline'
  | 'judged';

/** Pure: which of the box's faces a pull request gets. */
export function boxState(view: PullView): BoxState {
  const { run } = view;
  if (run === null) {
    const { train } = view.actions;
    if (!train.allowed && train.code === 'configuration-missing') return 'not-configured';
    return view.fork && view.state === 'open' ? 'waiting' : 'untrained';
  }
  if (run.state === 'waiting') return 'waiting';
  if (isActive(run.state)) return 'training';
  if (run.state === 'failed' || run.state === 'timed-out') return 'failed';
  if (run.state === 'cancelled' || run.state === 'superseded') return 'stopped';
  if (view.verdict === null) return 'unjudged';
  return view.verdict.outcome === 'no-baseline' ? 'no-baseline' : 'judged';
}

/** The colour of the box's sign in the time line; quiet while Databricks does not answer. */
export function boxTone(view: PullView): 'pass' | 'fail' | 'wait' | 'plain' {
  if (view.connection.state === 'unreachable') return 'plain';
  const state = boxState(view);
  if (state === 'training' || state === 'waiting') return 'wait';
  if (state === 'failed') return 'fail';
  if (state !== 'judged' || view.verdict === null) return 'plain';
  return view.verdict.outcome === 'pass' ? 'pass' : 'fail';
}
