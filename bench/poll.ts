import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds between two looks: what a sample can be too long by, beside the time of one answer. */
export const pollEveryMs = 20;

/**
 * Looks until there is an answer.
 *
 * @returns the answer and when it arrived (`performance.now()`)
 * @throws when it does not come within two minutes
 */
export async function firstSeen<T>(
  what: string,
  look: () => Promise<T | undefined>,
): Promise<{ value: T; at: number }> {
  const end = performance.now() + 120_000;
  while (performance.now() < end) {
    const value = await look();
    if (value !== undefined) return { value, at: performance.now() };
    await sleep(pollEveryMs);
  }
  throw new Error(`${what} did not come within two minutes`);
}
