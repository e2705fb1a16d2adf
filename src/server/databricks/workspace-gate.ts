import type { Clock } from '../duty/clock.ts';
import { pause, systemClock } from '../duty/clock.ts';
import { assertLease, currentLease } from '../duty/lease.ts';
import type { ApiFamily, Rate } from './api-family.ts';
import { rates } from './api-family.ts';
import type { Silence } from './circuit-breaker.ts';
import { CircuitBreaker } from './circuit-breaker.ts';
import { DatabricksError } from './error.ts';
import { stopping } from './failed-answer.ts';
import { RateBudget } from './rate-budget.ts';
import { RemoteTime } from './remote-time.ts';

/** How a request ended: `failed` is no answer, `held` never went out because the breaker was open. */
export type CallResult = 'ok' | 'refused' | 'throttled' | 'failed' | 'held';

/** Told what goes on at a gate, for metrics and for what people see. Nothing of it throws. */
export interface GateObserver {
  ended?(family: ApiFamily | 'probe', result: CallResult): void;
  /** @param seconds how long a call waited for its budget */
  waited?(family: ApiFamily, seconds: number): void;
  /** Whatever it said. */
  answered?(): void;
  /** It does not answer: told when the breaker opens, and again with each try that fails. */
  silent?(silence: Silence): void;
  /** The breaker opened or closed. */
  turned?(open: boolean): void;
}

export interface GateOptions {
  clock?: Clock;
  observer?: GateObserver;
  random?: () => number;
  /** What is not named has its usual rate. */
  rates?: Partial<Record<ApiFamily, readonly Rate[]>>;
}

export interface Attempt {
  family: ApiFamily;
  /** How long the call may wait for its turn, milliseconds. */
  timeoutMs: number;
  /** It may be repeated. */
  idempotent: boolean;
  signal?: AbortSignal | undefined;
}

/** Statuses that something between us and Databricks gives when nobody is behind it. */
const gatewayStatuses: readonly number[] = [502, 503, 504];

/** Longest `Retry-After` that a call waits for itself, in seconds; with a longer one the caller decides. */
const longestWait = 10;

const mostTries = 3;
const lookEveryMs = 10_000;

/** A 500 is an answer; a gateway's 502 to 504 says that nobody is behind it. */
const isAnswer = ({ status }: DatabricksError) => status !== 0 && !gatewayStatuses.includes(status);

function mayPass({ code, status, retryAfter }: DatabricksError): boolean {
  return (status === 429 || status === 503 || code === 'NO_CONNECTION') && (retryAfter ?? 0) <= longestWait;
}

/**
 * What every request to one workspace goes through, its token endpoint's, too: the circuit breaker, the budget of its
 * API family, and the lease of whoever acts. Repeats where that is safe: 429, 503 and lost connections, twice.
 */
export class WorkspaceGate {
  readonly time: RemoteTime;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #observer: GateObserver;
  readonly #budgets: Map<ApiFamily, RateBudget>;
  readonly #breaker: CircuitBreaker;
  #probe: (() => Promise<void>) | undefined;
  #callOff: (() => void) | undefined;
  /** Monotonic. */
  #nextLook = 0;

  constructor(options: GateOptions = {}) {
    const { clock = systemClock, observer = {}, random = Math.random } = options;
    const all = { ...rates, ...options.rates };
    this.#clock = clock;
    this.time = new RemoteTime(clock);
    this.#random = random;
    this.#observer = observer;
    this.#budgets = new Map(
      (Object.keys(all) as ApiFamily[]).map((family) => [
        family,
        new RateBudget({ clock, rates: all[family], random }),
      ]),
    );
    this.#breaker = new CircuitBreaker({ clock, turned: (open) => this.#turned(open) });
  }

  /** How many calls would go out now; see the breaker. */
  permits(): number {
    return this.#breaker.permits();
  }

  /** Milliseconds until a call may go out; 0: now. */
  waitMs(): number {
    return this.#breaker.waitMs();
  }

  /**
   * While it does not answer the workspace is asked by this, too, so that its return is seen when nobody calls.
   *
   * @param probe one cheap request; rejects with a DatabricksError
   */
  probeBy(probe: () => Promise<void>): void {
    this.#probe = probe;
  }

  /** Asks it now, where nobody asked of late and nobody waits to: what is known of it may be old. */
  look(): void {
    const now = this.#clock.monotonic();
    if (!this.#probe || this.#breaker.isOpen || now < this.#nextLook) return;
    this.#nextLook = now + lookEveryMs;
    void this.#ask(this.#probe);
  }

  /** Ends the probing. */
  close(): void {
    this.#callOff?.();
    this.#probe = undefined;
  }

  /**
   * @param attempt one request; rejects with a DatabricksError
   * @throws DatabricksError; LeaseLost where the caller's lease ran out before it could act
   */
  async send<T>(call: Attempt, attempt: () => Promise<T>): Promise<T> {
    const { signal } = call;
    for (let tries = 1; ; tries += 1) {
      if (signal?.aborted) throw stopping();
      await this.#turn(call);
      try {
        const answer = await attempt();
        this.#noteAnswer(call.family, 'ok');
        return answer;
      } catch (error) {
        if (signal?.aborted) throw stopping();
        if (!(error instanceof DatabricksError)) throw error;
        this.#note(call.family, error);
        const again = call.idempotent && tries < mostTries && mayPass(error) && !this.#breaker.isOpen;
        if (!again) throw error;
        // After a 429 the budget says when.
        if (error.status !== 429) await pause(this.#clock, this.#restMs(tries, error), signal);
      }
    }
  }

  /** Waits for the call's turn. */
  async #turn({ family, timeoutMs, signal }: Attempt): Promise<void> {
    try {
      this.#breaker.refuseWhileOpen();
      const before = this.#clock.monotonic();
      const priority = currentLease() === undefined ? 'people' : 'background';
      await this.#budgets.get(family)?.take(priority, timeoutMs, signal);
      this.#observer.waited?.(family, (this.#clock.monotonic() - before) / 1_000);
      assertLease();
      this.#breaker.admit();
    } catch (error) {
      if (signal?.aborted) throw stopping();
      if (error instanceof DatabricksError) this.#observer.ended?.(family, 'held');
      throw error;
    }
  }

  #restMs(tries: number, { retryAfter }: DatabricksError): number {
    const own = 300 * 2 ** (tries - 1) * (0.5 + this.#random());
    return Math.max(own, (retryAfter ?? 0) * 1_000);
  }

  #note(family: ApiFamily, error: DatabricksError): void {
    if (error.status === 429) this.#budgets.get(family)?.refused(error.retryAfter);
    if (isAnswer(error)) {
      this.#noteAnswer(family, error.status === 429 ? 'throttled' : 'refused');
      return;
    }
    this.#observer.ended?.(family, 'failed');
    this.#noteSilence(error);
  }

  #noteAnswer(family: ApiFamily, result: CallResult): void {
    if (result !== 'throttled') this.#budgets.get(family)?.accepted();
    this.#observer.ended?.(family, result);
    this.#breaker.answered();
    this.#observer.answered?.();
  }

  #noteSilence(error: DatabricksError): void {
    this.#breaker.failed(error.message);
    if (this.#breaker.isOpen && this.#breaker.silence) this.#observer.silent?.(this.#breaker.silence);
  }

  #turned(open: boolean): void {
    this.#observer.turned?.(open);
    this.#callOff?.();
    if (open) this.#probeLater();
  }

  #probeLater(): void {
    if (!this.#probe) return;
    this.#callOff = this.#clock.after(this.#breaker.waitMs() + 1, () => void this.#probeNow());
  }

  /** Others' calls are probes, too: there is one of our own only where none went out. */
  async #probeNow(): Promise<void> {
    if (this.#probe && this.#breaker.permits() === 1) {
      this.#breaker.admit();
      await this.#ask(this.#probe);
    }
    if (this.#breaker.isOpen) this.#probeLater();
  }

  async #ask(probe: () => Promise<void>): Promise<void> {
    try {
      await probe();
      this.#observer.ended?.('probe', 'ok');
      this.#breaker.answered('probe');
      this.#observer.answered?.();
    } catch (error) {
      this.#observer.ended?.('probe', 'failed');
      if (error instanceof DatabricksError) this.#noteSilence(error);
    }
  }
}
