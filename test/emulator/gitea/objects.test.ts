import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { listCommits, readCommit } from '../../../src/emulator/gitea/git/commits.ts';
import { changedFiles } from '../../../src/emulator/gitea/git/diff.ts';
import type { GitRepositories } from '../../../src/emulator/gitea/git/git-repositories.ts';
import { openGitRepositories } from '../../../src/emulator/gitea/git/git-repositories.ts';
import { listTree, readBlob } from '../../../src/emulator/gitea/git/tree.ts';
import type { RepositoryRow } from '../../../src/emulator/gitea/store/rows.ts';

const folder = mkdtempSync(join(tmpdir(), 'objects-'));
const repository = { id: 7, defaultBranch: 'main' } as RepositoryRow;
let git: GitRepositories;
const large = 'x'.repeat(300_000);

const data = (text: string) => `data ${Buffer.byteLength(text)}\n${text}`;
const commit = (mark: number, who: string, message: string, ...changes: string[]) =>
  [
    'commit refs/heads/main',
    `mark :${mark}`,
    `author ${who} 1767600000 -0330`,
    `committer ${who} 1767686400 +0000`,
    data(message),
    ...changes,
    '',
  ].join('\n');

beforeAll(async () => {
  git = openGitRepositories(folder);
  await git.init(repository);
  const input = [
    commit(
      1,
      'Åsa Öhman <asa@example.com>',
      'Begin\n\nWith two\nlines\n',
      `M 100644 inline README.md\n${data('hello\n')}`,
      `M 100755 inline bin/run with space\n${data('#!/bin/sh\n')}`,
      `M 120000 inline link\n${data('README.md')}`,
      `M 100644 inline deep/er/still/größe.txt\n${data('1\n2\n3\n')}`,
      `M 100644 inline large.bin\n${data(large)}`,
    ),
    commit(
      2,
      'Nobody <>',
      'no line break at the end',
      'R deep/er/still/größe.txt moved.txt',
      'D link',
      `M 100644 inline README.md\n${data('hello\nthere\n')}`,
    ),
    'done\n',
  ].join('\n');
  await git.run(repository, ['fast-import', '--quiet', '--done'], { input });
});
afterAll(() => {
  git.close();
  rmSync(folder, { recursive: true, force: true });
});

const said = (...args: string[]) =>
  execFileSync('git', args, { cwd: git.path(repository), encoding: 'utf8', maxBuffer: 10_000_000 });
const named = (revision: string) => said('rev-parse', revision).trim();

test.each(['main', 'main~1'])('the commit %s is read as git shows it', async (revision) => {
  const sha = named(revision);
  const [shown] = await listCommits(git, repository, ['-1', sha]);
  const read = await readCommit(git, repository, sha);
  // `git log` ends a message with a line break of its own.
  expect({ ...read, message: read.message.trimEnd() }).toEqual({
    ...shown,
    message: shown?.message.trimEnd(),
  });
  expect(read.author.date).toBe('2026-01-05T04:30:00-03:30');
  expect(read.committer.date).toBe('2026-01-06T08:00:00Z');
});

test.each(['main', 'main~1', 'main^{tree}'])(
  'the whole tree of %s is listed as git lists it',
  async (revision) => {
    const sha = named(revision);
    const listed = await listTree(git, repository, sha, { recursive: true });
    const lines = said('ls-tree', '-r', '-t', '-l', '-z', '--full-tree', sha).split('\0').filter(Boolean);
    expect(
      listed.map(({ mode, type, sha: name, size, path }) => [
        mode,
        type,
        name,
        type === 'blob' ? size : '-',
        path,
      ]),
    ).toEqual(
      lines.map((line) => {
        const [head = '', path = ''] = line.split('\t');
        const [mode, type, name, size] = head.split(/ +/);
        return [mode, type, name, size === '-' ? '-' : Number(size), path];
      }),
    );
  },
);

test('a path names one entry, with a slash at its end what lies below, and nothing where nothing is', async () => {
  const sha = named('main~1');
  const paths = async (path: string) =>
    (await listTree(git, repository, sha, { path })).map((entry) => entry.path);
  expect(await paths('deep/er')).toEqual(['deep/er']);
  expect(await paths('deep/er/')).toEqual(['deep/er/still']);
  expect(await paths('README.md')).toEqual(['README.md']);
  expect(await paths('README.md/more')).toEqual([]);
  expect(await paths('not/there')).toEqual([]);
});

test('many objects at a time, large ones and those that are not there, come to whoever asked', async () => {
  const names = ['main:README.md', 'main:large.bin', 'main~1:README.md', 'main:moved.txt'].map(named);
  const absent = 'ab'.repeat(20);
  const answers = await Promise.all(
    [...names, absent, ...names].map(async (name) =>
      (await git.object(repository, name))?.content.toString(),
    ),
  );
  const texts = ['hello\nthere\n', large, 'hello\n', '1\n2\n3\n'];
  expect(answers).toEqual([...texts, undefined, ...texts]);
  await expect(readBlob(git, repository, named('main'))).rejects.toThrow('does not exist');
});

test('after its process has ended the next question starts another', async () => {
  const sha = named('main:README.md');
  expect((await git.inspect(repository, sha))?.size).toBe(12);
  git.close();
  expect((await git.object(repository, named('main:moved.txt')))?.size).toBe(6);
  expect((await git.object(repository, named('main~1:README.md')))?.size).toBe(6);
});

test('what was pushed after an object was asked for in vain is found', async () => {
  const absent = execFileSync('git', ['hash-object', '--stdin'], {
    input: 'later\n',
    encoding: 'utf8',
  }).trim();
  expect(await git.object(repository, absent)).toBeUndefined();
  await git.run(repository, ['hash-object', '-w', '--stdin'], { input: 'later\n' });
  expect((await git.object(repository, absent))?.content.toString()).toBe('later\n');
});

test('changed files are told with their lines, and a moved one with where it was', async () => {
  const files = await changedFiles(git, repository, named('main~1'), named('main'));
  expect(files).toEqual([
    { path: 'README.md', status: 'modified', additions: 1, deletions: 0 },
    { path: 'link', status: 'deleted', additions: 0, deletions: 1 },
    {
      path: 'moved.txt',
      previousPath: 'deep/er/still/größe.txt',
      status: 'renamed',
      additions: 0,
      deletions: 0,
    },
  ]);
});

test('where a branch is one commit long its beginning is that commit’s parent; else git says it', async () => {
  const [base, head] = [named('main~1'), named('main')];
  expect(await git.mergeBase(repository, base, head)).toBe(base);
  expect(await git.mergeBase(repository, head, base)).toBe(base);
  expect(await git.mergeBase(repository, head, head)).toBe(head);
});
