import type { Clock } from '../duty/clock.ts';
import { pause, systemClock } from '../duty/clock.ts';
import type { Duty } from '../duty/keeper.ts';
import { Lanes } from '../duty/lanes.ts';
import { LeaseLost } from '../duty/lease.ts';
import { reached } from '../duty/moments.ts';
import { Rounds } from '../duty/rounds.ts';
import type { Transactor } from '../store/transactor.ts';
import type { Send } from './attempt.ts';
import type { DestinationOptions } from './destinations.ts';
import { Destinations } from './destinations.ts';
import type { Bounds } from './failure.ts';
import { consequenceOf, usualBounds } from './failure.ts';
import type { OutboxItem, OutboxStore, OutboxTopic } from './ports.ts';

export interface OutboxOptions extends DestinationOptions {
  transactor: Transactor<{ outbox: OutboxStore }>;
  handlers: Record<OutboxTopic, Send>;
  clock?: Clock;
  log: { warn(fields: object, message: string): void; error(fields: object, message: string): void };
  bounds?: Partial<Bounds>;
  random?: () => number;
}

/** Who is asked, by topic. Each has lanes of its own. */
const destinations: readonly { kind: 'gitea' | 'workspace'; topics: readonly OutboxTopic[] }[] = [
  { kind: 'gitea', topics: ['status', 'report', 'reaction'] },
  { kind: 'workspace', topics: ['upload', 'submit', 'cancel', 'promote'] },
];

/** Due rows that are read at once. */
const pageRows = 200;
/** Rest of a key whose row could not be written, milliseconds: it is still due, and would go out again at once. */
const restMs = 5_000;

/**
 * Sends the outbox: due rows, in order within a key, several keys at a time; failures are retried with growing
 * pauses and parked after a bound. Everything is in the store, so a restart continues where this one stopped.
 *
 * An older message never goes out after a newer one of its key, with one exception that nobody here can exclude: what a
 * process had given to its connection when it was paused, or what a network held back, may arrive after the next
 * holder's. The reconciler compares what Gitea shows with what was said last, and says it again.
 */
export class Outbox implements Duty {
  readonly #options: OutboxOptions;
  readonly #clock: Clock;
  readonly #bounds: Bounds;
  readonly #rounds: Rounds;
  readonly #lanes = new Lanes<string>((key) => {
    this.#destinations.end(key);
    this.#rounds.wake();
  });
  readonly #destinations: Destinations;
  /** Rows whose attempt ended since the store was asked last: its answer may show them as they were before. */
  readonly #ended = new Set<string>();

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#destinations = new Destinations(options);
    this.#clock = options.clock ?? systemClock;
    this.#bounds = { ...usualBounds, ...options.bounds };
    this.#rounds = new Rounds({
      round: (now, stop) => this.#round(now, stop),
      clock: this.#clock,
      failed: (error) => options.log.error({ err: error }, 'the outbox could not be read'),
    });
  }

  start(): void {
    this.#rounds.start();
  }

  /** Waits for what is being sent. */
  async stop(): Promise<void> {
    await this.#rounds.stop();
    await this.#lanes.settled();
  }

  /** Call after a commit that enqueued something. */
  wake(): void {
    this.#rounds.wake();
  }

  /** Starts what is due and has a free lane. */
  async #round(now: Date, stop: AbortSignal): Promise<string | null> {
    const at = now.toISOString();
    let wait = Number.POSITIVE_INFINITY;
    for (const { kind, topics } of destinations)
      wait = Math.min(wait, await this.#begin(kind, topics, at, stop));
    const next = await this.#options.transactor.stores.outbox.nextDue(at);
    if (wait === Number.POSITIVE_INFINITY) return next;
    const tried = new Date(now.getTime() + wait).toISOString();
    return next === null || tried < next ? tried : next;
  }

  /**
   * Reads what is due page by page, without what goes to where no lane is free: however much that is, it hides nothing.
   *
   * @returns milliseconds until a destination that does not answer would be tried; else infinite
   */
  async #begin(
    kind: 'gitea' | 'workspace',
    topics: readonly OutboxTopic[],
    at: string,
    signal: AbortSignal,
  ): Promise<number> {
    const { outbox } = this.#options.transactor.stores;
    const destinationOf = this.#destinations.lookup(kind);
    /** Repositories whose destination has no free lane. */
    const except = new Set<number>();
    let wait = Number.POSITIVE_INFINITY;
    let due: OutboxItem[] = [];
    do {
      this.#ended.clear();
      due = await outbox.due(at, pageRows, topics, { after: due.at(-1)?.id, except: [...except] });
      for (const item of due) {
        const { repository } = item.payload;
        if (except.has(repository) || this.#lanes.has(item.key)) continue;
        const destination = await destinationOf(repository);
        if (signal.aborted) return wait;
        // Its attempt may have ended meanwhile.
        if (this.#ended.has(item.id)) continue;
        if (destination.free() <= 0) {
          except.add(repository);
          wait = Math.min(wait, destination.waitMs());
          continue;
        }
        this.#destinations.begin(item.key, destination);
        this.#lanes.start(item.key, async () => await this.#deliver(item, signal));
      }
    } while (due.length === pageRows && (kind === 'workspace' || except.size === 0));
    return wait;
  }

  /** Never rejects. */
  async #deliver(item: OutboxItem, signal: AbortSignal): Promise<void> {
    try {
      await this.#attempt(item, signal);
    } catch (error) {
      this.#notWritten(item, error);
      await pause(this.#clock, restMs, signal);
    } finally {
      this.#ended.add(item.id);
    }
  }

  async #attempt(item: OutboxItem, signal: AbortSignal): Promise<void> {
    reached('outbox.sending');
    try {
      await this.#options.handlers[item.topic](item.payload, { number: item.attempts + 1, signal });
    } catch (error) {
      // What was ended because the outbox stops is begun again by whoever starts it next.
      if (!signal.aborted) await this.#failed(item, error, signal);
      return;
    }
    reached('outbox.sent');
    await this.#sent(item, signal);
    reached('outbox.recorded');
  }

  /** While the store cannot be written that is tried again, not the sending. */
  async #sent(item: OutboxItem, signal: AbortSignal): Promise<void> {
    const now = this.#clock.now().toISOString();
    for (;;) {
      try {
        await this.#write((outbox) => outbox.done(item.id, now));
        return;
      } catch (error) {
        if (error instanceof LeaseLost || signal.aborted) throw error;
        this.#notWritten(item, error);
        await pause(this.#clock, restMs, signal);
      }
    }
  }

  #notWritten({ topic, key }: OutboxItem, error: unknown): void {
    const { log } = this.#options;
    if (error instanceof LeaseLost)
      log.warn({ err: error, topic, key }, 'an outgoing message is another backend’s now');
    else log.error({ err: error, topic, key }, 'the outbox could not be written');
  }

  async #failed(item: OutboxItem, error: unknown, signal: AbortSignal): Promise<void> {
    const { log, random } = this.#options;
    const fields = { topic: item.topic, key: item.key, attempt: item.attempts + 1, err: error };
    const consequence = consequenceOf(error, item, this.#bounds, random);
    const now = this.#clock.now();
    const later = (milliseconds: number) => new Date(now.getTime() + milliseconds).toISOString();
    switch (consequence.kind) {
      case 'lease-lost':
        this.#notWritten(item, error);
        await pause(this.#clock, restMs, signal);
        return;
      case 'postpone':
        await this.#write((outbox) => outbox.postpone(item.id, later(consequence.pause)));
        return;
      case 'retry':
        await this.#write((outbox) =>
          outbox.retryLater(item.id, later(consequence.pause), consequence.reason, consequence.refused),
        );
        log.warn(fields, 'an outgoing message will be tried again');
        return;
      case 'park':
        await this.#write((outbox) => outbox.park(item.id, now.toISOString(), consequence.reason));
        log.error(fields, 'gave up on an outgoing message');
    }
  }

  /** In a transaction of its own, which the lease fences. */
  async #write(work: (outbox: OutboxStore) => Promise<void>): Promise<void> {
    await this.#options.transactor.transaction(async ({ outbox }) => await work(outbox));
  }
}
