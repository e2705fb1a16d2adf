import type { ChangeEvent } from '../../contract/event.ts';
import type { Announcer } from './announcer.ts';

/** Hears of a change. */
export type Listener = (change: ChangeEvent) => void;

/** Passes changes on to those who listen for their repository. */
export class EventHub implements Announcer {
  readonly #listeners = new Map<number, Set<Listener>>();
  readonly #onError: (error: unknown) => void;
  readonly #now: () => number;
  #version = 0;

  constructor(onError: (error: unknown) => void, now: () => number = Date.now) {
    this.#onError = onError;
    this.#now = now;
  }

  announce(change: Omit<ChangeEvent, 'version'>): void {
    // Milliseconds, pushed on where two fall together: also counts up across restarts.
    this.#version = Math.max(this.#version + 1, this.#now());
    const event: ChangeEvent = { ...change, version: this.#version };
    for (const listener of this.#listeners.get(change.repository) ?? []) {
      try {
        listener(event);
      } catch (error) {
        this.#onError(error);
      }
    }
  }

  /** @returns stops listening */
  listen(repository: number, listener: Listener): () => void {
    const listeners = this.#listeners.get(repository) ?? new Set();
    listeners.add(listener);
    this.#listeners.set(repository, listeners);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.#listeners.delete(repository);
    };
  }
}
