import type { AfterHandler, BeforeHandler, Fault } from './fault.ts';
import { afterHandler, beforeHandler } from './fault.ts';

/** A fault as the control route lists it. */
export interface KnownFault {
  id: number;
  fault: Fault;
  /** How often it happened. */
  happened: number;
}

export type FaultRegistry = ReturnType<typeof createFaultRegistry>;

/** Faults that wait for the requests that they meet, in the order in which they were added. */
export function createFaultRegistry() {
  let known: (KnownFault & { matches: RegExp; random: () => number; passed: number })[] = [];
  let lastId = 0;

  function* meeting(kinds: readonly string[], method: string, path: string) {
    for (const entry of known) {
      const { fault } = entry;
      if (entry.happened >= fault.times || !kinds.includes(fault.kind)) continue;
      if (fault.method !== undefined && fault.method !== method) continue;
      if (!entry.matches.test(path)) continue;
      if (entry.passed < fault.skip) entry.passed += 1;
      else if (entry.random() < fault.probability) yield entry;
    }
  }

  return {
    add(fault: Fault): number {
      lastId += 1;
      const escaped = fault.path.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
      known.push({
        id: lastId,
        fault,
        happened: 0,
        passed: 0,
        matches: new RegExp(`^${escaped}$`),
        random: randomNumbers(fault.seed),
      });
      return lastId;
    },
    list: (): KnownFault[] => known.map(({ id, fault, happened }) => ({ id, fault, happened })),
    /** @returns whether there was one. */
    remove(id: number): boolean {
      const before = known.length;
      known = known.filter((entry) => entry.id !== id);
      return known.length < before;
    },
    clear(): void {
      known = [];
    },
    /** What happens before the handler: all delays up to the first fault that answers, each counted. */
    takeBefore(method: string, path: string): BeforeHandler[] {
      const taken: BeforeHandler[] = [];
      for (const entry of meeting(beforeHandler, method, path)) {
        entry.happened += 1;
        taken.push(entry.fault as BeforeHandler);
        if (entry.fault.kind !== 'delay') break;
      }
      return taken;
    },
    /** The first fault that the predicate lets happen to the handler's answer, counted. */
    takeAfter(
      method: string,
      path: string,
      happens: (fault: AfterHandler, id: number) => boolean,
    ): AfterHandler | undefined {
      for (const entry of meeting(afterHandler, method, path)) {
        if (!happens(entry.fault as AfterHandler, entry.id)) continue;
        entry.happened += 1;
        return entry.fault as AfterHandler;
      }
      return undefined;
    },
  };
}

/** The mulberry32 sequence: numbers from 0 to below 1, the same ones for the same seed. */
function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
