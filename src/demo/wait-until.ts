import { setTimeout as sleep } from 'node:timers/promises';

export interface Patience {
  /** What is awaited, for the error: "the run of 3f2a91c". */
  what: string;
  /** Milliseconds; the longest wait. */
  within: number;
  /** Milliseconds between two looks. */
  every?: number;
  signal: AbortSignal;
}

/** Looks again and again until there is an answer. @throws when the time is up or the demo ends. */
export async function waitUntil<Answer>(
  look: () => Promise<Answer | undefined>,
  { what, within, every = 500, signal }: Patience,
): Promise<Answer> {
  const end = Date.now() + within;
  for (;;) {
    signal.throwIfAborted();
    const answer = await look();
    if (answer !== undefined) return answer;
    if (Date.now() > end) throw new Error(`${what} did not come within ${Math.round(within / 1000)} s`);
    await sleep(every, undefined, { signal });
  }
}
