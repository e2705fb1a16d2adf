import type { Clock } from '../duty/clock.ts';

/** How long a call may take, its body included. */
export interface TimeLimit {
  /** Aborted when the time is over, or with one of the other signals. */
  readonly signal: AbortSignal;
  /** Whether the time was over, and not somebody else the reason. */
  readonly over: boolean;
  /** Call when the call has ended. */
  callOff(): void;
}

/** A limit in milliseconds on the caller's clock: `fetch` itself waits for five minutes, and ky for headers only. */
export function timeLimit(
  clock: Clock,
  milliseconds: number,
  ...others: (AbortSignal | undefined)[]
): TimeLimit {
  const limit = new AbortController();
  const callOff = clock.after(milliseconds, () => limit.abort());
  const signals = [limit.signal, ...others.filter((signal) => signal !== undefined)];
  return {
    signal: AbortSignal.any(signals),
    get over() {
      return limit.signal.aborted;
    },
    callOff,
  };
}
