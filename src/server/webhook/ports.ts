import type { Forget } from '../duty/upkeep.ts';

/** A received webhook as it is kept. */
export interface StoredDelivery {
  id: string;
  uuid: string;
  event: string;
  eventType: string;
  repositoryId: number;
  /** The raw body, verified. */
  body: string;
  attempts: number;
  /** ISO 8601. */
  receivedAt: string;
}

/** Port: deliveries, stored before they are acknowledged. */
export interface DeliveryStore {
  /** @returns false when the same delivery (by its UUID, or by what it says) is stored already */
  add(delivery: Omit<StoredDelivery, 'id' | 'attempts'> & { contentKey: string }): Promise<boolean>;
  /** Whether a delivery that says this (`contentKey`) came, and was not given up on. */
  known(contentKey: string): Promise<boolean>;
  /**
   * Of each repository the oldest that is unprocessed and due: at once, whatever the clock of its receiver said; after a
   * failure when its time has come, or where it waits for longer than any pause (the clock was set back).
   */
  waiting(now: string): Promise<{ repositoryId: number; id: string }[]>;
  /** Those of one repository that are unprocessed and due, oldest first. */
  due(repositoryId: number, now: string, limit: number): Promise<StoredDelivery[]>;
  /** The earliest time after `now` (ISO 8601) at which one that failed is tried again. */
  nextDue(now: string): Promise<string | null>;
  /** For metrics: those that are unprocessed, and when the oldest of them came. */
  counts(): Promise<{ waiting: number; oldest: string | null }>;
  processed(id: string, outcome: string, now: string): Promise<void>;
  retryLater(id: string, nextAttemptAt: string, reason: string): Promise<void>;
  /** Given up on: the body is kept. */
  failed(id: string, reason: string, now: string): Promise<void>;
  /** Of those that were processed the body goes; the row stays, so that the same delivery is known for ever. */
  forget: Forget;
}
