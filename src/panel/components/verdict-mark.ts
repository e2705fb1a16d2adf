import { checkCircleFillIcon, questionIcon, xCircleFillIcon } from './icons.ts';
import type { Mark } from './mark.ts';

/** The larger, filled mark that stands before a verdict's title. */
export function verdictMark(outcome: 'pass' | 'fail' | 'no-baseline'): Omit<Mark, 'text'> {
  if (outcome === 'pass') return { icon: checkCircleFillIcon, tone: 'pass' };
  if (outcome === 'fail') return { icon: xCircleFillIcon, tone: 'fail' };
  return { icon: questionIcon, tone: 'quiet' };
}
