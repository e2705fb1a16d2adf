import { setTimeout as sleep } from 'node:timers/promises';

export interface Waiting {
  /** Two minutes by default, for the machine may be busy. */
  withinMs?: number;
  /** Between two looks; 50 by default. */
  everyMs?: number;
  /** What is still missing, for the error. */
  still?: () => readonly string[];
}

/** Looks until there is an answer. @throws with what is missing when it does not come */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | null | undefined | false> | T | null | undefined | false,
  { withinMs = 120_000, everyMs = 50, still }: Waiting = {},
): Promise<T> {
  const late = performance.now() + withinMs;
  for (;;) {
    const answer = await look();
    if (answer !== null && answer !== undefined && answer !== false) return answer;
    if (performance.now() > late) {
      const missing = still ? `: ${still().slice(0, 20).join('; ')}` : '';
      throw new Error(`${what} did not come within ${withinMs / 1_000} s${missing}`);
    }
    await sleep(everyMs);
  }
}
