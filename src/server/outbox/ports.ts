/** What goes out: commit statuses, reports, reactions, cancellations at Databricks, promotions. */
export type OutboxTopic = 'status' | 'report' | 'reaction' | 'cancel' | 'promote';

/** Topics of which only the newest row of a key matters: an older pending one is never sent after a newer one. */
export const newestWins: ReadonlySet<OutboxTopic> = new Set<OutboxTopic>(['status', 'report']);

export interface OutboxMessage {
  topic: OutboxTopic;
  /** Rows of one key go out in order, one at a time. */
  key: string;
  /** JSON; the handler of the topic knows its shape. */
  payload: Record<string, unknown>;
}

export interface OutboxItem extends OutboxMessage {
  id: string;
  attempts: number;
}

/** Port: the rows that must go out. Enqueue inside the transaction that makes them true. */
export interface OutboxStore {
  /** For topics where the newest wins, pending rows of the same key become superseded; a status that says what the last one said is left out. */
  enqueue(message: OutboxMessage): Promise<void>;
  /** What was enqueued last under this key; null: nothing ever was. */
  last(key: string): Promise<Record<string, unknown> | null>;
  /** Due rows, oldest first: only the oldest pending row of each key. `now` is ISO 8601. */
  due(now: string, limit: number): Promise<OutboxItem[]>;
  /** The earliest time after `now` at which a pending row wants to go out (ISO 8601); null when there is none. */
  nextDue(now: string): Promise<string | null>;
  done(id: string, now: string): Promise<void>;
  retryLater(id: string, nextAttemptAt: string, error: string): Promise<void>;
  /** Not its time yet: like `retryLater`, without counting an attempt. */
  postpone(id: string, nextAttemptAt: string): Promise<void>;
  /** Given up on: kept for the administrator, does not hold up the later rows of its key. */
  park(id: string, error: string): Promise<void>;
  /** For metrics and `doctor`. */
  counts(): Promise<{ pending: number; parked: number }>;
}
