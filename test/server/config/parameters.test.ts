import { expect, test } from 'vitest';
import type { ParameterRule } from '../../../src/contract/run.ts';
import { parseDuration, parseFraction } from '../../../src/server/config/quantities.ts';
import { validateParameters } from '../../../src/server/config/validate-parameters.ts';

const rules: ParameterRule[] = [
  { name: 'depth', type: 'integer', default: 6, min: 1, max: 20 },
  { name: 'rate', type: 'number', default: 0.1 },
  { name: 'mode', type: 'string', default: 'fast', choices: ['fast', 'slow'] },
  { name: 'quick', type: 'boolean', default: false },
];

test('declared parameters get their defaults and keep their types', () => {
  expect(validateParameters(rules, { depth: 3, quick: true })).toEqual({
    values: { depth: 3, rate: 0.1, mode: 'fast', quick: true },
  });
});

test('text reaches the run byte for byte', () => {
  const text = '{{job.run_id}} $(rm) `x`\n"y"';
  const free: ParameterRule[] = [{ name: 'note', type: 'string', default: '' }];
  expect(validateParameters(free, { note: text })).toEqual({ values: { note: text } });
});

test('every wrong value is reported, with what would be right', () => {
  expect(validateParameters(rules, { depht: 3, rate: '0.1', mode: 'medium', quick: 1 })).toEqual({
    problems: [
      {
        path: 'parameters.depht',
        message: 'depht is not a parameter of this repository. Did you mean depth?',
      },
      { path: 'parameters.rate', message: 'rate must be a number; it is "0.1".' },
      { path: 'parameters.mode', message: 'mode must be one of fast, slow; it is "medium".' },
      { path: 'parameters.quick', message: 'quick must be true or false; it is 1.' },
    ],
  });
  expect(validateParameters(rules, { depth: 2.5 })).toMatchObject({
    problems: [{ path: 'parameters.depth' }],
  });
  expect(validateParameters(rules, { depth: 21 })).toMatchObject({
    problems: [{ path: 'parameters.depth' }],
  });
  expect(validateParameters(rules, { toString: 1 })).toMatchObject({
    problems: [{ path: 'parameters.toString' }],
  });
});

test.each([
  ['90s', 90],
  ['30m', 1800],
  ['2h', 7200],
  ['1.5h', null],
  ['30', null],
  ['-1m', null],
])('the time %s is %s seconds', (text, seconds) => {
  expect(parseDuration(text)).toBe(seconds);
});

test.each([
  ['2%', 0.02],
  ['0.5 %', 0.005],
  [0.02, 0.02],
  ['29%', 0.29],
  ['101%', null],
  ['two', null],
  [-0.1, null],
  [Number.NaN, null],
])('the share %s is %s', (given, fraction) => {
  expect(parseFraction(given)).toBe(fraction);
});
