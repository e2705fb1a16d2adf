import { randomBytes } from 'node:crypto';
import type { ChangeEvent } from '../../contract/event.ts';
import type { Bus } from '../duty/bus.ts';
import type { Announcer } from './announcer.ts';

/** Hears of a change. */
export type Listener = (change: ChangeEvent) => void;

/** So many changes are kept for those who come back. */
const kept = 1_000;

/**
 * Passes changes on to those who listen for their repository, in every backend that uses the same store: what one
 * announces all hear by the bus.
 */
export class EventHub implements Announcer {
  readonly #bus: Bus;
  readonly #listeners = new Map<number, Set<Listener>>();
  readonly #onError: (error: unknown) => void;
  readonly #now: () => number;
  /** Tells ids of this hub from those of others: each numbers what it heard by itself. */
  readonly #name = randomBytes(4).toString('hex');
  readonly #recent: ChangeEvent[] = [];
  readonly #cut = new Set<() => void>();
  #version = 0;

  constructor(bus: Bus, onError: (error: unknown) => void, now: () => number = Date.now) {
    this.#bus = bus;
    this.#onError = onError;
    this.#now = now;
    bus.subscribe('change', (payload) => this.#hear(JSON.parse(payload) as Omit<ChangeEvent, 'version'>));
    bus.onGap(() => {
      // What came meanwhile is not among them.
      this.#recent.length = 0;
      this.end();
    });
  }

  announce(change: Omit<ChangeEvent, 'version'>): void {
    this.#bus.publish({ topic: 'change', payload: JSON.stringify(change) });
  }

  #hear(change: Omit<ChangeEvent, 'version'>): void {
    // Milliseconds, pushed on where two fall together: also counts up across restarts.
    this.#version = Math.max(this.#version + 1, this.#now());
    const event: ChangeEvent = { ...change, version: this.#version };
    this.#recent.push(event);
    if (this.#recent.length > kept) this.#recent.shift();
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

  /** The id of a change in a stream of this hub. */
  idOf({ version }: Pick<ChangeEvent, 'version'>): string {
    return `${this.#name}-${version}`;
  }

  /** What came after the change with this id. null: it is not known any more, or was another backend's. */
  since(id: string): ChangeEvent[] | null {
    const known = this.#recent.findIndex((event) => this.idOf(event) === id);
    return known < 0 ? null : this.#recent.slice(known + 1);
  }

  /** Ends every stream: viewers come back, here or elsewhere, and look at everything again. */
  end(): void {
    for (const cut of [...this.#cut]) cut();
  }

  /** @param call ends one stream. @returns it has ended by itself */
  onEnd(call: () => void): () => void {
    this.#cut.add(call);
    return () => void this.#cut.delete(call);
  }
}
