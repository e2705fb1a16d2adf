import { afterEach, expect, test, vi } from 'vitest';

afterEach(() => {
  vi.unstubAllEnvs();
  vi.resetModules();
});

test('the seed that is given is used', async () => {
  vi.stubEnv('FAULTS_SEED', '4711');
  const { seedOfThisRun } = await import('./seed.ts');
  const lines: string[] = [];
  expect([1, 2].map(() => seedOfThisRun((line) => lines.push(line)))).toEqual([4711, 4711]);
  expect(lines).toEqual([]);
});

test('without one it is drawn, and what is printed gives the same run again', async () => {
  vi.stubEnv('FAULTS_SEED', undefined);
  const { seedOfThisRun } = await import('./seed.ts');
  let printed = '';
  const seed = seedOfThisRun((line) => {
    printed = line;
  });
  vi.resetModules();
  vi.stubEnv('FAULTS_SEED', /FAULTS_SEED=(\d+)$/.exec(printed)?.[1]);
  const again = await import('./seed.ts');
  expect(again.seedOfThisRun(() => {})).toBe(seed);
});

test('what is no number is refused', async () => {
  vi.stubEnv('FAULTS_SEED', 'tomorrow');
  const { seedOfThisRun } = await import('./seed.ts');
  expect(() => seedOfThisRun(() => {})).toThrow('FAULTS_SEED');
});
