import { longestPauseMs } from './ports.ts';

/** Due at once, on every machine: not all clocks are right. */
export const atOnce = new Date(0).toISOString();

/** The clock is read when a pause is planned and when it is looked at, milliseconds. */
const slackMs = 1_000;

/**
 * What is planned for later than this waits for longer than any pause: the clock was set back, or that of whoever
 * planned it is ahead. It is due, too.
 *
 * @param now ISO 8601
 */
export function beyondAnyPause(now: string): string {
  return new Date(Date.parse(now) + longestPauseMs + slackMs).toISOString();
}
