/**
 * Pause before the next try, in milliseconds: doubles from half a second to five minutes, of which a random half
 * is taken off so that many waiting rows do not return at once.
 *
 * @param attempts failed attempts so far, from 0
 */
export function backoffMs(attempts: number, random: () => number = Math.random): number {
  const full = Math.min(500 * 2 ** Math.min(attempts, 20), 300_000);
  return full / 2 + (full / 2) * random();
}
