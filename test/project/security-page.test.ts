import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/security.md'), 'utf8');
const rows = [...page.matchAll(/^\| (\d+) \|([^|]+)\|([^|]+)\|([^|]*)\|$/gm)];

test('docs/security.md has a row for each hazard, with a test or a reason', () => {
  expect(rows.map(([, number]) => Number(number))).toEqual(
    Array.from({ length: 30 }, (_, position) => position + 1),
  );
  for (const [, number, , proof = '', remains = ''] of rows) {
    expect(/`test\//.test(proof) || /not yet|does not apply/.test(remains + proof), `row ${number}`).toBe(
      true,
    );
  }
});

test('every test that docs/security.md names is there', () => {
  const named = [...page.matchAll(/`(test\/[^`]+?\.tsx?)`/g)].map(([, file = '']) => file);
  expect(named.length).toBeGreaterThan(30);
  expect(named.filter((file) => !existsSync(join(root, file)))).toEqual([]);
});

test('every link of docs/security.md leads somewhere', () => {
  const slug = (heading: string) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-');
  for (const [, target = ''] of page.matchAll(/\]\(([^)]+)\)/g)) {
    const [file, anchor] = target.split('#');
    const text = file ? readFileSync(join(root, 'docs', file), 'utf8') : page;
    if (anchor === undefined) continue;
    const anchors = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => slug(heading));
    expect(anchors, target).toContain(anchor);
  }
});
