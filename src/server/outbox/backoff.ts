/** What gets no answer is tried at least every minute: whoever returns from an outage hears the news soon. */
const longestMs = 60_000;

/**
 * Pause before the next try, in milliseconds: doubles from half a second to a minute, of which a random half
 * is taken off so that many waiting rows do not return at once.
 *
 * @param attempts failed attempts so far, from 0
 * @param longest milliseconds, where it is not a minute
 */
export function backoffMs(
  attempts: number,
  random: () => number = Math.random,
  longest: number = longestMs,
): number {
  const full = Math.min(500 * 2 ** Math.min(attempts, 20), longest);
  return full / 2 + (full / 2) * random();
}
