import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');

/** What is in git. Without git (an archive): everything but what is made. */
function projectFiles(): string[] {
  if (existsSync(join(root, '.git'))) {
    const list = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' });
    return list.split('\0').filter((file) => file !== '' && existsSync(join(root, file)));
  }
  return globSync('**/*', {
    cwd: root,
    exclude: ({ name }) => ['node_modules', 'dist', '.demo'].includes(name),
    withFileTypes: true,
  })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
}

const files = projectFiles().map((file) => file.replaceAll('\\', '/'));
const texts = files
  .filter((file) => !/\.(png|woff2?|gz|zip|bin|ico|parquet)$/.test(file))
  .map((file) => ({ file, text: readFileSync(join(root, file), 'utf8') }));

/** This file's own patterns would be found otherwise. */
const others = texts.filter(({ file }) => file !== 'test/project/repository.test.ts');

/** `file:line` of each line that a pattern finds. */
function found(pattern: RegExp, among = texts): string[] {
  return among.flatMap(({ file, text }) =>
    text
      .split('\n')
      .flatMap((line, index) =>
        pattern.test(line) ? [`${file}:${index + 1}: ${line.trim().slice(0, 120)}`] : [],
      ),
  );
}

test('the scan sees the project', () => {
  expect(files).toContain('package.json');
  expect(files.filter((file) => file.startsWith('src/')).length).toBeGreaterThan(200);
});

test('no file names a folder of one machine', () => {
  // Recordings hold what the recorded server said of itself; they are not edited.
  const own = others.filter(({ file }) => !file.startsWith('test/fixtures/'));
  // A workspace of Databricks has a folder /Users of its own.
  const ours = own.filter(({ file }) => !file.includes('/databricks/'));
  expect(found(/(?<![\w.~/-])\/(?:home|root|work|mnt|private)\/[\w.-]+\/[\w.-]/, own)).toEqual([]);
  expect(found(/(?<![\w.~/-])\/Users\/[\w.-]+\/[\w.-]/, ours)).toEqual([]);
  expect(found(/[A-Z]:\\\\?(?:Users|Documents)/, own)).toEqual([]);
});

test('no file names the host of a package registry', () => {
  expect(
    found(
      /registry\.(npmjs|yarnpkg|npmmirror)|(?:files\.)?pythonhosted|pypi\.org\/simple|"resolved":|_authToken|index-url|artifactory|nexus\./,
      others,
    ),
  ).toEqual([]);
});

const longest = 250;

/** Comments within a file's first lines: above the imports, or at its first export. */
function firstComments(text: string): string {
  const top = text.split('\n').slice(0, 120).join('\n');
  return [...top.matchAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm)].map(([comment]) => comment).join('\n');
}

test(`a module of more than ${longest} lines says at its top why it is longer than others`, () => {
  const long = texts.filter(
    ({ file, text }) => /^src\/.*\.tsx?$/.test(file) && text.trimEnd().split('\n').length > longest,
  );
  const silent = long.filter(({ text }) => !/\b(longer|one class)\b/i.test(firstComments(text)));
  expect(silent.map(({ file }) => file)).toEqual([]);
});

/** Ids of the panel's features, in the order of the registry. */
const features = [
  ...readFileSync(join(root, 'src/panel/features/registry.ts'), 'utf8').matchAll(/^\s*id: '([\w-]+)'/gm),
].map(([, id = '']) => id);

test('every feature of the panel has a room and is tested', () => {
  expect(features.length).toBeGreaterThan(2);
  expect(features.filter((id) => !existsSync(join(root, 'src/panel/features', id, 'index.tsx')))).toEqual([]);
  const tests = texts.filter(({ file }) => /^test\/panel\/.*\.test\.tsx?$/.test(file));
  const untested = features.filter(
    (id) => !tests.some(({ file, text }) => file.includes(`/${id}`) || text.includes(`features/${id}/`)),
  );
  expect(untested).toEqual([]);
});

test('every room of the features belongs to a feature, or is used by one', () => {
  const rooms = globSync('src/panel/features/*/', { cwd: root }).map((room) => basename(room));
  const panel = texts.filter(({ file }) => file.startsWith('src/panel/'));
  const lost = rooms.filter(
    (room) =>
      !features.includes(room) &&
      !panel.some(
        ({ file, text }) => !file.startsWith(`src/panel/features/${room}/`) && text.includes(`/${room}/`),
      ),
  );
  expect(lost).toEqual([]);
});

/** Names that a tool or Gitea gives. */
const givenNames = /^(README|LICENSE|Dockerfile|\.[\w.-]+|package-lock)/;

test('files are named in kebab-case', () => {
  const code = files.filter(
    (file) => /^(src|test|bench|build|docs)\//.test(file) && !file.startsWith('test/fixtures/'),
  );
  // Python modules and Gitea's template hooks are named with underscores.
  const wrong = code.filter((file) => {
    const name = basename(file);
    if (givenNames.test(name)) return false;
    const pattern = /\.(py|tmpl)$/.test(name) ? /^[a-z0-9_.-]+$/ : /^[a-z0-9]+([.-][a-z0-9]+)*$/;
    return !pattern.test(name) || /[A-Z_]/.test(dirname(file));
  });
  expect(wrong).toEqual([]);
});

test('no room is called after nothing in particular', () => {
  const vague = /(^|\/)(utils?|helpers?|common|misc|shared|lib)(\/|\.tsx?$)/;
  expect(files.filter((file) => /^(src|bench|build)\//.test(file) && vague.test(file))).toEqual([]);
});
