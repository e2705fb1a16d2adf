import type { Clock } from '../duty/clock.ts';
import { pause, systemClock } from '../duty/clock.ts';
import type { Duty } from '../duty/keeper.ts';
import { Lanes } from '../duty/lanes.ts';
import { LeaseLost } from '../duty/lease.ts';
import { reached } from '../duty/moments.ts';
import { Rounds } from '../duty/rounds.ts';
import type { Transactor } from '../store/transactor.ts';
import type { Send } from './attempt.ts';
import type { Bounds } from './failure.ts';
import { consequenceOf } from './failure.ts';
import type { OutboxItem, OutboxStore, OutboxTopic } from './ports.ts';

export interface OutboxOptions {
  transactor: Transactor<{ outbox: OutboxStore }>;
  handlers: Record<OutboxTopic, Send>;
  /**
   * Name of the workspace that a repository's runs go to: one that does not answer holds up no other one. null: the
   * repository is bound to none (any more), and the handlers know what that means.
   */
  workspaceOf: (repository: number) => Promise<string | null>;
  /** Whether a workspace answers; each is taken to, where this is left out. */
  answering?: (workspace: string) => Answering;
  clock?: Clock;
  log: { warn(fields: object, message: string): void; error(fields: object, message: string): void };
  bounds?: Partial<Bounds>;
  /** Messages to Gitea, and to each workspace, that are under way at the same time; 8 by default. */
  concurrency?: number;
  random?: () => number;
}

/** Port: whether a workspace answers. While it does not, what is due for it stays as it is. */
export interface Answering {
  /** How many calls it would take now: any number while it answers; else one now and then, to see whether it does. */
  permits(): number;
  /** Milliseconds until it would take one; 0: now. */
  waitMs(): number;
}

/** Who is asked, by topic. Each has lanes of its own. */
const targets: readonly { kind: 'gitea' | 'workspace'; topics: readonly OutboxTopic[] }[] = [
  { kind: 'gitea', topics: ['status', 'report', 'reaction'] },
  { kind: 'workspace', topics: ['upload', 'submit', 'cancel', 'promote'] },
];

/** Due rows that are read at once; and how often more are, to find one whose target has a free lane. */
const page = { rows: 200, pages: 10 };
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
    this.#targets.delete(key);
    this.#rounds.wake();
  });
  /** Of each key under way, whom it is sent to. */
  readonly #targets = new Map<string, string>();
  /** Rows whose attempt ended since the store was asked last: its answer may show them as they were before. */
  readonly #ended = new Set<string>();
  #stop = new AbortController();

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#bounds = { attempts: 600, refusals: 24, ...options.bounds };
    this.#rounds = new Rounds({
      round: (now) => this.#round(now),
      clock: this.#clock,
      failed: (error) => options.log.error({ err: error }, 'the outbox could not be read'),
    });
  }

  start(): void {
    this.#stop = new AbortController();
    this.#rounds.start();
  }

  /** Waits for what is being sent. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#rounds.stop();
    await this.#lanes.settled();
  }

  /** Call after a commit that enqueued something. */
  wake(): void {
    this.#rounds.wake();
  }

  /** Starts what is due and has a free lane. */
  async #round(now: Date): Promise<string | null> {
    const { outbox } = this.#options.transactor.stores;
    const at = now.toISOString();
    let wait = Number.POSITIVE_INFINITY;
    for (const { kind, topics } of targets) {
      let after: string | undefined;
      for (let left = page.pages; left > 0 && !this.#stop.signal.aborted; left -= 1) {
        this.#ended.clear();
        const due = await outbox.due(at, page.rows, topics, after);
        for (const item of due) wait = Math.min(wait, await this.#take(item, kind));
        after = due.at(-1)?.id;
        if (due.length < page.rows || (kind === 'gitea' && this.#free(kind) <= 0)) break;
      }
    }
    const next = await outbox.nextDue(at);
    if (wait === Number.POSITIVE_INFINITY) return next;
    const tried = new Date(now.getTime() + wait).toISOString();
    return next === null || tried < next ? tried : next;
  }

  /** @returns milliseconds until a target that does not answer would be tried; else infinite */
  async #take(item: OutboxItem, kind: 'gitea' | 'workspace'): Promise<number> {
    const forever = Number.POSITIVE_INFINITY;
    if (this.#lanes.has(item.key) || this.#ended.has(item.id)) return forever;
    const { answering, workspaceOf } = this.#options;
    const workspace = kind === 'gitea' ? null : await workspaceOf(item.payload.repository);
    const target = kind === 'gitea' ? kind : `workspace ${workspace}`;
    const known = workspace === null ? undefined : answering?.(workspace);
    // It was asked whose workspace it is: meanwhile an attempt may have ended.
    if (this.#stop.signal.aborted || this.#ended.has(item.id)) return forever;
    if (this.#free(target, known?.permits()) <= 0) return known?.waitMs() || forever;
    this.#targets.set(item.key, target);
    const { signal } = this.#stop;
    this.#lanes.start(item.key, async () => await this.#deliver(item, signal));
    return forever;
  }

  /** Lanes of a target that are free. */
  #free(target: string, permits = Number.POSITIVE_INFINITY): number {
    let used = 0;
    for (const one of this.#targets.values()) if (one === target) used += 1;
    return Math.min(this.#options.concurrency ?? 8, permits) - used;
  }

  /** Never rejects. */
  async #deliver(item: OutboxItem, signal: AbortSignal): Promise<void> {
    try {
      await this.#attempt(item, signal);
    } catch (error) {
      if (!(error instanceof LeaseLost)) {
        this.#options.log.error({ err: error, key: item.key }, 'the outbox could not be written');
      }
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
    const now = this.#clock.now().toISOString();
    await this.#write((outbox) => outbox.done(item.id, now));
    reached('outbox.recorded');
  }

  async #failed(item: OutboxItem, error: unknown, signal: AbortSignal): Promise<void> {
    const { log, random } = this.#options;
    const fields = { topic: item.topic, key: item.key, attempt: item.attempts + 1, err: error };
    const consequence = consequenceOf(error, item.attempts, this.#bounds, random);
    const now = this.#clock.now();
    const later = (milliseconds: number) => new Date(now.getTime() + milliseconds).toISOString();
    switch (consequence.kind) {
      case 'lease-lost':
        await pause(this.#clock, restMs, signal);
        return;
      case 'postpone':
        await this.#write((outbox) => outbox.postpone(item.id, later(consequence.pause)));
        return;
      case 'retry':
        await this.#write((outbox) =>
          outbox.retryLater(item.id, later(consequence.pause), consequence.reason),
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
