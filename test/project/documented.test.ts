import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { commands } from '../../src/cli/run.ts';
import { auditActions } from '../../src/contract/audit.ts';
import { problemStatus } from '../../src/contract/problem.ts';
import { RepositoryFile } from '../../src/server/config/repository-schema.ts';
import { ServerFile } from '../../src/server/config/server-schema.ts';

const root = resolve(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');
const configuration = read('docs/configuration.md');

/** The slice of JSON Schema that the configurations use. */
interface Schema {
  properties?: Record<string, Schema>;
  patternProperties?: Record<string, Schema>;
  items?: Schema;
  anyOf?: Schema[];
  required?: string[];
}

interface Key {
  /** As the documentation writes it: `bindings[].models.*.name`. */
  name: string;
  required: boolean;
}

/** Every key of a configuration; `*` stands for a name that people choose. */
function keysOf(schema: Schema, at = ''): Key[] {
  const named = Object.entries(schema.properties ?? {}).flatMap(([key, member]) => {
    const name = at === '' ? key : `${at}.${key}`;
    return [{ name, required: schema.required?.includes(key) ?? false }, ...keysOf(member, name)];
  });
  const chosen = Object.values(schema.patternProperties ?? {}).flatMap((member) => keysOf(member, `${at}.*`));
  const either = (schema.anyOf ?? []).flatMap((member) => keysOf(member, at));
  return [...named, ...chosen, ...either, ...(schema.items ? keysOf(schema.items, `${at}[]`) : [])];
}

/** The text between a heading and the next one of its level. */
function section(heading: string): string {
  const from = configuration.indexOf(`\n## ${heading}\n`);
  if (from < 0) throw new Error(`docs/configuration.md has no section "${heading}"`);
  const end = configuration.indexOf('\n## ', from + 4);
  return configuration.slice(from, end < 0 ? undefined : end);
}

/** Rows of a section's tables by the code in their first cell; a cell may name several. */
function rowsOf(heading: string): Map<string, string[]> {
  const rows = new Map<string, string[]>();
  for (const line of section(heading).split('\n')) {
    if (!/^\s*\| `/.test(line)) continue;
    const cells = line
      .trim()
      .slice(1, -1)
      .split(/(?<!\\)\|/);
    const [first = '', ...rest] = cells.map((cell) => cell.trim());
    for (const [, name = ''] of first.matchAll(/`([^`]+)`/g)) rows.set(name, rest);
  }
  return rows;
}

for (const [heading, schema, keys] of [
  ["The server's file", ServerFile, 40],
  ["The repository's file", RepositoryFile, 20],
] as const) {
  const found = keysOf(schema as Schema);

  test(`${heading}: the documentation has every key, and no other`, () => {
    expect(found.length).toBeGreaterThan(keys - 10);
    expect([...rowsOf(heading).keys()].sort()).toEqual(found.map(({ name }) => name).sort());
  });

  test(`${heading}: each key says its type, whether it is required, and what it means`, () => {
    const rows = rowsOf(heading);
    const wrong = found.filter(({ name, required }) => {
      const [type, standard] = rows.get(name) ?? [];
      return !type || !standard || (standard === 'required') !== required;
    });
    expect(wrong).toEqual([]);
  });
}

test('every error code is documented with its status and what to do', () => {
  const rows = rowsOf('Error codes');
  expect([...rows.keys()].sort()).toEqual(Object.keys(problemStatus).sort());
  for (const [code, status] of Object.entries(problemStatus)) {
    const [shown, advice = ''] = rows.get(code) ?? [];
    expect({ code, status: Number(shown) }).toEqual({ code, status });
    expect(advice.length, code).toBeGreaterThan(20);
  }
});

test('every audit action is documented', () => {
  const rows = rowsOf('Audit actions');
  expect([...rows.keys()].sort()).toEqual([...auditActions].sort());
});

const pages = globSync(['README.md', 'docs/**/*.md', 'examples/*.md'], { cwd: root });

/** What a page tells people to type, in code spans and blocks. */
const typed = pages.flatMap((page) =>
  [...read(page).matchAll(/```[a-z]*\n([\s\S]*?)```|`([^`\n]+)`/g)].map(([, block, span]) => ({
    page,
    code: block ?? span ?? '',
  })),
);

test('every npm script that the documentation names is there', () => {
  const scripts = Object.keys((JSON.parse(read('package.json')) as { scripts: object }).scripts);
  const named = typed.flatMap(({ page, code }) =>
    [...code.matchAll(/\bnpm (?:run ([\w:-]+)|(start|test)\b)/g)].map(([, run, short]) => ({
      page,
      script: run ?? short ?? '',
    })),
  );
  expect(named.length).toBeGreaterThan(0);
  expect(named.filter(({ script }) => !scripts.includes(script))).toEqual([]);
});

test('every command and option of gitea-databricks that the documentation names is there', () => {
  const named = typed.flatMap(({ page, code }) =>
    [...code.matchAll(/\bgitea-databricks ([a-z][^\n|&;]*)/g)].map(([, words = '']) => ({ page, words })),
  );
  expect(named.length).toBeGreaterThan(3);
  const unknown = named.filter(({ words }) => {
    const command = commands.find(({ name }) => words === name || words.startsWith(`${name} `));
    if (!command) return true;
    const options = ['config', 'help', ...Object.keys(command.options)];
    return [...words.matchAll(/--([a-z-]+)/g)].some(([, option = '']) => !options.includes(option));
  });
  expect(unknown).toEqual([]);
});

test('every file that the documentation links to is there', () => {
  const broken = pages.flatMap((page) =>
    [...read(page).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)[^)]*\)/g)]
      .map(([, target = '']) => ({ page, target }))
      .filter(({ target }) => globSync(join(page, '..', target), { cwd: root }).length === 0),
  );
  expect(broken).toEqual([]);
});
