import type { Clock } from '../duty/clock.ts';
import { pause, systemClock } from '../duty/clock.ts';
import { isInterruption } from '../duty/interruption.ts';
import type { Duty } from '../duty/keeper.ts';
import { Lanes } from '../duty/lanes.ts';
import { LeaseLost } from '../duty/lease.ts';
import { reached } from '../duty/moments.ts';
import { Rounds } from '../duty/rounds.ts';
import { backoffMs } from '../outbox/backoff.ts';
import type { Transactor } from '../store/transactor.ts';
import type { Intent } from './decide.ts';
import { decide } from './decide.ts';
import { parseDelivery } from './delivery.ts';
import type { DeliveryStore, StoredDelivery } from './ports.ts';
import { nextTurns } from './turns.ts';

export interface WorkerOptions {
  transactor: Transactor<{ deliveries: DeliveryStore }>;
  /**
   * Acts on the truth behind the intent. It may be called again for the same delivery (after a crash), and must then
   * find what was done.
   *
   * @param receivedAt when the delivery came, ISO 8601
   * @returns what came of it, in words
   */
  handle: (intent: Exclude<Intent, { kind: 'ignore' }>, receivedAt: string) => Promise<string>;
  clock?: Clock;
  log: { warn(fields: object, message: string): void; error(fields: object, message: string): void };
  /** After so many failed attempts (their pauses alone are 40 minutes) a delivery is left to the reconciler. */
  maxAttempts?: number;
  /** Repositories that are worked for beside each other; 16 by default. */
  concurrency?: number;
}

/** So many deliveries of a repository are worked through before the next repository has its turn. */
const perTurn = 5;

/** Pause of a repository whose deliveries could not be read or written, milliseconds. */
const restMs = 5_000;

/**
 * Works through the stored deliveries: in order within a repository, repositories beside each other and in turn, so
 * that a repository with very many, or one whose work is slow, holds up no other. What fails is tried again with
 * growing pauses; after a restart it goes on where it stopped. The duty `deliveries`.
 */
export class DeliveryWorker implements Duty {
  readonly #options: WorkerOptions;
  readonly #clock: Clock;
  readonly #rounds: Rounds;
  /** Turns under way, by repository. */
  readonly #turns = new Lanes<number>(() => this.#rounds.wake());
  /** By repository: which turn was its last. */
  readonly #served = new Map<number, number>();
  #begun = 0;

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#rounds = new Rounds({
      round: (now, stop) => this.#round(now, stop),
      clock: this.#clock,
      failed: (error) => this.#notKept(error),
      restMs,
    });
  }

  start(): void {
    this.#rounds.start();
  }

  /** Waits for the turns under way. */
  async stop(): Promise<void> {
    await this.#rounds.stop();
    await this.#turns.settled();
  }

  /** Call after a delivery was stored. */
  wake(): void {
    this.#rounds.wake();
  }

  /** Begins the turns for which there is room. @returns when the next delivery is due */
  async #round(now: Date, stop: AbortSignal): Promise<string | null> {
    const { transactor, concurrency = 16 } = this.#options;
    const { deliveries } = transactor.stores;
    // The end of a turn wakes this again.
    if (this.#turns.size >= concurrency) return null;
    const at = now.toISOString();
    const waiting = await deliveries.waiting(at);
    if (waiting.length === 0) this.#served.clear();
    if (stop.aborted) return null;
    const free = concurrency - this.#turns.size;
    for (const { repositoryId } of nextTurns(waiting, this.#turns, this.#served, free)) {
      this.#served.set(repositoryId, this.#begun++);
      this.#turns.start(repositoryId, () => this.#turn(repositoryId, stop));
    }
    return await deliveries.nextDue(at);
  }

  /** @param stop of the start that this turn belongs to: a later one begins its own */
  async #turn(repositoryId: number, stop: AbortSignal): Promise<void> {
    try {
      const now = this.#clock.now().toISOString();
      const { deliveries } = this.#options.transactor.stores;
      for (const delivery of await deliveries.due(repositoryId, now, perTurn)) {
        if (stop.aborted) break;
        await this.#process(delivery);
      }
    } catch (error) {
      this.#notKept(error);
      // It is still due: without a rest it would be handled again and again while nothing can be recorded. Where the
      // lease is lost this duty is stopped before the rest is over.
      await pause(this.#clock, restMs, stop);
    }
  }

  #notKept(error: unknown): void {
    const { log } = this.#options;
    if (error instanceof LeaseLost) log.warn({ err: error }, 'the deliveries are another backend’s now');
    else log.error({ err: error }, 'the deliveries could not be read or written');
  }

  async #process(stored: StoredDelivery): Promise<void> {
    const { transactor, handle, log, maxAttempts = 60 } = this.#options;
    const now = () => this.#clock.now();
    try {
      const delivery = parseDelivery(stored.event, stored.eventType, JSON.parse(stored.body));
      const intent: Intent = delivery ? decide(delivery) : { kind: 'ignore', reason: 'malformed' };
      const outcome = intent.kind === 'ignore' ? intent.reason : await handle(intent, stored.receivedAt);
      reached('delivery.handled');
      await transactor.transaction(({ deliveries }) =>
        deliveries.processed(stored.id, outcome, now().toISOString()),
      );
    } catch (error) {
      // It says nothing about the delivery: it is handled again, by whoever holds the lease then.
      if (isInterruption(error)) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      const fields = { delivery: stored.uuid, repository: stored.repositoryId, err: error };
      const gaveUp = stored.attempts + 1 >= maxAttempts;
      await transactor.transaction(async ({ deliveries }) => {
        if (gaveUp) return await deliveries.failed(stored.id, reason, now().toISOString());
        const next = new Date(now().getTime() + backoffMs(stored.attempts)).toISOString();
        await deliveries.retryLater(stored.id, next, reason);
      });
      if (gaveUp) log.error(fields, 'gave up on a delivery; the reconciler looks at its repository');
      else log.warn(fields, 'a delivery will be tried again');
    }
  }
}
