import { StoreUnavailable } from '../duty/interruption.ts';

interface Waiting {
  go(): void;
  fail(error: unknown): void;
}

/**
 * Transactions of this process wait here for their turn: each of them would else hold a connection while it waits for
 * the database's lock, and none would be left for reads.
 */
export class Turns {
  readonly #waiting: Waiting[] = [];
  #taken = false;

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#taken) await new Promise<void>((go, fail) => this.#waiting.push({ go, fail }));
    this.#taken = true;
    try {
      return await work();
    } catch (error) {
      // Those behind would wait for the same connection, one after another, until each has had its time limit.
      if (error instanceof StoreUnavailable && error.unreachable) {
        for (const { fail } of this.#waiting.splice(0)) fail(error);
      }
      throw error;
    } finally {
      const next = this.#waiting.shift();
      if (next) next.go();
      else this.#taken = false;
    }
  }
}
