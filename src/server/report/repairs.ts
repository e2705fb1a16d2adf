/** Between the second and the first repair of the same thing at least this long, milliseconds; doubles with each. */
const firstRestMs = 6 * 60_000;
const longestRestMs = 24 * 60 * 60_000;
const mostKeys = 10_000;

/**
 * How often something is put back that somebody keeps changing: at once, then after six minutes, twelve, … at last
 * once a day. Two machines that write the same status would else write it for ever.
 */
export class Repairs {
  readonly #done = new Map<string, { count: number; at: number }>();

  /** Whether it may be put back now (milliseconds since the epoch); if so it counts as done. */
  take(key: string, now: number): boolean {
    const done = this.#done.get(key);
    const since = done ? Math.abs(now - done.at) : 0;
    if (done && since < restOf(done.count)) return false;
    this.#done.delete(key);
    // After two days of peace it starts anew.
    const count = done && since < 2 * longestRestMs ? done.count + 1 : 1;
    this.#done.set(key, { count, at: now });
    if (this.#done.size > mostKeys) {
      const [oldest] = this.#done.keys();
      if (oldest !== undefined) this.#done.delete(oldest);
    }
    return true;
  }
}

const restOf = (count: number) => Math.min(firstRestMs * 2 ** (count - 1), longestRestMs);
