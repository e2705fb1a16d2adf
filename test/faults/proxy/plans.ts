import { drawn } from '../seed.ts';
import type { Fault, FaultPlan, Passing } from './fault.ts';

/** Nothing happens. */
export const noFaults: FaultPlan = () => null;

/** Which requests a rule is about. */
export interface FaultRule {
  /** Any method when absent. */
  method?: string;
  /** Found in the path. Every path when absent. */
  path?: RegExp;
  fault: Fault;
  /** How many requests that match pass before it happens; 0 by default. */
  skip?: number;
  /** How often it happens; once by default. */
  times?: number;
}

/** Happens as written: each request is met by the first rule that still has something to do. */
export function explicitPlan(rules: readonly FaultRule[]): FaultPlan {
  const states = rules.map((rule) => ({ rule, skip: rule.skip ?? 0, left: rule.times ?? 1 }));
  return ({ method, path }) => {
    for (const state of states) {
      const { rule } = state;
      if (state.left === 0) continue;
      if (rule.method !== undefined && rule.method !== method) continue;
      if (rule.path !== undefined && !rule.path.test(path)) continue;
      if (state.skip > 0) {
        state.skip -= 1;
        continue;
      }
      state.left -= 1;
      return rule.fault;
    }
    return null;
  };
}

export interface Mix {
  seed: number;
  /** Names the counterpart: two proxies of one seed do not do the same. */
  name: string;
  /** Share of the requests that something happens to, 0 to 1. */
  share: number;
  /** One of them is drawn for each such request. */
  faults: readonly Fault[];
  /** Requests that are left alone. */
  spare?: (request: Passing) => boolean;
  /** How often at most one route is met in a row, so that something gets through; 3 by default. */
  mostInARow?: number;
}

/** All kinds, at lengths that a test can wait for. */
export const everyFault: readonly Fault[] = [
  { kind: 'delay', milliseconds: 150 },
  { kind: 'lost-answer' },
  { kind: 'too-many' },
  { kind: 'too-many', retryAfterSeconds: 1 },
  { kind: 'error', status: 500 },
  { kind: 'error', status: 503 },
  { kind: 'page', status: 502 },
  { kind: 'page', status: 200 },
  { kind: 'half-body' },
  { kind: 'reset', when: 'before' },
  { kind: 'reset', when: 'after' },
  { kind: 'stall' },
];

/** The same seed, name, route and number of the request give the same fault, whatever else came in between. */
export function randomPlan({ seed, name, share, faults, spare, mostInARow = 3 }: Mix): FaultPlan {
  const meets = (route: string, nth: number) => drawn(seed, name, route, nth) < share;
  return (request) => {
    const { route, nth } = request;
    if (spare?.(request) || !meets(route, nth)) return null;
    let inARow = 1;
    while (inARow <= nth && inARow <= mostInARow && meets(route, nth - inARow)) inARow += 1;
    if (inARow > mostInARow) return null;
    return faults[Math.floor(drawn(seed, name, route, nth, 'which') * faults.length)] ?? null;
  };
}
