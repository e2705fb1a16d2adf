import { LeaseLost } from './lease.ts';

/**
 * The database cannot be read or written now. Whoever asked is told 503 and may ask again; nothing was committed, or,
 * where the connection was lost while it committed, all of it.
 */
export class StoreUnavailable extends Error {
  /** Nobody answers: who asks next would only wait for the same. */
  readonly unreachable: boolean;
  /** Without a full stop. */
  readonly reason: string;

  constructor(reason: string, options: { cause: unknown; unreachable?: boolean }) {
    super(`The database cannot be used now: ${reason}.`, { cause: options.cause });
    this.name = 'StoreUnavailable';
    this.reason = reason;
    this.unreachable = options.unreachable ?? false;
  }
}

/**
 * Whether the work was interrupted from outside: its lease is another's, or the store cannot be used. That says
 * nothing about what was being done; whoever has the duty next does it again.
 */
export function isInterruption(error: unknown): boolean {
  for (let one = error; one instanceof Error; one = one.cause)
    if (one instanceof LeaseLost || one instanceof StoreUnavailable) return true;
  return false;
}
