/**
 * Time as the rooms see it. What waits takes a clock instead of a global timer, so that half an hour of outage is
 * tested in a second.
 */
export interface Clock {
  /** Wall clock: stamps rows and is shown to people. It may jump, in both directions. */
  now(): Date;
  /** Milliseconds since some moment; never jumps: for distances (has this lease run out?). */
  monotonic(): number;
  /** Calls once after the pause (milliseconds). @returns calls it off */
  after(milliseconds: number, call: () => void): () => void;
}

/** The machine's time. Waiting does not keep the process alive: whoever serves does. */
export const systemClock: Clock = {
  now: () => new Date(),
  monotonic: () => performance.now(),
  after(milliseconds, call) {
    const timer = setTimeout(call, milliseconds);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** Resolves after the pause, or at once when the signal is aborted. */
export async function pause(clock: Clock, milliseconds: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return;
  await new Promise<void>((resolve) => {
    const callOff = clock.after(milliseconds, end);
    function end(): void {
      callOff();
      signal?.removeEventListener('abort', end);
      resolve();
    }
    signal?.addEventListener('abort', end, { once: true });
  });
}
