import { LeaseLost } from '../duty/lease.ts';
import { backoffMs } from './backoff.ts';
import type { OutboxItem } from './ports.ts';
import { longestPauseMs } from './ports.ts';
import { Postpone } from './postpone.ts';

/** What an error may tell about itself; those of Gitea's and Databricks' clients do. */
interface Told {
  /** Repeating is pointless. */
  permanent?: unknown;
  /** The same call may pass later; false: it was refused. */
  temporary?: unknown;
  code?: unknown;
  /** Seconds that whoever was asked wants to be left alone for. */
  retryAfter?: unknown;
}

/** How a message goes on after a failure. Pauses in milliseconds. */
export type Consequence =
  /** Another backend sends it now. */
  | { kind: 'lease-lost' }
  | { kind: 'postpone'; pause: number }
  | { kind: 'retry'; pause: number; reason: string; refused: boolean }
  | { kind: 'park'; reason: string };

export interface Bounds {
  /** Failed attempts of any kind: with the pauses of up to a minute two days, and more where each try waits. */
  attempts: number;
  /** Those that were refused, not unheard: about an hour, in which an administrator may repair a grant. */
  refusals: number;
}

/** What a message is worth unless a test says otherwise. */
export const usualBounds: Bounds = { attempts: 3_840, refusals: 24 };

const reasonBound = 500;
/** Nobody was asked: the workspace does not answer at the moment, or was asked enough. */
const notAsked: readonly unknown[] = ['CIRCUIT_OPEN', 'RATE_BUDGET'];

function isLeaseLost(error: unknown): boolean {
  for (let one = error; one instanceof Error; one = one.cause) if (one instanceof LeaseLost) return true;
  return false;
}

/** What was asked for, and up to a half more: many messages must not return at once. */
function asked(retryAfter: unknown, random: () => number): number {
  return typeof retryAfter === 'number' ? retryAfter * 1000 * (1 + random() / 2) : 0;
}

/** @param failures of this message so far, without this one */
export function consequenceOf(
  error: unknown,
  failures: Pick<OutboxItem, 'attempts' | 'refusals'>,
  bounds: Bounds,
  random: () => number = Math.random,
): Consequence {
  const { attempts, refusals } = failures;
  if (isLeaseLost(error)) return { kind: 'lease-lost' };
  if (error instanceof Postpone) return { kind: 'postpone', pause: Math.min(error.delayMs, longestPauseMs) };
  const { permanent, temporary, code, retryAfter } = (error instanceof Error ? error : {}) as Told;
  const wanted = asked(retryAfter, random);
  if (notAsked.includes(code))
    return { kind: 'postpone', pause: Math.min(wanted || backoffMs(0, random), longestPauseMs) };
  const refused = temporary === false;
  // Whoever refuses is there: it is a person that it waits for, and an outage before it does not shorten their time.
  const own = refused ? backoffMs(refusals, random, longestPauseMs) : backoffMs(attempts, random);
  const pause = Math.min(Math.max(own, wanted), longestPauseMs);
  const reason = (error instanceof Error ? error.message : String(error)).slice(0, reasonBound);
  const enough = attempts + 1 >= bounds.attempts || (refused && refusals + 1 >= bounds.refusals);
  if (permanent === true || enough) return { kind: 'park', reason };
  return { kind: 'retry', pause, reason, refused };
}
