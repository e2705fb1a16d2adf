/** Pieces of work beside each other, at most one per key. */
export class Lanes<Key> {
  readonly #busy = new Map<Key, Promise<void>>();
  readonly #freed: (key: Key) => void;

  /** @param freed told after a lane became free; wakes whoever fills the lanes */
  constructor(freed: (key: Key) => void) {
    this.#freed = freed;
  }

  get size(): number {
    return this.#busy.size;
  }

  has(key: Key): boolean {
    return this.#busy.has(key);
  }

  keys(): IterableIterator<Key> {
    return this.#busy.keys();
  }

  /** @param work never rejects: whoever starts it knows what a failure means */
  start(key: Key, work: () => Promise<void>): void {
    if (this.#busy.has(key)) throw new Error('A lane was started twice for one key.');
    this.#busy.set(
      key,
      work().finally(() => {
        this.#busy.delete(key);
        this.#freed(key);
      }),
    );
  }

  /** Resolves when what is under way now has ended. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#busy.values());
  }
}
