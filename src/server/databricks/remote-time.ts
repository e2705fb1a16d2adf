import type { Clock } from '../duty/clock.ts';

/**
 * A workspace's own time, by the header `Date` of its answers (RFC 9110 §6.6.1). What this machine's clock says does
 * not come into it: it may be wrong, and may be set while something is under way.
 */
export class RemoteTime {
  readonly #clock: Clock;
  /** Milliseconds since the epoch, at this monotonic time. */
  #read: { time: number; at: number } | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param date the header of an answer that came just now */
  note(date: string | null): void {
    const time = Date.parse(date ?? '');
    if (!Number.isNaN(time)) this.#read = { time, at: this.#clock.monotonic() };
  }

  /** To about a second; null: it has not said. */
  now(): Date | null {
    if (this.#read === null) return null;
    return new Date(this.#read.time + this.#clock.monotonic() - this.#read.at);
  }
}

/** A difference that tokens may well bear, milliseconds: issuers and their readers allow each other about a minute. */
const bearable = 60_000;

/**
 * How wrong this machine's clock is, in words; null where it is not, or nobody can tell.
 *
 * @param date header `Date` of an answer that came just now
 * @param now what this machine's clock says, milliseconds since the epoch
 */
export function clockFault(date: string | null, now: number): string | null {
  const off = now - Date.parse(date ?? '');
  if (Number.isNaN(off) || Math.abs(off) <= bearable) return null;
  const minutes = Math.max(1, Math.round(Math.abs(off) / 60_000));
  const amount = minutes === 1 ? 'a minute' : `${minutes} minutes`;
  return `The clock of the backend's machine is ${amount} ${off > 0 ? 'ahead of' : 'behind'} Databricks': set it right, and this goes on by itself.`;
}
