import type { Clock } from '../duty/clock.ts';
import type { Rate } from './api-family.ts';
import { DatabricksError } from './error.ts';

/** People wait for theirs; what goes on in the background lets them by. */
export type Priority = 'people' | 'background';

interface Waiting {
  /** Monotonic: until then it waits, and no longer. */
  deadline: number;
  go: () => void;
  fail: (error: Error) => void;
}

export interface RateBudgetOptions {
  clock: Clock;
  /** All hold at once. */
  rates: readonly Rate[];
  /** 0 to below 1; for the jitter. */
  random?: () => number;
}

/** How long nothing goes out after a 429 that names no time: doubles with each further one (ms). */
const penaltyMs = { first: 500, most: 30_000 };

/** After so many people the background has a turn where it waits, so that nothing stands still because many look. */
const peopleInARow = 3;

/**
 * The calls of one API family that may go out: a token bucket for each rate. Who finds it empty waits for their turn,
 * people before the background but for every fourth call, and gives up only when the wait would be longer than the call
 * may take. Each wait has some jitter, so that backends that share a workspace do not march in step.
 */
export class RateBudget {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #levels: { rate: Rate; tokens: number }[];
  readonly #queues: Record<Priority, Set<Waiting>> = { people: new Set(), background: new Set() };
  #filledAt: number;
  /** Monotonic: after a 429 nothing goes out before. */
  #blockedUntil = 0;
  #refusals = 0;
  /** People who went before the background since it had a turn, and waited. */
  #inARow = 0;
  #callOff: (() => void) | undefined;

  constructor({ clock, rates, random = Math.random }: RateBudgetOptions) {
    this.#clock = clock;
    this.#random = random;
    this.#levels = rates.map((rate) => ({ rate, tokens: rate.burst }));
    this.#filledAt = clock.monotonic();
  }

  /**
   * Resolves when the call may go out.
   *
   * @param longestMs how long it may wait
   * @throws DatabricksError `RATE_BUDGET` (temporary, with `retryAfter`) when that is not enough
   */
  async take(priority: Priority, longestMs: number, signal?: AbortSignal): Promise<void> {
    const now = this.#clock.monotonic();
    if (this.#ahead(priority) === 0 && this.#waitMs(now, 1) <= 0) {
      this.#spend(priority);
      return;
    }
    const wait = this.#waitMs(now, this.#ahead(priority) + 1);
    if (wait > longestMs) throw tooLong(wait);
    await new Promise<void>((resolve, reject) => {
      const queue = this.#queues[priority];
      const leave = () => {
        queue.delete(waiting);
        signal?.removeEventListener('abort', aborted);
      };
      const aborted = () => {
        leave();
        reject(signal?.reason);
      };
      const waiting: Waiting = {
        deadline: now + longestMs,
        go() {
          leave();
          resolve();
        },
        fail(error) {
          leave();
          reject(error);
        },
      };
      if (signal?.aborted) return reject(signal.reason);
      signal?.addEventListener('abort', aborted, { once: true });
      queue.add(waiting);
      this.#arm();
    });
  }

  /** Databricks took a call. */
  accepted(): void {
    this.#refusals = 0;
  }

  /** Databricks answered 429: nothing goes out for a while. @param retryAfter seconds; null: it named none */
  refused(retryAfter: number | null): void {
    const now = this.#clock.monotonic();
    this.#fill(now);
    // The first rate is the one of the moment; an hour's is not used up by this.
    if (this.#levels[0]) this.#levels[0].tokens = 0;
    // Calls that were under way together are refused together: that is one refusal.
    if (now >= this.#blockedUntil) this.#refusals += 1;
    const own = Math.min(penaltyMs.first * 2 ** Math.min(this.#refusals - 1, 10), penaltyMs.most);
    const pause = Math.max(own, (retryAfter ?? 0) * 1_000) * (1 + this.#random() / 4);
    this.#blockedUntil = Math.max(this.#blockedUntil, now + pause);
    this.#arm();
  }

  /** How many would be served before a newcomer of this priority. */
  #ahead(priority: Priority): number {
    const { people, background } = this.#queues;
    if (priority === 'people') {
      const turns = Math.floor((this.#inARow + people.size) / peopleInARow);
      return people.size + Math.min(turns, background.size);
    }
    const goBefore = peopleInARow * (background.size + 1) - this.#inARow;
    return background.size + Math.min(people.size, goBefore);
  }

  /** Whose turn it is, of those who wait. */
  #next(): Priority {
    const { people, background } = this.#queues;
    if (background.size === 0) return 'people';
    return people.size === 0 || this.#inARow >= peopleInARow ? 'background' : 'people';
  }

  /** Milliseconds until the n-th call from now may go out. */
  #waitMs(now: number, calls: number): number {
    this.#fill(now);
    const waits = this.#levels.map(({ rate, tokens }) => ((calls - tokens) / rate.perSecond) * 1_000);
    // Nothing fills while it is blocked.
    return Math.max(0, this.#blockedUntil - now) + Math.max(0, ...waits);
  }

  #fill(now: number): void {
    const from = Math.max(this.#filledAt, Math.min(this.#blockedUntil, now));
    const seconds = Math.max(0, now - from) / 1_000;
    for (const level of this.#levels) {
      level.tokens = Math.min(level.rate.burst, level.tokens + seconds * level.rate.perSecond);
    }
    this.#filledAt = now;
  }

  #spend(priority: Priority): void {
    for (const level of this.#levels) level.tokens -= 1;
    const passed = priority === 'people' && this.#queues.background.size > 0;
    this.#inARow = passed ? this.#inARow + 1 : 0;
  }

  /** Serves whoever can be served, ends whose time is over, and comes back when the next can be. */
  #serve(): void {
    const now = this.#clock.monotonic();
    while (this.#waitMs(now, 1) <= 0) {
      const priority = this.#next();
      const [first] = this.#queues[priority];
      if (!first) break;
      this.#spend(priority);
      first.go();
    }
    for (const queue of Object.values(this.#queues)) {
      for (const waiting of queue) {
        if (waiting.deadline <= now) waiting.fail(tooLong(this.#waitMs(now, 1)));
      }
    }
    this.#arm();
  }

  #arm(): void {
    this.#callOff?.();
    const { people, background } = this.#queues;
    if (people.size + background.size === 0) return;
    const now = this.#clock.monotonic();
    const jitter = (this.#random() / 2 / (this.#levels[0]?.rate.perSecond ?? 1)) * 1_000;
    const deadline = Math.min(...[...people, ...background].map((waiting) => waiting.deadline));
    const pause = Math.min(this.#waitMs(now, 1) + jitter, Math.max(0, deadline - now));
    this.#callOff = this.#clock.after(Math.max(1, pause), () => this.#serve());
  }
}

const tooLong = (waitMs: number) =>
  new DatabricksError({
    code: 'RATE_BUDGET',
    status: 429,
    message: 'More was to be asked of Databricks than it takes at once. Try again in a moment.',
    retryAfter: Math.max(1, Math.ceil(waitMs / 1_000)),
  });
