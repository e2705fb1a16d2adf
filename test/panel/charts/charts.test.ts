import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Series } from '../../../src/panel/charts/align.ts';
import { align, sameSeries } from '../../../src/panel/charts/align.ts';
import { valueRange } from '../../../src/panel/charts/value-range.ts';

function series(steps: number[], values: (number | null)[], label = 'v13'): Series {
  return { label, role: 'candidate', steps, values };
}

describe('series on one axis', () => {
  it('have a gap where they have no value at a step', () => {
    expect(align([series([1, 2, 4], [9, null, 7]), series([2, 3], [5, 6])])).toEqual({
      steps: [1, 2, 3, 4],
      columns: [
        [9, null, null, 7],
        [null, 5, 6, null],
      ],
    });
  });

  it('need neither order nor values', () => {
    expect(align([series([3, 1], [30, 10])])).toEqual({ steps: [1, 3], columns: [[10, 30]] });
    expect(align([series([], [])])).toEqual({ steps: [], columns: [[]] });
    expect(align([])).toEqual({ steps: [], columns: [] });
  });

  it('keep every value at its own step', () => {
    const one = fc.uniqueArray(fc.integer({ min: 0, max: 500 }), { maxLength: 40 }).map((steps) =>
      series(
        steps,
        steps.map((step) => step * 2),
      ),
    );
    fc.assert(
      fc.property(fc.array(one, { maxLength: 3 }), (all) => {
        const { steps, columns } = align(all);
        expect([...steps].sort((a, b) => a - b)).toEqual(steps);
        for (const [index, own] of all.entries()) {
          expect(columns[index]?.length).toBe(steps.length);
          for (const step of own.steps) expect(columns[index]?.[steps.indexOf(step)]).toBe(step * 2);
          expect(columns[index]?.filter((value) => value !== null).length).toBe(own.steps.length);
        }
      }),
    );
  });
});

describe('series that a refresh brings again', () => {
  it('are the same only if they say the same', () => {
    const before = [series([1, 2], [3, null])];
    expect(sameSeries(before, [series([1, 2], [3, null])])).toBe(true);
    expect(sameSeries(before, [series([1, 2], [3, 4])])).toBe(false);
    expect(sameSeries(before, [series([1, 2, 3], [3, null, 1])])).toBe(false);
    expect(sameSeries(before, [series([1, 2], [3, null], 'v14')])).toBe(false);
    expect(sameSeries(before, [])).toBe(false);
  });
});

describe('the range of the y axis', () => {
  it('shows a quiet series whole', () => {
    const [low, high] = valueRange([1, 2, 3, 4], [4]);
    expect(low).toBeLessThan(1);
    expect(high).toBeGreaterThan(4);
  });

  it('is not flattened by the first steps', () => {
    const loss = Array.from({ length: 100 }, (_, step) => (step < 3 ? 1_000 : 1 - step / 200));
    const [, high] = valueRange(loss, [0.5]);
    expect(high).toBeLessThan(10);
  });

  it('has room where all values are equal, and where there are none', () => {
    for (const values of [[0.5, 0.5], [0], []]) {
      const [low, high] = valueRange(values, []);
      expect(high).toBeGreaterThan(low);
      expect(Number.isFinite(low) && Number.isFinite(high)).toBe(true);
    }
  });

  it('always holds the last values and the gate', () => {
    const value = fc.double({ min: -1e6, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(fc.array(value, { maxLength: 60 }), fc.array(value, { maxLength: 3 }), (values, always) => {
        const [low, high] = valueRange(values, [...always, Number.NaN]);
        for (const one of always) {
          expect(low).toBeLessThanOrEqual(one);
          expect(high).toBeGreaterThanOrEqual(one);
        }
      }),
    );
  });
});
