import { signal } from '@preact/signals';
import type { ProblemError } from '../api/problem-error.ts';
import { asProblemError } from '../api/problem-error.ts';

/**
 * Something that is fetched, shown and fetched again. Data stay while a newer answer is on its way or failed:
 * then `problem` says so and `loadedAt` how old they are.
 */
export class Resource<T> {
  readonly data = signal<T | null>(null);
  /** Why the last attempt failed; null after a good one. */
  readonly problem = signal<ProblemError | null>(null);
  readonly loading = signal(false);
  /** When the data came. */
  readonly loadedAt = signal<Date | null>(null);
  readonly #load: (signal: AbortSignal) => Promise<T>;
  readonly #signal: AbortSignal;
  #running: Promise<void> | null = null;
  #again = false;

  /** @param load fetches once; @param signal ends everything */
  constructor(load: (signal: AbortSignal) => Promise<T>, signal: AbortSignal) {
    this.#load = load;
    this.#signal = signal;
  }

  /**
   * Fetches again. Calls while a request is on its way make exactly one more after it, however many they are:
   * its answer may have been made before the change that they tell of. Never rejects.
   */
  refresh(): Promise<void> {
    if (this.#running !== null) {
      this.#again = true;
      return this.#running;
    }
    this.#running = this.#loop().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #loop(): Promise<void> {
    this.loading.value = true;
    do {
      this.#again = false;
      await this.#once();
    } while (this.#again && !this.#signal.aborted);
    this.loading.value = false;
  }

  async #once(): Promise<void> {
    if (this.#signal.aborted) return;
    try {
      const data = await this.#load(this.#signal);
      if (this.#signal.aborted) return;
      this.data.value = data;
      this.problem.value = null;
      this.loadedAt.value = new Date();
    } catch (error) {
      if (!this.#signal.aborted) this.problem.value = asProblemError(error);
    }
  }
}
