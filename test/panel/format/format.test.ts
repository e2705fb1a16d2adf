import { describe, expect, it } from 'vitest';
import { percentFormat, signedFormat } from '../../../src/panel/format/change.ts';
import { metricFormat } from '../../../src/panel/format/number.ts';
import { clockTime, durationText, relativeTime } from '../../../src/panel/format/time.ts';

const one = (value: number | null) => metricFormat([value], 'en')(value);

describe('a metric', () => {
  it.each([
    [0.2519, '0.252'],
    [0.9, '0.900'],
    [40, '40'],
    [4898, '4,898'],
    [1234.5, '1,235'],
    [0.00001234, '1.23E−5'],
    [-0.5, '−0.500'],
    [0, '0'],
    [null, '–'],
    [Number.NaN, '–'],
  ])('%s is %s', (value, text) => {
    expect(one(value)).toBe(text);
  });

  it('gets more digits only while two values would look equal', () => {
    const format = metricFormat([0.24112, 0.24118, 0.9], 'en');
    expect([0.24112, 0.24118, 0.9].map(format)).toEqual(['0.2411', '0.2412', '0.9000']);
    expect(metricFormat([0.2411, 0.2411], 'en')(0.2411)).toBe('0.241');
  });

  it("follows the page's language", () => {
    expect(metricFormat([0.2519], 'de')(0.2519)).toBe('0,252');
  });
});

describe('a change', () => {
  it.each([
    [0.011, '+0.011'],
    [-1, '−1'],
    [0, '0'],
    [null, '–'],
  ])('of %s is %s', (value, text) => {
    expect(signedFormat('en')(value)).toBe(text);
  });

  it.each([
    [0.0456, '+4.6%'],
    [-0.024, '−2.4%'],
    [0.02, '+2%'],
    [0.0004, '+0.04%'],
    [2.5, '+250%'],
    [0, '0%'],
    [null, '–'],
  ])('by the fraction %s is %s', (value, text) => {
    expect(percentFormat('en')(value)).toBe(text);
  });
});

describe('time', () => {
  it.each([
    [41_000, '41 s'],
    [252_000, '4 min 12 s'],
    [63_000, '1 min 03 s'],
    [7_500_000, '2 h 05 min'],
    [273_600_000, '3 d 4 h'],
    [-5, '0 s'],
  ])('%s ms are %s', (milliseconds, text) => {
    expect(durationText(milliseconds)).toBe(text);
  });

  it('is relative, in the largest unit that fits', () => {
    const now = new Date('2026-11-23T12:00:00Z');
    expect(relativeTime(new Date('2026-11-23T11:48:00Z'), now, 'en')).toBe('12 minutes ago');
    expect(relativeTime(new Date('2026-11-22T11:00:00Z'), now, 'en')).toBe('yesterday');
    expect(relativeTime(new Date('2026-11-23T11:59:50Z'), now, 'en')).toBe('now');
  });

  it('names the day where it is another one', () => {
    const now = new Date(2026, 10, 23, 15, 0);
    expect(clockTime(new Date(2026, 10, 23, 14, 2), now, 'en-GB')).toBe('14:02');
    expect(clockTime(new Date(2026, 10, 22, 14, 2), now, 'en-GB')).toContain('22 Nov');
  });
});
