import { AsyncLocalStorage } from 'node:async_hooks';

/** The right to do one duty, until it runs out or is taken. */
export interface Lease {
  /** `outbox`, `deliveries`, `reconciler`, `releases`, `upkeep`, `workspace:<name>`. */
  name: string;
  /** Who has it: unique per start of a process. */
  holder: string;
  /** Fencing token: grows with every change of the holder, never with a renewal. */
  token: number;
}

/** Port: leases in the store. Times are measured by the database alone, so that no machine's clock matters. */
export interface LeaseStore {
  /**
   * Takes the lease where nobody has it or it ran out (where the store has one process at a time: always), or renews
   * one's own.
   *
   * @returns null while somebody else has it
   */
  acquire(name: string, holder: string, ttlMs: number): Promise<Lease | null>;
  /** @returns false when it is another's by now */
  renew(lease: Lease, ttlMs: number): Promise<boolean>;
  /** Gives it back, so that others need not wait for its end. Another's stays as it is. */
  release(lease: Lease): Promise<void>;
  /** Whether this very lease is still the newest. In a transaction: and stays so until it commits. */
  holds(lease: Lease): Promise<boolean>;
  /** Who does what now; for the administrator. Times are ISO 8601. */
  all(): Promise<(Lease & { expiresAt: string; expired: boolean })[]>;
}

/** The lease is another's by now: what was about to be written is not. */
export class LeaseLost extends Error {
  constructor(name: string) {
    super(`The lease "${name}" is held by another backend by now; nothing was written.`);
    this.name = 'LeaseLost';
  }
}

/** A lease as its holder sees it: the store is asked at each write, this before each call to the outside. */
export interface HeldLease extends Lease {
  /** Whether it may still be relied on, by monotonic time since the last renewal. */
  stillHeld(): boolean;
}

const scope = new AsyncLocalStorage<HeldLease>();

/** Runs the work, and all that it starts, under the lease: its transactions are fenced. */
export function underLease<T>(lease: HeldLease, work: () => T): T {
  return scope.run(lease, work);
}

/**
 * Runs the work under no lease: for what must be kept whoever has the duty by now, as a token that was already
 * exchanged for the next one.
 */
export function outsideLease<T>(work: () => T): T {
  return scope.exit(work);
}

/** The lease that the current work runs under; undefined for requests. */
export const currentLease = (): HeldLease | undefined => scope.getStore();

/**
 * Call before anything leaves the process: a process that was paused must not act on a lease that ran out meanwhile.
 *
 * @throws LeaseLost
 */
export function assertLease(): void {
  const lease = scope.getStore();
  if (lease && !lease.stillHeld()) throw new LeaseLost(lease.name);
}
