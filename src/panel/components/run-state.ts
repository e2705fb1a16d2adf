import type { RunState, RunSummary, Task } from '../../contract/run.ts';
import type { IconShape } from './icon.tsx';
import {
  checkCircleFillIcon,
  checkIcon,
  circleIcon,
  dotFillIcon,
  questionIcon,
  runningIcon,
  skipIcon,
  xCircleFillIcon,
  xIcon,
} from './icons.ts';

/** How a state looks: never by colour alone. */
export interface Mark {
  icon: IconShape;
  tone: 'pass' | 'fail' | 'wait' | 'quiet';
  /** In words: "Training", "Superseded". */
  text: string;
}

const active: readonly RunState[] = ['queued', 'uploading', 'submitted', 'running', 'evaluating'];

/** Whether the run is on its way, from the queue to the verdict. */
export function isActive(state: RunState): boolean {
  return active.includes(state);
}

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

/** The larger, filled mark that stands before a verdict's title. */
export function verdictMark(outcome: 'pass' | 'fail' | 'no-baseline'): Omit<Mark, 'text'> {
  if (outcome === 'pass') return { icon: checkCircleFillIcon, tone: 'pass' };
  if (outcome === 'fail') return { icon: xCircleFillIcon, tone: 'fail' };
  return { icon: questionIcon, tone: 'quiet' };
}

/** A task's mark, with its state in words for those who do not see it. */
export function taskMark(state: Task['state']): Mark {
  switch (state) {
    case 'pending':
      return { icon: circleIcon, tone: 'quiet', text: 'pending' };
    case 'running':
      return { icon: runningIcon, tone: 'wait', text: 'running' };
    case 'succeeded':
      return { icon: checkIcon, tone: 'pass', text: 'succeeded' };
    case 'failed':
      return { icon: xIcon, tone: 'fail', text: 'failed' };
    case 'timed-out':
      return { icon: xIcon, tone: 'fail', text: 'timed out' };
    case 'cancelled':
      return { icon: skipIcon, tone: 'quiet', text: 'cancelled' };
    case 'skipped':
      return { icon: skipIcon, tone: 'quiet', text: 'skipped' };
  }
}
