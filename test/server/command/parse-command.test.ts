import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseComment } from '../../../src/server/command/parse-command.ts';
import { typedParameters } from '../../../src/server/command/typed-parameters.ts';

const train = (commit: string | null, ...parameters: [string, string][]) => ({
  command: {
    verb: 'train',
    commit,
    parameters: parameters.map(([name, value]) => ({ name, value })),
  },
});

describe('a comment is a command by its first line', () => {
  test.each([
    ['/databricks train', train(null)],
    ['/databricks\ttrain  depth=9 ', train(null, ['depth', '9'])],
    ['/databricks train depth=9\r\nplease, /databricks cancel', train(null, ['depth', '9'])],
    ['/databricks train 30b362aa8c rate=0.1', train('30b362aa8c', ['rate', '0.1'])],
    ['/databricks train note="two words" empty=', train(null, ['note', 'two words'], ['empty', ''])],
    ['/databricks train note="a \\"b\\" \\\\ c"', train(null, ['note', 'a "b" \\ c'])],
    [
      '/databricks train x={{secrets}} y=$(id) z=`id`',
      train(null, ['x', '{{secrets}}'], ['y', '$(id)'], ['z', '`id`']),
    ],
    ['/databricks cancel', { command: { verb: 'cancel' } }],
    ['/databricks retry', { command: { verb: 'retry' } }],
    ['/databricks help', { command: { verb: 'help' } }],
    ['/databricks', { command: { verb: 'help' } }],
  ])('%j', (comment, parsed) => {
    expect(parseComment(comment)).toEqual(parsed);
  });

  test.each([
    ['', null],
    ['please run /databricks train', null],
    [' /databricks train', null],
    ['\n/databricks train', null],
    ['> /databricks train', null],
    ['`/databricks train`', null],
    ['/databrickstrain', null],
    ['/Databricks train', null],
  ])('%j is none', (comment) => {
    expect(parseComment(comment)).toBeNull();
  });

  test.each([
    ['/databricks rollback', 'There is no command "rollback". There are: train, cancel, retry, help.'],
    ['/databricks cancel 3', 'cancel takes nothing more.'],
    ['/databricks train depth', '"depth" is neither name=value nor a commit.'],
    ['/databricks train =9', '"" cannot be the name of a parameter.'],
    ['/databricks train 9a=1', '"9a" cannot be the name of a parameter.'],
    ['/databricks train depth=1 depth=2', 'depth is given twice.'],
    ['/databricks train 30b362aa8c 30b362aa8d', 'Name one commit.'],
    ['/databricks train note="open', 'A quote is not closed.'],
    [`/databricks train a=${'x'.repeat(2000)}`, 'A command has at most 2000 characters.'],
  ])('%j cannot be understood', (comment, fault) => {
    expect(parseComment(comment)).toEqual({ fault });
  });
});

const name = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_-]{0,20}$/);
const value = fc.string({ unit: 'grapheme', maxLength: 40 }).filter((text) => !/[\r\n]/.test(text));
const quote = (text: string) => `"${text.replace(/["\\]/g, '\\$&')}"`;

test('every value arrives as it was written, byte for byte', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.tuple(name, value), { selector: ([key]) => key, maxLength: 10 }),
      (given) => {
        const line = ['/databricks train', ...given.map(([key, text]) => `${key}=${quote(text)}`)].join(' ');
        expect(parseComment(`${line}\nthanks`)).toEqual(train(null, ...given));
      },
    ),
    { numRuns: 1_000 },
  );
});

test('whatever stands in a comment, it is a command, a fault in words, or nothing', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.string({ unit: 'binary' }).map((rest) => `/databricks ${rest}`),
      ),
      (comment) => {
        const parsed = parseComment(comment);
        if (parsed === null) expect(/^\/databricks([ \t\r\n]|$)/.test(comment)).toBe(false);
        else if ('fault' in parsed) expect(parsed.fault.length).toBeLessThan(200);
        else expect(['train', 'cancel', 'retry', 'help']).toContain(parsed.command.verb);
      },
    ),
    { numRuns: 500 },
  );
});

test('values get the types that the repository declares; what does not fit stays as it was written', () => {
  const rules = [
    { name: 'depth', type: 'integer' },
    { name: 'rate', type: 'number' },
    { name: 'fast', type: 'boolean' },
    { name: 'note', type: 'string' },
  ] as const;
  const typed = (given: Record<string, string>) =>
    typedParameters(
      rules,
      Object.entries(given).map(([key, text]) => ({ name: key, value: text })),
    );
  expect(typed({ depth: '9', rate: '-1.5e-3', fast: 'true', note: '9' })).toEqual({
    depth: 9,
    rate: -0.0015,
    fast: true,
    note: '9',
  });
  expect(typed({ depth: '0x9', rate: '', fast: 'yes', other: '1' })).toEqual({
    depth: '0x9',
    rate: '',
    fast: 'yes',
    other: '1',
  });
  expect(Object.hasOwn(typed({ __proto__x: '1' }), '__proto__x')).toBe(true);
});
