import type { Bus } from './bus.ts';
import type { Clock } from './clock.ts';
import type { HeldLease, Lease, LeaseStore } from './lease.ts';
import { underLease } from './lease.ts';
import { reached } from './moments.ts';

/** Something that one backend at a time does in the background. */
export interface Duty {
  start(): void;
  /** Waits for what is under way. */
  stop(): Promise<void>;
  /** There may be something to do. Does nothing while stopped. */
  wake?(): void;
}

export interface KeeperOptions {
  leases: LeaseStore;
  bus: Bus;
  clock: Clock;
  /** Of this process: unique per start. */
  holder: string;
  log: { info(fields: object, message: string): void; warn(fields: object, message: string): void };
  /** How long a lease lasts without renewal, milliseconds; 25 seconds by default. */
  ttlMs?: number;
}

interface Post {
  name: string;
  duty: Duty;
  held: Kept | null;
  busy: Promise<void> | undefined;
  callOff: () => void;
  /** Calls off what happens when the lease was not renewed in time. */
  keep: () => void;
}

/** A lease with the time of its last renewal. */
class Kept implements HeldLease {
  readonly name: string;
  readonly holder: string;
  readonly token: number;
  readonly #clock: Clock;
  readonly #forMs: number;
  /** Monotonic; taken before the store was asked, so that it is never later than the store's. */
  #since: number;

  constructor({ name, holder, token }: Lease, clock: Clock, since: number, forMs: number) {
    this.name = name;
    this.holder = holder;
    this.token = token;
    this.#clock = clock;
    this.#since = since;
    this.#forMs = forMs;
  }

  renewed(since: number): void {
    this.#since = since;
  }

  stillHeld(): boolean {
    return this.leftMs() > 0;
  }

  /** Milliseconds until it may be relied on no more. */
  leftMs(): number {
    return this.#since + this.#forMs - this.#clock.monotonic();
  }
}

/**
 * Starts each duty while this process holds its lease and stops it when the lease is lost. A lease is renewed three
 * times in its life; where another backend has it, it is asked for again ten times in its life, and at once when it was
 * given back. A holder that cannot renew acts no more after four fifths of its life, and stops before others may take
 * it.
 */
export class LeaseKeeper {
  readonly #options: KeeperOptions;
  readonly #ttlMs: number;
  readonly #posts: Post[] = [];
  #stopped = true;
  #lastFailure: unknown = null;

  constructor(options: KeeperOptions, duties: Readonly<Record<string, Duty>>) {
    this.#options = options;
    this.#ttlMs = options.ttlMs ?? 25_000;
    for (const [name, duty] of Object.entries(duties)) {
      this.#posts.push({ name, duty, held: null, busy: undefined, callOff: () => {}, keep: () => {} });
    }
    options.bus.subscribe('wake', (name) => this.#post(name)?.duty.wake?.());
    options.bus.subscribe('lease', (name) => this.#look(this.#post(name)));
    options.bus.onGap(() => {
      for (const post of this.#posts) {
        post.duty.wake?.();
        this.#look(post);
      }
    });
  }

  /** Resolves after every lease was asked for once; rejects when the store does not answer. */
  async start(): Promise<void> {
    this.#stopped = false;
    await Promise.all(this.#posts.map((post) => this.#look(post)));
    if (this.#lastFailure !== null) throw this.#lastFailure;
  }

  /** Stops every duty, then gives the leases back. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(
      this.#posts.map(async (post) => {
        post.callOff();
        await post.busy;
        post.keep();
        const { held } = post;
        post.held = null;
        if (held === null) return;
        await post.duty.stop();
        await this.#options.leases.release(held).catch(() => {});
        this.#options.bus.publish({ topic: 'lease', payload: post.name });
      }),
    );
  }

  /** Names of the duties that this process does now. */
  held(): string[] {
    return this.#posts.flatMap(({ name, held }) => (held === null ? [] : [name]));
  }

  /** Why the store did not answer when it was asked last; null: it did. For readiness. */
  get failure(): unknown {
    return this.#lastFailure;
  }

  #post(name: string): Post | undefined {
    return this.#posts.find((post) => post.name === name);
  }

  #look(post: Post | undefined): Promise<void> | undefined {
    if (!post || this.#stopped) return;
    post.busy ??= this.#settle(post).finally(() => {
      post.busy = undefined;
      if (this.#stopped) return;
      post.callOff();
      const well = post.held !== null && this.#lastFailure === null;
      post.callOff = this.#options.clock.after(this.#ttlMs / (well ? 3 : 10), () => this.#look(post));
    });
    return post.busy;
  }

  /** Takes, renews or gives up one lease. Never rejects. */
  async #settle(post: Post): Promise<void> {
    const { leases, clock, holder, log } = this.#options;
    const since = clock.monotonic();
    const { held } = post;
    try {
      if (held !== null) {
        const renewed = await leases.renew(held, this.#ttlMs);
        // The answer may have come too late.
        if (post.held === held) {
          if (renewed) {
            held.renewed(since);
            this.#watch(post, held);
          } else this.#lose(post, 'another backend has it');
        }
      } else {
        const lease = await leases.acquire(post.name, holder, this.#ttlMs);
        if (lease !== null) {
          const kept = new Kept(lease, clock, since, this.#ttlMs * 0.8);
          post.held = kept;
          this.#watch(post, kept);
          reached('lease.taken');
          log.info({ lease: post.name, token: lease.token }, 'a duty was taken up');
          underLease(kept, () => post.duty.start());
        }
      }
      this.#lastFailure = null;
    } catch (error) {
      this.#lastFailure = error;
      log.warn({ err: error, lease: post.name }, 'a lease could not be taken or renewed');
    }
  }

  /** Gives it up when it was not renewed in time, though the store may not even have said that it does not answer. */
  #watch(post: Post, held: Kept): void {
    post.keep();
    post.keep = this.#options.clock.after(held.leftMs(), () => {
      if (post.held !== held) return;
      this.#lastFailure ??= new Error('A lease could not be renewed in time.');
      this.#lose(post, 'it could not be renewed in time');
    });
  }

  #lose(post: Post, why: string): void {
    this.#options.log.warn({ lease: post.name, why }, 'a duty was given up');
    post.keep();
    post.held = null;
    // What is under way cannot write any more: its end need not be waited for before the lease is asked for again.
    void post.duty.stop();
  }
}
