import type { Clock } from '../duty/clock.ts';
import { DatabricksError } from './error.ts';

export interface CircuitBreakerOptions {
  clock: Clock;
  /** So many failures to answer, one after the other, open it; 5 by default. */
  failures?: number;
  /** Pause between two tries while it is open, milliseconds; 10 seconds by default. */
  probeEveryMs?: number;
  /** Told after it opened or closed. Never throws. */
  turned?: (open: boolean) => void;
}

/** So many pauses between probes after an answered one, a failure is a new one: longer than a call takes to fail. */
const sameSilence = 6;

/** What is known of the last failures to answer. Times are ISO 8601. */
export interface Silence {
  /** The first of the failures. */
  since: string;
  /** Why the last one failed. */
  reason: string;
}

/**
 * Keeps calls from a workspace that does not answer: after some failures in a row only one call in ten seconds goes
 * out, and everything else fails at once. A refusal is an answer. The first answer closes it.
 */
export class CircuitBreaker {
  readonly #options: Required<CircuitBreakerOptions>;
  #failures = 0;
  #silence: Silence | null = null;
  /** Only a probe of our own was answered since: a failure soon after goes on with this silence. */
  #former: { silence: Silence; until: number } | null = null;
  /** Monotonic: when the next call may be tried; null: closed. */
  #nextProbe: number | null = null;

  constructor(options: CircuitBreakerOptions) {
    this.#options = { failures: 5, probeEveryMs: 10_000, turned: () => {}, ...options };
  }

  get isOpen(): boolean {
    return this.#nextProbe !== null;
  }

  /** null while the last call was answered. */
  get silence(): Silence | null {
    return this.#silence;
  }

  /** Milliseconds until a call may go out; 0: now. */
  waitMs(): number {
    return this.#nextProbe === null ? 0 : Math.max(0, this.#nextProbe - this.#options.clock.monotonic());
  }

  /** How many calls may go out now. */
  permits(): number {
    if (this.#nextProbe === null) return Number.POSITIVE_INFINITY;
    return this.waitMs() === 0 ? 1 : 0;
  }

  /**
   * Call before each request.
   *
   * @throws DatabricksError `CIRCUIT_OPEN` (temporary, with `retryAfter`)
   */
  admit(): void {
    if (this.#nextProbe === null) return;
    this.refuseWhileOpen();
    // Whether this one is answered or vanishes: the next is tried so much later.
    this.#nextProbe = this.#options.clock.monotonic() + this.#options.probeEveryMs;
  }

  /**
   * Like {@link admit}, without counting as a try: before waiting for anything.
   *
   * @throws DatabricksError
   */
  refuseWhileOpen(): void {
    const wait = this.waitMs();
    if (wait === 0) return;
    const since = this.#silence?.since ?? '';
    throw new DatabricksError({
      code: 'CIRCUIT_OPEN',
      status: 0,
      message: `Databricks does not answer since ${since.slice(11, 16)} UTC.`,
      retryAfter: Math.max(1, Math.ceil(wait / 1_000)),
    });
  }

  /** It answered, whatever it said. @param what a probe says that somebody is there, not yet that calls go through */
  answered(what: 'call' | 'probe' = 'call'): void {
    const { clock, probeEveryMs, turned } = this.#options;
    const wasOpen = this.isOpen;
    const until = clock.monotonic() + sameSilence * probeEveryMs;
    this.#former = what === 'probe' && this.#silence ? { silence: this.#silence, until } : null;
    this.#failures = 0;
    this.#silence = null;
    this.#nextProbe = null;
    if (wasOpen) turned(false);
  }

  /** It did not. @param reason without secrets */
  failed(reason: string): void {
    const { clock, failures, probeEveryMs, turned } = this.#options;
    this.#failures += 1;
    if (this.#former && clock.monotonic() > this.#former.until) this.#former = null;
    const before = this.#silence ?? this.#former?.silence;
    this.#silence = { since: before?.since ?? clock.now().toISOString(), reason };
    if (this.isOpen || (this.#failures < failures && this.#former === null)) return;
    this.#nextProbe = clock.monotonic() + probeEveryMs;
    turned(true);
  }
}
