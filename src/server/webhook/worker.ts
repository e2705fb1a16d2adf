import { backoffMs } from '../outbox/backoff.ts';
import type { Intent } from './decide.ts';
import { decide } from './decide.ts';
import { parseDelivery } from './delivery.ts';
import type { DeliveryStore, StoredDelivery } from './ports.ts';

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
}

/**
 * Works through the stored deliveries: in order within a repository, repositories beside each other. What
 * fails is tried again with growing pauses; after a restart it goes on where it stopped.
 */
export class DeliveryWorker {
  readonly #options: WorkerOptions;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #again = false;
  #stopped = true;

  constructor(options: WorkerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#stopped = false;
    this.wake();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  /** Call after a delivery was stored. */
  wake(): void {
    if (this.#stopped) return;
    this.#again = true;
    this.#running ??= this.#drain().finally(() => {
      this.#running = undefined;
      if (this.#again) this.wake();
    });
  }

  async #drain(): Promise<void> {
    clearTimeout(this.#timer);
    let pause = 60_000;
    try {
      // One moment for both questions: what becomes due between them would be seen by neither.
      let now = this.#now().toISOString();
      while (this.#again && !this.#stopped) {
        this.#again = false;
        now = this.#now().toISOString();
        const due = await this.#options.deliveries.due(now, 100);
        if (due.length === 0) break;
        this.#again = true;
        const lanes = Map.groupBy(due, (delivery) => delivery.repositoryId);
        const ends = await Promise.allSettled([...lanes.values()].map((lane) => this.#inOrder(lane)));
        const failed = ends.find((end) => end.status === 'rejected');
        if (failed) throw failed.reason;
      }
      const next = await this.#options.deliveries.nextDue(now);
      if (next !== null) pause = Math.max(20, Math.min(pause, Date.parse(next) - this.#now().getTime()));
    } catch (error) {
      this.#options.log.error({ err: error }, 'the deliveries could not be read or written');
      this.#again = false;
      pause = 5_000;
    }
    if (!this.#stopped) this.#timer = setTimeout(() => this.wake(), pause);
  }

  async #inOrder(lane: StoredDelivery[]): Promise<void> {
    for (const delivery of lane) {
      if (this.#stopped) return;
      await this.#process(delivery);
    }
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
