import type { AuditLog } from '../audit/entry.ts';

/**
 * Counts refusals of callers whom nobody knows, and records them once a minute: an entry for each would let
 * anybody grow the log.
 */
export class RefusedCallers {
  readonly #audit: AuditLog;
  readonly #onError: (error: unknown) => void;
  #byStatus: Record<string, number> = {};
  #addresses = new Set<string>();
  readonly #timer: NodeJS.Timeout;

  constructor(audit: AuditLog, onError: (error: unknown) => void, everyMs = 60_000) {
    this.#audit = audit;
    this.#onError = onError;
    this.#timer = setInterval(() => void this.flush().catch(this.#onError), everyMs);
    this.#timer.unref();
  }

  /** Notes an answer to a caller without a session; only refusals count. */
  count(status: number, address: string): void {
    if (status !== 401 && status !== 403 && status !== 409 && status !== 429) return;
    this.#byStatus[status] = (this.#byStatus[status] ?? 0) + 1;
    if (this.#addresses.size < 1_000) this.#addresses.add(address);
  }

  /** Records what was counted since the last time; nothing when nothing was. */
  async flush(): Promise<void> {
    const byStatus = this.#byStatus;
    const addresses = this.#addresses.size;
    if (Object.keys(byStatus).length === 0) return;
    this.#byStatus = {};
    this.#addresses = new Set();
    await this.#audit.append({
      action: 'callers.refused',
      outcome: 'refused',
      actor: { kind: 'system', name: 'http' },
      subject: 'callers without a session',
      detail: { byStatus, addresses },
    });
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.flush();
  }
}
