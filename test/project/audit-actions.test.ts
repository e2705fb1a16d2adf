import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { auditActions } from '../../src/contract/audit.ts';

const root = resolve(import.meta.dirname, '../..');

/** `action: 'x.y'` in the server's sources: where it stands. */
function recorded(): { action: string; file: string }[] {
  return globSync('src/server/**/*.ts', { cwd: root }).flatMap((file) => {
    const text = readFileSync(join(root, file), 'utf8');
    return [
      ...text.matchAll(/\baction:\s*(?:[^',\n]*\?\s*)?'([a-z-]+\.[a-z-]+)'(?:\s*:\s*'([a-z-]+\.[a-z-]+)')?/g),
    ].flatMap(([, first, second]) =>
      [first, second].filter((action) => action !== undefined).map((action) => ({ action, file })),
    );
  });
}

test('whatever code records is in the closed list', () => {
  const found = recorded();
  expect(found.length).toBeGreaterThan(5);
  const known: readonly string[] = auditActions;
  expect(found.filter(({ action }) => !known.includes(action))).toEqual([]);
});

test('whatever is in the closed list is recorded somewhere', () => {
  const text = globSync('src/server/**/*.ts', { cwd: root })
    .map((file) => readFileSync(join(root, file), 'utf8'))
    .join('\n');
  expect(auditActions.filter((action) => !text.includes(`'${action}'`))).toEqual([]);
});
