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
    return this.#clock.monotonic() - this.#since < this.#forMs;
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
      this.#posts.push({ name, duty, held: null, busy: undefined, callOff: () => {} });
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
    try {
      if (post.held !== null) {
        if (await leases.renew(post.held, this.#ttlMs)) post.held.renewed(since);
        else await this.#lose(post, 'another backend has it');
      } else {
        const lease = await leases.acquire(post.name, holder, this.#ttlMs);
        if (lease !== null) {
          post.held = new Kept(lease, clock, since, this.#ttlMs * 0.8);
          reached('lease.taken');
          log.info({ lease: post.name, token: lease.token }, 'a duty was taken up');
          underLease(post.held, () => post.duty.start());
        }
      }
      this.#lastFailure = null;
    } catch (error) {
      this.#lastFailure = error;
      log.warn({ err: error, lease: post.name }, 'a lease could not be taken or renewed');
      if (post.held !== null && !post.held.stillHeld())
        await this.#lose(post, 'it could not be renewed in time');
    }
  }

  async #lose(post: Post, why: string): Promise<void> {
    this.#options.log.warn({ lease: post.name, why }, 'a duty was given up');
    post.held = null;
    // What is under way cannot write any more: its end need not be waited for before the lease is asked for again.
    void post.duty.stop();
  }
}
