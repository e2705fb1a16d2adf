import { beforeEach, describe, expect, test } from 'vitest';
import type { OldRows } from '../../../src/server/duty/upkeep.ts';
import { Upkeep } from '../../../src/server/duty/upkeep.ts';
import { SimulatedClock } from '../../faults/simulated-clock.ts';

const hour = 3_600_000;
let clock: SimulatedClock;
let asked: OldRows[];
let failures: object[];
let answer: () => string | null;
let upkeep: Upkeep;

beforeEach(() => {
  clock = new SimulatedClock(new Date('2026-03-31T10:00:00.000Z'));
  asked = [];
  failures = [];
  answer = () => null;
  upkeep = new Upkeep({
    tables: [
      async (rows) => {
        asked.push(rows);
        return answer();
      },
    ],
    clock,
    log: { warn() {}, error: (fields) => void failures.push(fields) },
  });
});

describe('upkeep', () => {
  test('looks page by page at what is older than 30 days, and again every day', async () => {
    const ids = ['a', 'b'];
    answer = () => ids.shift() ?? null;
    upkeep.start();
    await clock.pass(1_000);
    expect(asked.map(({ after }) => after)).toEqual(['', 'a', 'b']);
    expect(asked[0]?.before.toISOString()).toBe('2026-03-01T10:00:00.000Z');
    await clock.pass(24 * hour);
    expect(asked.slice(3)).toMatchObject([{ after: '', before: new Date('2026-03-02T10:00:00.300Z') }]);
    await upkeep.stop();
  });

  test('rests between pages, in which others write', async () => {
    answer = () => 'more';
    upkeep.start();
    await clock.pass(950);
    expect(asked.length).toBe(10);
    await upkeep.stop();
    await clock.pass(hour);
    expect(asked.length).toBe(10);
  });

  test('a store that does not answer is asked again in an hour', async () => {
    answer = () => {
      throw new Error('the disk is full');
    };
    upkeep.start();
    await clock.pass(hour - 1);
    expect([asked.length, failures.length]).toEqual([1, 1]);
    await clock.pass(1);
    expect(asked.length).toBe(2);
    await upkeep.stop();
  });
});
