import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { describeStep, readStory } from '../../src/demo/story/story.ts';
import { waitUntil } from '../../src/demo/wait-until.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'story-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function story(steps: string) {
  writeFileSync(
    join(dir, 'story.yaml'),
    `repository: wine\ndescription: d\ncommitStatus: c\nsteps:\n${steps}`,
  );
  return readStory(dir);
}

test('a step is read with its branch', () => {
  const { steps } = story(
    '  - push: main\n    by: ada\n    files: .\n    message: "First\\n\\nMore."\n  - protect: main\n    by: ada\n',
  );
  expect(steps).toEqual([
    { kind: 'push', branch: 'main', by: 'ada', files: '.', message: 'First\n\nMore.' },
    { kind: 'protect', branch: 'main', by: 'ada' },
  ]);
  expect(steps.map(describeStep)).toEqual(['ada pushes to main: First', 'ada protects main']);
});

test.each([
  ['  - burn: main\n    by: ada\n', 'story step 1: name exactly one of'],
  ['  - merge: a\n    close: b\n    by: ada\n', 'story step 1: name exactly one of'],
  [
    '  - merge: a\n    by: ada\n  - open: a\n    by: ada\n',
    'story step 2 (open): title, body, expect is missing',
  ],
])('a step that is not understood is named by its number', (steps, message) => {
  expect(() => story(steps)).toThrow(message);
});

test('files that are missing are told before anything is pushed', () => {
  expect(() => story('  - push: main\n    by: ada\n    files: nowhere\n    message: m\n')).toThrow('nowhere');
});

test('waiting ends with the answer, with the time, or with the demo', async () => {
  const { signal } = new AbortController();
  let looks = 0;
  const third = async () => (++looks < 3 ? undefined : looks);
  expect(await waitUntil(third, { what: 'it', within: 10_000, every: 1, signal })).toBe(3);
  await expect(waitUntil(async () => undefined, { what: 'it', within: 0, every: 1, signal })).rejects.toThrow(
    'it did not come within 0 s',
  );
  const stop = new AbortController();
  const waiting = waitUntil(async () => undefined, { what: 'it', within: 60_000, signal: stop.signal });
  stop.abort(new Error('the demo ends'));
  await expect(waiting).rejects.toThrow();
});
