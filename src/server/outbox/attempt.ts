/** One attempt to send a message, as its handler sees it. */
export interface Attempt {
  /** From 1; what was postponed does not count. */
  number: number;
  /** Aborted when the outbox stops: a long piece of work may end early then, and is begun again. */
  signal: AbortSignal;
}

/**
 * Handler of a topic: sends one payload. It may be called again for the same message (after a crash), so it must be
 * idempotent.
 */
export type Send = (payload: Record<string, unknown>, attempt: Attempt) => Promise<void>;
