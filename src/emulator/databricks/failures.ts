import type { ErrorCode } from './errors.ts';

/** One fault to happen at a named point. */
export interface InjectedFailure {
  message: string;
  /** Default INTERNAL_ERROR. */
  errorCode?: ErrorCode;
  /** How often it happens; default 1. */
  times?: number;
  /** Only for this subject (an endpoint's name, `POST /api/2.2/jobs/run-now`, …); any when absent. */
  subject?: string;
}

/**
 * Faults by point. Points in use: `request` (before the handler; subject `METHOD path`), `response` (the handler
 * ran, its answer is lost: the connection closes), and those that rooms document where they call `take`.
 */
export interface FailureRegistry {
  inject(point: string, failure: InjectedFailure): void;
  /** The fault to raise now, counted down; undefined when there is none. */
  take(point: string, subject?: string): InjectedFailure | undefined;
  clear(): void;
}

export function createFailureRegistry(): FailureRegistry {
  let pending: { point: string; failure: InjectedFailure; left: number }[] = [];
  return {
    inject(point, failure) {
      pending.push({ point, failure, left: failure.times ?? 1 });
    },
    take(point, subject) {
      const hit = pending.find(
        (entry) =>
          entry.point === point && (entry.failure.subject === undefined || entry.failure.subject === subject),
      );
      if (!hit) return undefined;
      hit.left -= 1;
      if (hit.left <= 0) pending = pending.filter((entry) => entry !== hit);
      return hit.failure;
    },
    clear() {
      pending = [];
    },
  };
}
