import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { moments } from '../../src/server/duty/moments.ts';

const root = resolve(import.meta.dirname, '../..');
const calls = globSync('src/**/*.ts', { cwd: root }).flatMap((file) =>
  [...readFileSync(join(root, file), 'utf8').matchAll(/\breached\('([\w.]+)'\)/g)].map(([, name]) => name),
);

test('every moment at which the fault tests kill the process is in the code', () => {
  expect(moments.filter((moment) => !calls.includes(moment))).toEqual([]);
});

test('every moment in the code is one of the list', () => {
  expect(calls.filter((name) => !moments.some((moment) => moment === name))).toEqual([]);
});
