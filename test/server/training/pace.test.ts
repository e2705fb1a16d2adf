import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { PaceFacts } from '../../../src/server/training/pace.ts';
import {
  beatsUntilNextLook,
  isTurn,
  liveEveryMs,
  longestBeats,
  mostLooks,
  nextLook,
} from '../../../src/server/training/pace.ts';
import { createUsualDurations, median } from '../../../src/server/training/usual-durations.ts';
import { SimulatedClock } from '../../faults/simulated-clock.ts';

const minute = 60_000;
const calm: PaceFacts = { ageMs: 0, changed: false, tasksEndedMs: null, usualMs: null };

describe('the next look at a run', () => {
  test.each<[string, Partial<PaceFacts>, number]>([
    ['is soon while the run is young', { ageMs: minute }, 1],
    ['is later once it takes its time', { ageMs: 10 * minute }, 3],
    ['is much later in the middle of a long run', { ageMs: 40 * minute }, 10],
    ['is bounded for a very long one', { ageMs: 9 * 60 * minute }, 30],
    ['is soon after something changed', { ageMs: 40 * minute, changed: true }, 1],
    ['is soon when all tasks have ended', { ageMs: 40 * minute, tasksEndedMs: 5_000 }, 1],
    ['is late again when the run does not end though', { ageMs: 40 * minute, tasksEndedMs: 3 * minute }, 10],
    ['is soon when the usual end is near', { ageMs: 40 * minute, usualMs: 40.5 * minute }, 1],
    ['is soon a little after the usual end', { ageMs: 40 * minute, usualMs: 39.5 * minute }, 1],
    ['is late while the usual end is far', { ageMs: 40 * minute, usualMs: 50 * minute }, 10],
    ['is late when the usual end has long passed', { ageMs: 40 * minute, usualMs: 30 * minute }, 10],
  ])('%s', (_what, facts, beats) => {
    expect(beatsUntilNextLook({ ...calm, ...facts })).toBe(beats);
  });

  const facts = fc.record({
    ageMs: fc.integer({ min: -10 * minute, max: 100 * 60 * minute }),
    changed: fc.boolean(),
    tasksEndedMs: fc.option(fc.integer({ min: -10 * minute, max: 600 * minute })),
    usualMs: fc.option(fc.integer({ min: 0, max: 600 * minute })),
  });

  test('comes after half a beat at least and thirty and a half at most, on a whole beat, whatever is true', () => {
    fc.assert(
      fc.property(
        facts,
        fc.integer({ min: 1, max: 4e12 }),
        fc.integer({ min: 10, max: 5_000 }),
        (given, now, beat) => {
          const pause = nextLook(now, beat, given) - now;
          expect(pause).toBeGreaterThanOrEqual(Math.floor(beat / 2));
          expect(pause).toBeLessThanOrEqual((longestBeats + 0.5) * beat);
          expect(nextLook(now, beat, given) % beat).toBe(0);
        },
      ),
    );
  });

  test('comes so seldom that a run costs no more looks than its bound, however it goes', () => {
    fc.assert(
      fc.property(
        fc.record({
          life: fc.integer({ min: 0, max: 30 * 60 * minute }),
          start: fc.integer({ min: 1e12, max: 2e12 }),
          usualMs: fc.option(fc.integer({ min: 0, max: 30 * 60 * minute })),
          // Ages at which a task begins or ends, the last one ends them all.
          changes: fc.array(fc.integer({ min: 0, max: 30 * 60 * minute }), { maxLength: 20 }),
          // How long each look takes.
          latency: fc.integer({ min: 0, max: 2_000 }),
        }),
        ({ life, start, usualMs, changes, latency }) => {
          const last = Math.max(...changes);
          let looks = 0;
          let seen = 0;
          for (let at = start; at - start < life; ) {
            looks += 1;
            const ageMs = at - start;
            const now = changes.filter((change) => change <= ageMs).length;
            const facts = {
              ageMs,
              changed: now > seen,
              tasksEndedMs: changes.length > 0 && now === changes.length ? ageMs - last : null,
              usualMs,
            };
            seen = now;
            at = nextLook(at + latency, 1_000, facts);
          }
          expect(looks).toBeLessThanOrEqual(mostLooks(life, 1_000, changes.length));
        },
      ),
      { numRuns: 60 },
    );
    // What that comes to: an hour, and a day, of a run with ten tasks.
    expect(mostLooks(60 * minute, 1_000, 20)).toBe(1_108);
    expect(mostLooks(24 * 60 * minute, 1_000, 20)).toBe(3_868);
  });
});

describe('metrics of a running run', () => {
  test('are read less often than its state, and the less the more runs there are', () => {
    expect([1, 10, 60].map((age) => liveEveryMs(age * minute, 1))).toEqual([3_000, 10_000, 30_000]);
    expect(liveEveryMs(minute, 100)).toBe(100_000);
  });

  test('are read once for each turn that passed between two looks', () => {
    expect(isTurn(3_100, 2_100, 3_000)).toBe(true);
    expect(isTurn(4_100, 3_100, 3_000)).toBe(false);
    expect(isTurn(40_000, 30_000, 3_000)).toBe(true);
  });
});

describe('how long a run usually takes', () => {
  test('is the middle one of the last', () => {
    expect(median([])).toBeNull();
    expect(median([7])).toBe(7);
    expect(median([9, 1, 100])).toBe(9);
    expect(median([1, 3])).toBe(1);
  });

  test('is asked of the store once a minute for each repository', async () => {
    const clock = new SimulatedClock();
    let asked = 0;
    const run = { startedAt: '2026-01-01T00:00:00Z', endedAt: '2026-01-01T00:05:00Z' };
    const usual = createUsualDurations(
      {
        list: async ({ repositoryId, states }) => {
          asked += 1;
          expect(states).toEqual(['succeeded']);
          return { items: repositoryId === 1 ? ([run, { ...run, endedAt: null }] as never) : [], total: 0 };
        },
      },
      clock,
    );
    expect([await usual(1), await usual(1), await usual(2), await usual(2)]).toEqual([
      5 * minute,
      5 * minute,
      null,
      null,
    ]);
    expect(asked).toBe(2);
    clock.advance(minute);
    await usual(1);
    expect(asked).toBe(3);
  });
});
