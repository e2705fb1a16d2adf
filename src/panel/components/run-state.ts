import type { RunState, RunSummary } from '../../contract/run.ts';
import { checkIcon, dotFillIcon, questionIcon, runningIcon, skipIcon, xIcon } from './icons.ts';
import type { Mark } from './mark.ts';
import { isActive } from './run-active.ts';

export type { Mark } from './mark.ts';
export { isActive } from './run-active.ts';
export { taskMark } from './task-mark.ts';

const stateTexts: Record<RunState, string> = {
  waiting: 'Waits for approval',
  queued: 'Queued',
  uploading: 'Uploading the commit',
  submitted: 'Submitted',
  running: 'Training',
  evaluating: 'Evaluating',
  succeeded: 'Succeeded',
  failed: 'Failed',
  cancelled: 'Cancelled',
  superseded: 'Superseded',
  'timed-out': 'Timed out',
};

/** A run's mark in a list: its verdict where there is one, else its state. */
export function runMark(run: Pick<RunSummary, 'state' | 'outcome' | 'failingMetrics'>): Mark {
  if (isActive(run.state)) return { icon: runningIcon, tone: 'wait', text: stateTexts[run.state] };
  if (run.state === 'waiting') return { icon: dotFillIcon, tone: 'wait', text: stateTexts.waiting };
  if (run.state === 'succeeded') return outcomeMark(run.outcome, run.failingMetrics);
  const failed = run.state === 'failed' || run.state === 'timed-out';
  return { icon: failed ? xIcon : skipIcon, tone: failed ? 'fail' : 'quiet', text: stateTexts[run.state] };
}

function outcomeMark(outcome: RunSummary['outcome'], failing: readonly string[]): Mark {
  if (outcome === 'fail') {
    const text = failing.length === 0 ? 'A gate fails' : `Gate fails: ${failing.join(', ')}`;
    return { icon: xIcon, tone: 'fail', text };
  }
  if (outcome === 'pass') return { icon: checkIcon, tone: 'pass', text: 'All gates pass' };
  if (outcome === 'no-baseline') return { icon: questionIcon, tone: 'quiet', text: 'No baseline' };
  return { icon: checkIcon, tone: 'pass', text: 'Succeeded' };
}
