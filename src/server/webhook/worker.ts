import { setTimeout as sleep } from 'node:timers/promises';
import { backoffMs } from '../outbox/backoff.ts';
import type { Intent } from './decide.ts';
import { decide } from './decide.ts';
import { parseDelivery } from './delivery.ts';
import type { DeliveryStore, StoredDelivery } from './ports.ts';
import { nextTurns } from './turns.ts';

export interface WorkerOptions {
  deliveries: DeliveryStore;
  /**
   * Acts on the truth behind the intent.
   *
   * @param receivedAt when the delivery came, ISO 8601
   * @returns what came of it, in words
   */
  handle: (intent: Exclude<Intent, { kind: 'ignore' }>, receivedAt: string) => Promise<string>;
  clock?: () => Date;
  log: { warn(fields: object, message: string): void; error(fields: object, message: string): void };
  /** After so many failed attempts a delivery is left to the reconciler. */
  maxAttempts?: number;
  /** Repositories that are worked for beside each other; 16 by default. */
  concurrency?: number;
}

/** So many deliveries of a repository are worked through before the next repository has its turn. */
const perTurn = 5;

/**
 * Works through the stored deliveries: in order within a repository, repositories beside each other and in turn, so
 * that a repository with very many, or one whose work is slow, holds up no other. What fails is tried again with
 * growing pauses; after a restart it goes on where it stopped.
 */
export class DeliveryWorker {
  readonly #options: WorkerOptions;
  /** Turns under way, by repository. */
  readonly #busy = new Map<number, Promise<void>>();
  /** By repository: which turn was its last. */
  readonly #served = new Map<number, number>();
  #turns = 0;
  #timer: NodeJS.Timeout | undefined;
  #filling: Promise<void> | undefined;
  #again = false;
  #stopped = true;
  /** Ends the rest after a failure. */
  #rest = new AbortController();

  constructor(options: WorkerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#stopped = false;
    this.#rest = new AbortController();
    this.wake();
  }

  /** Waits for the turns under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#rest.abort();
    clearTimeout(this.#timer);
    await this.#filling;
    await Promise.all(this.#busy.values());
  }

  /** Call after a delivery was stored. */
  wake(): void {
    if (this.#stopped) return;
    this.#again = true;
    this.#filling ??= this.#fill().finally(() => {
      this.#filling = undefined;
      if (this.#again) this.wake();
    });
  }

  /** Begins the turns for which there is room; sets the alarm for what is due later. */
  async #fill(): Promise<void> {
    const { deliveries, concurrency = 16 } = this.#options;
    clearTimeout(this.#timer);
    let pause = 60_000;
    try {
      // One moment for both questions: what becomes due between them would be seen by neither.
      let now = this.#now().toISOString();
      while (this.#again && !this.#stopped) {
        this.#again = false;
        // The end of a turn wakes this again.
        if (this.#busy.size >= concurrency) return;
        now = this.#now().toISOString();
        const waiting = await deliveries.waiting(now);
        if (waiting.length === 0) this.#served.clear();
        for (const { repositoryId } of nextTurns(
          waiting,
          this.#busy,
          this.#served,
          concurrency - this.#busy.size,
        )) {
          this.#served.set(repositoryId, this.#turns++);
          this.#busy.set(repositoryId, this.#turn(repositoryId));
        }
      }
      const next = await deliveries.nextDue(now);
      if (next !== null) pause = Math.max(20, Math.min(pause, Date.parse(next) - this.#now().getTime()));
    } catch (error) {
      this.#notKept(error);
      pause = 5_000;
    }
    if (!this.#stopped) this.#timer = setTimeout(() => this.wake(), pause);
  }

  async #turn(repositoryId: number): Promise<void> {
    try {
      const now = this.#now().toISOString();
      for (const delivery of await this.#options.deliveries.due(repositoryId, now, perTurn)) {
        if (this.#stopped) break;
        await this.#process(delivery);
      }
    } catch (error) {
      this.#notKept(error);
      // It is still due: without a rest it would be handled again and again while nothing can be recorded.
      await sleep(5_000, undefined, { signal: this.#rest.signal }).catch(() => {});
    } finally {
      this.#busy.delete(repositoryId);
      this.wake();
    }
  }

  #notKept(error: unknown): void {
    this.#options.log.error({ err: error }, 'the deliveries could not be read or written');
  }

  async #process(stored: StoredDelivery): Promise<void> {
    const { deliveries, handle, log, maxAttempts = 20 } = this.#options;
    try {
      const delivery = parseDelivery(stored.event, stored.eventType, JSON.parse(stored.body));
      const intent: Intent = delivery ? decide(delivery) : { kind: 'ignore', reason: 'malformed' };
      const outcome = intent.kind === 'ignore' ? intent.reason : await handle(intent, stored.receivedAt);
      await deliveries.processed(stored.id, outcome, this.#now().toISOString());
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const fields = { delivery: stored.uuid, repository: stored.repositoryId, err: error };
      if (stored.attempts + 1 >= maxAttempts) {
        await deliveries.failed(stored.id, reason, this.#now().toISOString());
        log.error(fields, 'gave up on a delivery; the reconciler looks at its repository');
      } else {
        const next = this.#now().getTime() + backoffMs(stored.attempts);
        await deliveries.retryLater(stored.id, new Date(next).toISOString(), reason);
        log.warn(fields, 'a delivery will be tried again');
      }
    }
  }

  #now(): Date {
    return this.#options.clock?.() ?? new Date();
  }
}
