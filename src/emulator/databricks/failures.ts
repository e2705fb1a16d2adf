import type { ErrorCode } from './errors.ts';
import { statusOf } from './errors.ts';
import type { FaultRegistry } from './faults/fault-registry.ts';
import { createFaultRegistry } from './faults/fault-registry.ts';

/** One failure to happen at a named point. */
export interface InjectedFailure {
  message: string;
  /** Default INTERNAL_ERROR. */
  errorCode?: ErrorCode;
  /** How often it happens; default 1. */
  times?: number;
  /** Only for this subject (an endpoint's name, `POST /api/2.2/jobs/run-now`, …); any when absent. */
  subject?: string;
}

/** Failures that tests in this process ask for. */
export interface FailureRegistry {
  /**
   * Points in use: `request` (an error in place of the handler; subject `METHOD path`), `response` (the handler ran,
   * its answer is lost), and those that rooms document where they call `take`.
   */
  inject(point: string, failure: InjectedFailure): void;
  /** The failure to raise now at a room's point, counted down; undefined when there is none. */
  take(point: string, subject?: string): InjectedFailure | undefined;
  clear(): void;
  /** What happens to requests; `request` and `response` are kept here too. */
  readonly faults: FaultRegistry;
}

export function createFailureRegistry(): FailureRegistry {
  const faults = createFaultRegistry();
  let pending: { point: string; failure: InjectedFailure; left: number }[] = [];
  return {
    faults,
    inject(point, failure) {
      const { errorCode = 'INTERNAL_ERROR', message, times = 1, subject } = failure;
      if (point !== 'request' && point !== 'response') {
        pending.push({ point, failure, left: times });
        return;
      }
      const [method, path = '*'] = subject?.split(' ') ?? [];
      const rule = { ...(method && { method }), path, skip: 0, times, probability: 1, seed: 1 };
      if (point === 'response') faults.add({ ...rule, kind: 'lost_answer' });
      else faults.add({ ...rule, kind: 'error', status: statusOf(errorCode), errorCode, message });
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
      faults.clear();
    },
  };
}
