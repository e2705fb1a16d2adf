import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../src/server/duty/clock.ts';

interface Timer {
  /** Monotonic milliseconds. */
  at: number;
  call: () => void;
}

/**
 * Time that passes only when a test says so. Timers fire in the order of their moments, those of one moment in the
 * order in which they were set; while one fires the clock shows its moment.
 */
export class SimulatedClock implements Clock {
  readonly #timers = new Set<Timer>();
  #monotonic = 0;
  /** Wall clock minus monotonic, milliseconds. */
  #offset: number;

  constructor(start = new Date('2026-01-05T08:00:00.000Z')) {
    this.#offset = start.getTime();
  }

  now = (): Date => new Date(this.#offset + this.#monotonic);

  monotonic = (): number => this.#monotonic;

  after(milliseconds: number, call: () => void): () => void {
    // As Node does: less than a millisecond, or no number, is one.
    const timer = { at: this.#monotonic + (milliseconds >= 1 ? milliseconds : 1), call };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /** How many timers wait. */
  get waiting(): number {
    return this.#timers.size;
  }

  /** Milliseconds until the next timer; null when none waits. */
  get untilNext(): number | null {
    const next = this.#next();
    return next === null ? null : next.at - this.#monotonic;
  }

  /** The wall clock is set by so many milliseconds, in either direction; no time passes. */
  jump(milliseconds: number): void {
    this.#offset += milliseconds;
  }

  /** Lets time pass at once. What a timer's call leaves to promises has not happened when this returns. */
  advance(milliseconds: number): void {
    const end = this.#monotonic + milliseconds;
    for (let next = this.#next(); next !== null && next.at <= end; next = this.#next()) this.#fire(next);
    this.#monotonic = end;
  }

  /**
   * Lets time pass while the rest of the world goes on: after each moment at which timers fired, and at the end, it is
   * waited until what they started has come to rest.
   *
   * @param settled resolves when that is so; by default after one turn of the event loop, which is enough for promises
   *   and not for real connections
   */
  async pass(milliseconds: number, settled: () => Promise<unknown> = nextTurn): Promise<void> {
    const end = this.#monotonic + milliseconds;
    await settled();
    for (let next = this.#next(); next !== null && next.at <= end; next = this.#next()) {
      const { at } = next;
      for (let same: Timer | null = next; same !== null && same.at <= at; same = this.#next())
        this.#fire(same);
      await settled();
    }
    this.#monotonic = end;
    await settled();
  }

  #next(): Timer | null {
    let first: Timer | null = null;
    for (const timer of this.#timers) if (first === null || timer.at < first.at) first = timer;
    return first;
  }

  #fire(timer: Timer): void {
    this.#timers.delete(timer);
    this.#monotonic = timer.at;
    timer.call();
  }
}
