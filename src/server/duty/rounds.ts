import { AsyncLocalStorage } from 'node:async_hooks';
import type { Clock } from './clock.ts';

export interface RoundsOptions {
  /**
   * One look at what is due at `now`: starts it, and tells when the next is due (ISO 8601; null: nothing waits).
   * It may be called for nothing. `stop` ends with the start that the round belongs to: what it begins, and waits for,
   * ends with it.
   */
  round: (now: Date, stop: AbortSignal) => Promise<string | null>;
  clock: Clock;
  /** Told when a round failed; the next comes after a rest. Never throws. */
  failed: (error: unknown) => void;
  /** The longest pause between two rounds, whatever the last one told; milliseconds, a minute by default. */
  longestMs?: number;
  /** The shortest pause, milliseconds; 20 by default. */
  shortestMs?: number;
  /** The pause after a round that failed, milliseconds; 5 seconds by default. */
  restMs?: number;
}

/**
 * Repeats a round whenever it is woken, and when the last round's next moment has come; never two at a time. What is
 * due stands in the store, so that a restart goes on by itself.
 *
 * Rounds run in the context of `start`, whoever wakes them: what they write is fenced by the lease that they were
 * started under, not by what the caller of `wake` happened to do.
 */
export class Rounds {
  readonly #options: RoundsOptions;
  #callOff: (() => void) | undefined;
  #running: Promise<void> | undefined;
  #again = false;
  /** Of the last start: rounds of an earlier one end, though they outlived its stop. */
  #stop = new AbortController();
  #inContext: <T>(work: () => T) => T = (work) => work();

  constructor(options: RoundsOptions) {
    this.#options = options;
    this.#stop.abort();
  }

  get stopped(): boolean {
    return this.#stop.signal.aborted;
  }

  start(): void {
    this.#stop.abort();
    this.#stop = new AbortController();
    this.#inContext = AsyncLocalStorage.snapshot();
    this.wake();
  }

  /** Waits for the round under way; what it started is its owner's to wait for. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#callOff?.();
    await this.#running;
  }

  /** Something may be due: call after the commit that made it so. Does nothing while stopped. */
  wake(): void {
    if (this.stopped) return;
    this.#again = true;
    this.#running ??= this.#inContext(() => this.#run()).finally(() => {
      this.#running = undefined;
      if (this.#again) this.wake();
    });
  }

  async #run(): Promise<void> {
    const { round, clock, failed, longestMs = 60_000, shortestMs = 20, restMs = 5_000 } = this.#options;
    this.#callOff?.();
    const { signal } = this.#stop;
    let rest = longestMs;
    try {
      let next: string | null = null;
      let now = clock.now();
      while (this.#again && !signal.aborted) {
        this.#again = false;
        // One moment for what is due and what is due next: what falls between would be seen by neither.
        now = clock.now();
        next = await round(now, signal);
      }
      if (next !== null) rest = Math.max(shortestMs, Math.min(rest, Date.parse(next) - now.getTime()));
    } catch (error) {
      failed(error);
      rest = restMs;
    }
    if (!signal.aborted) this.#callOff = clock.after(rest, () => this.wake());
  }
}
