import { expect, test } from 'vitest';
import {
  formatChange,
  formatMetric,
  formatPercent,
  formatTogether,
} from '../../../src/server/metrics/number-format.ts';

test.each([
  [0.25234, '0.252'],
  [0.5, '0.500'],
  [40, '40'],
  [1234.4, '1,234'],
  [-0.00031, '−0.000310'],
  [0.0000123456, '1.23e−5'],
  [0, '0'],
  [null, '–'],
])('%s reads %s', (value, text) => {
  expect(formatMetric(value)).toBe(text);
});

test('more digits only while two values would look equal', () => {
  expect(formatTogether([0.24112, 0.24137])).toEqual(['0.2411', '0.2414']);
  expect(formatTogether([0.24112, 0.252, null])).toEqual(['0.241', '0.252', '–']);
  expect(formatTogether([0.5, 0.5])).toEqual(['0.500', '0.500']);
});

test.each([
  [0.0456, '4.6%'],
  [0.02, '2%'],
  [0.123, '12%'],
  [0.0001, '<0.1%'],
  [0, '0%'],
])('the fraction %s reads %s', (fraction, text) => {
  expect(formatPercent(fraction)).toBe(text);
});

test('a change has a sign', () => {
  expect(formatChange(0.011, 0.0456)).toBe('+4.6%');
  expect(formatChange(-1, -0.024)).toBe('−2.4%');
  expect(formatChange(0, 0)).toBe('±0%');
  expect(formatChange(-0.5, null)).toBe('−0.500');
});
