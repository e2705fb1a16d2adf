import { setTimeout as sleep } from 'node:timers/promises';
import type { Transactor } from '../store/transactor.ts';
import { backoffMs } from './backoff.ts';
import type { OutboxItem, OutboxStore, OutboxTopic } from './ports.ts';
import { Postpone } from './postpone.ts';

export interface OutboxOptions {
  transactor: Transactor<{ outbox: OutboxStore }>;
  /** Delivers one payload. It may be called again for the same row (after a crash), so it must be idempotent. */
  handlers: Record<OutboxTopic, (payload: Record<string, unknown>) => Promise<void>>;
  clock?: () => Date;
  log: { warn(fields: object, message: string): void; error(fields: object, message: string): void };
  /** After so many failed attempts a row is parked: with the backoff's cap of 5 minutes about two days. */
  maxAttempts?: number;
  concurrency?: number;
}

/** An error says by itself that repeating is pointless (the comment's pull request is gone, …). */
function isPermanent(error: unknown): boolean {
  return error instanceof Error && 'permanent' in error && error.permanent === true;
}

/**
 * Sends the outbox: due rows, in order within a key, several keys at a time; failures are retried with growing
 * pauses and parked after a bound. Everything is in the store, so a restart continues where this one stopped.
 */
export class Outbox {
  readonly #options: OutboxOptions;
  /** Keys with a delivery under way, and its end. */
  readonly #busy = new Map<string, Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #filling: Promise<void> | undefined;
  #again = false;
  #stopped = true;
  #stop = new AbortController();

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  start(): void {
    this.#stopped = false;
    this.#stop = new AbortController();
    this.wake();
  }

  /** Waits for the deliveries under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#stop.abort();
    clearTimeout(this.#timer);
    await this.#filling;
    await Promise.all(this.#busy.values());
  }

  /** Call after a commit that enqueued something. */
  wake(): void {
    if (this.#stopped) return;
    this.#again = true;
    this.#filling ??= this.#fill().finally(() => {
      this.#filling = undefined;
      if (this.#again) this.wake();
    });
  }

  /** Starts what is due and has a free lane; sets the alarm for what is due later. */
  async #fill(): Promise<void> {
    const { outbox } = this.#options.transactor.stores;
    clearTimeout(this.#timer);
    let pause = 60_000;
    try {
      // One moment for both questions: what becomes due between them would be seen by neither.
      let now = this.#now().toISOString();
      while (this.#again && !this.#stopped) {
        this.#again = false;
        now = this.#now().toISOString();
        const lanes = (this.#options.concurrency ?? 8) - this.#busy.size;
        if (lanes <= 0) return;
        const due = await outbox.due(now, lanes + this.#busy.size);
        const free = due.filter((item) => !this.#busy.has(item.key)).slice(0, lanes);
        for (const item of free) this.#busy.set(item.key, this.#deliver(item));
      }
      const next = await outbox.nextDue(now);
      if (next !== null) pause = Math.max(20, Math.min(pause, Date.parse(next) - this.#now().getTime()));
    } catch (error) {
      this.#options.log.error({ err: error }, 'the outbox could not be read');
      pause = 5_000;
    }
    if (!this.#stopped) this.#timer = setTimeout(() => this.wake(), pause);
  }

  async #deliver(item: OutboxItem): Promise<void> {
    try {
      await this.#attempt(item);
    } catch (error) {
      this.#options.log.error({ err: error, key: item.key }, 'the outbox could not be written');
      // It is still due: without a rest it would go out again and again while nothing can be recorded.
      await sleep(5_000, undefined, { signal: this.#stop.signal }).catch(() => {});
    } finally {
      this.#busy.delete(item.key);
      this.wake();
    }
  }

  async #attempt(item: OutboxItem): Promise<void> {
    const { outbox } = this.#options.transactor.stores;
    try {
      await this.#options.handlers[item.topic](item.payload);
    } catch (error) {
      if (error instanceof Postpone) {
        await outbox.postpone(item.id, new Date(this.#now().getTime() + error.delayMs).toISOString());
        return;
      }
      const reason = error instanceof Error ? error.message : String(error);
      const fields = { topic: item.topic, key: item.key, attempt: item.attempts + 1, err: error };
      if (isPermanent(error) || item.attempts + 1 >= (this.#options.maxAttempts ?? 600)) {
        await outbox.park(item.id, this.#now().toISOString(), reason);
        this.#options.log.error(fields, 'gave up on an outgoing message');
      } else {
        const next = this.#now().getTime() + backoffMs(item.attempts);
        await outbox.retryLater(item.id, new Date(next).toISOString(), reason);
        this.#options.log.warn(fields, 'an outgoing message will be tried again');
      }
      return;
    }
    await outbox.done(item.id, this.#now().toISOString());
  }

  #now(): Date {
    return this.#options.clock?.() ?? new Date();
  }
}
