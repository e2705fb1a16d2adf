import type { Forget } from '../duty/upkeep.ts';

/** What goes out: commit statuses, reports, reactions; snapshots, starts and cancellations of runs; promotions. */
export type OutboxTopic = 'status' | 'report' | 'reaction' | 'upload' | 'submit' | 'cancel' | 'promote';

/** Topics of which only the newest row of a key matters: an older waiting one is never sent after a newer one. */
export const newestWins: ReadonlySet<OutboxTopic> = new Set<OutboxTopic>(['status', 'report']);

/** Nothing waits longer than this between two tries, milliseconds. */
export const longestPauseMs = 300_000;

export type OutboxState = 'pending' | 'done' | 'superseded' | 'parked';

export interface OutboxMessage {
  topic: OutboxTopic;
  /** Rows of one key go out in order, one at a time. */
  key: string;
  /** JSON with `repository`, Gitea's id; the handler of the topic knows the rest of its shape. */
  payload: { repository: number } & Record<string, unknown>;
}

export interface OutboxItem extends OutboxMessage {
  id: string;
  /** Failed ones so far. */
  attempts: number;
  /** Of these, those that were refused, and tried again; the others got no answer. */
  refusals: number;
}

/** A message that was given up on and waits for an administrator. Times are ISO 8601. */
export interface ParkedMessage extends OutboxItem {
  /** The last failure, in the words of whoever refused. */
  reason: string;
  createdAt: string;
  parkedAt: string;
}

/** Port: the rows that must go out. Enqueue inside the transaction that makes them true. */
export interface OutboxStore {
  /**
   * For topics where the newest wins, waiting and parked rows of the same key and topic become superseded; a status
   * that says what the last one said is left out. Rows of a key are in the order of their commits, whatever the clocks
   * of the processes say.
   *
   * @param options.again what was said is not there any more, so that the same is said once more; while it still waits
   *   to be said it is left out as ever
   */
  enqueue(message: OutboxMessage, options?: { again: boolean }): Promise<void>;
  /** What was enqueued last under this key; null: nothing ever was. */
  last(key: string): Promise<Record<string, unknown> | null>;
  /** The same with what became of it. `superseded` is what nobody needs any more. */
  newest(key: string): Promise<{ payload: Record<string, unknown>; state: OutboxState } | null>;
  /**
   * Due rows, oldest first: only the oldest pending row of each key. A row that waits for longer than any pause is due,
   * too: the clock was set back. `now` is ISO 8601.
   *
   * @param page.after id of the last one of the page before
   * @param page.except repositories whose rows are left out
   */
  due(
    now: string,
    limit: number,
    topics?: readonly OutboxTopic[],
    page?: { after?: string | undefined; except?: readonly number[] },
  ): Promise<OutboxItem[]>;
  /** The earliest time after `now` at which a pending row wants to go out (ISO 8601); null when there is none. */
  nextDue(now: string): Promise<string | null>;
  done(id: string, now: string): Promise<void>;
  retryLater(id: string, nextAttemptAt: string, error: string, refused: boolean): Promise<void>;
  /** Not its time yet: like `retryLater`, without counting an attempt. */
  postpone(id: string, nextAttemptAt: string): Promise<void>;
  /** Given up on: kept for the administrator, does not hold up the later rows of its key. */
  park(id: string, now: string, error: string): Promise<void>;
  /** Rows of the key that wait or are parked need not go out any more. @returns how many there were */
  withdraw(key: string, topics: readonly OutboxTopic[], now: string): Promise<number>;
  /** What was given up on, newest first. */
  parked(repositories: readonly number[] | 'all', limit: number): Promise<ParkedMessage[]>;
  /** One of them; null: it is not parked. */
  findParked(id: string): Promise<ParkedMessage | null>;
  /** How many there are. */
  countParked(repositories: readonly number[] | 'all'): Promise<number>;
  /**
   * A parked message is due again, with its attempts counted anew.
   *
   * @returns what it was; null when it is not parked (any more), or a newer one of its key made it pointless
   */
  retry(id: string, now: string): Promise<ParkedMessage | null>;
  /** What was said, or became pointless, goes; the newest of each key stays, for others compare with it. */
  forget: Forget;
  /** For metrics and `doctor`. */
  counts(): Promise<{ pending: number; parked: number }>;
  /** When the oldest pending row was enqueued (ISO 8601); null: nothing waits. */
  oldestPending(): Promise<string | null>;
}
