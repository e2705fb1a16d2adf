import type { Task } from '../../contract/run.ts';
import { checkIcon, circleIcon, runningIcon, skipIcon, xIcon } from './icons.ts';
import type { Mark } from './mark.ts';

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
