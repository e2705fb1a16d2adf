const mostKeys = 10_000;

/**
 * Token buckets by key: each key may do `perMinute` acts at once and gets as many back within each minute. Own time
 * (monotonic), so that a clock that is set does not open or close them.
 */
export class Buckets {
  readonly #perMinute: number;
  readonly #now: () => number;
  readonly #levels = new Map<string | number, { left: number; at: number }>();

  /** @param now milliseconds, monotonic */
  constructor(perMinute: number, now: () => number = () => performance.now()) {
    this.#perMinute = perMinute;
    this.#now = now;
  }

  /** @returns null when it may; else after how many seconds it may */
  take(key: string | number): number | null {
    const now = this.#now();
    const perMs = this.#perMinute / 60_000;
    const level = this.#levels.get(key) ?? { left: this.#perMinute, at: now };
    const left = Math.min(this.#perMinute, level.left + (now - level.at) * perMs);
    const retryAfterSeconds = left < 1 ? (1 - left) / perMs / 1000 : null;
    this.#note(key, { left: retryAfterSeconds === null ? left - 1 : left, at: now });
    return retryAfterSeconds;
  }

  /** Used last, forgotten last: the memory is bounded whoever calls. */
  #note(key: string | number, level: { left: number; at: number }): void {
    this.#levels.delete(key);
    this.#levels.set(key, level);
    if (this.#levels.size <= mostKeys) return;
    const [oldest] = this.#levels.keys();
    if (oldest !== undefined) this.#levels.delete(oldest);
  }
}
