import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openGitRepositories } from '../../../src/emulator/gitea/git/git-repositories.ts';
import type { RepositoryRow } from '../../../src/emulator/gitea/store/rows.ts';

const by = (date: string) => ({
  GIT_AUTHOR_NAME: 'Wendy',
  GIT_AUTHOR_EMAIL: 'wendy@example.com',
  GIT_AUTHOR_DATE: date,
  GIT_COMMITTER_NAME: 'Wendy',
  GIT_COMMITTER_EMAIL: 'wendy@example.com',
  GIT_COMMITTER_DATE: date,
});

/** Two repositories: what is written into the second is, byte for byte, what is not in the first yet. */
test('an object that was asked for before it was pushed is found afterwards', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'objects-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const git = openGitRepositories(folder);
  const [first, second] = [1, 2].map((id) => ({ id, defaultBranch: 'main' }) as RepositoryRow);
  const write = async (repository: RepositoryRow) => {
    const tree = await git.text(repository, ['mktree'], { input: '' });
    return await git.text(repository, ['commit-tree', '-m', 'One', tree], { env: by('1767225600 +0000') });
  };
  await git.init(first!);
  await git.init(second!);
  const sha = await write(second!);
  const kind = () => git.run(first!, ['cat-file', '-t', sha], { accept: [0, 128] });

  expect(await git.commit(first!, sha)).toBeUndefined();
  expect((await kind()).code).toBe(128);
  expect(await write(first!)).toBe(sha);
  expect(await git.commit(first!, sha)).toBe(sha);
  expect((await kind()).stdout.toString()).toBe('commit\n');

  // A branch moves: what it names is never remembered.
  const newest = () => git.text(first!, ['log', '-1', '--format=%H', 'refs/heads/main']);
  await git.run(first!, ['update-ref', 'refs/heads/main', sha]);
  expect(await newest()).toBe(sha);
  const next = await git.text(first!, ['commit-tree', '-m', 'Two', '-p', sha, `${sha}^{tree}`], {
    env: by('1767225601 +0000'),
  });
  await git.run(first!, ['update-ref', 'refs/heads/main', next]);
  expect(await newest()).toBe(next);
});
