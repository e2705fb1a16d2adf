import type { AuditList } from '../../contract/audit.ts';
import { verifyChain } from './chain.ts';
import type { AuditStore } from './ports.ts';

/** What viewers see of the check. */
export type Verification = AuditList['verification'];

/** Checks the whole chain, at most once in ten seconds however many look. */
export class ChainVerifier {
  readonly #store: Pick<AuditStore, 'links'>;
  readonly #now: () => Date;
  readonly #freshMs: number;
  #last: { at: number; result: Promise<Verification> } | null = null;

  constructor(store: Pick<AuditStore, 'links'>, now: () => Date = () => new Date(), freshMs = 10_000) {
    this.#store = store;
    this.#now = now;
    this.#freshMs = freshMs;
  }

  check(): Promise<Verification> {
    const now = this.#now().getTime();
    if (this.#last && now - this.#last.at < this.#freshMs) return this.#last.result;
    const result = this.#verify();
    this.#last = { at: now, result };
    result.catch(() => {
      this.#last = null;
    });
    return result;
  }

  async #verify(): Promise<Verification> {
    const { intact, entries, head, brokenAt } = await verifyChain(this.#store.links());
    return { intact, entries, head, checkedAt: this.#now().toISOString(), brokenAt };
  }
}
