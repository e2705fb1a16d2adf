import type { AuditEntry } from '../../contract/audit.ts';
import type { ChainLink } from './chain.ts';
import type { AuditLog } from './entry.ts';

/** Port: the stored chain. Appending happens in the caller's transaction, or in one of its own. */
export interface AuditStore extends AuditLog {
  /**
   * Entries newest first.
   *
   * @param before only those with a smaller sequence
   */
  list(filter: {
    repository: number;
    before: number | null;
    limit: number;
  }): Promise<{ items: AuditEntry[]; total: number }>;
  /** Every link after a sequence, oldest first, read in batches. */
  links(after?: number): AsyncIterable<ChainLink>;
  /** The newest link; null while nothing is recorded. */
  head(): Promise<{ sequence: number; hash: string } | null>;
}
