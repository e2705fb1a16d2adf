import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SmallTeam } from './small-team.ts';
import { startSmallTeam } from './small-team.ts';

let team: SmallTeam;
beforeAll(async () => {
  team = await startSmallTeam();
});
afterAll(() => team?.close());

const clone = (user: string, into: string) =>
  team.git(team.folder, 'clone', '--quiet', team.remote(user, 'ml/wine'), into);

describe('git over HTTP', () => {
  it('asks for a sign-in where a repository is private, and clones for readers', async () => {
    await expect(clone('', 'anonymous')).rejects.toThrow(/could not read Username|Authentication failed/);
    await expect(clone('nick', 'nick')).rejects.toThrow(/not found/i);
    await clone('rita', 'rita');
    expect(await readFile(join(team.folder, 'rita/README.md'), 'utf8')).toContain('# wine');
  });

  it('takes an access token as the password', async () => {
    const { body } = await team.api('rita', 'POST', '/users/rita/tokens', {
      name: 'git',
      scopes: ['read:repository'],
    });
    const remote = team.remote('', 'ml/wine').replace('http://', `http://rita:${body.sha1}@`);
    await team.git(team.folder, 'clone', '--quiet', remote, 'by-token');
    await expect(
      team.git(join(team.folder, 'by-token'), 'push', '--quiet', 'origin', 'HEAD:refs/heads/x'),
    ).rejects.toThrow(/403/);
  });

  it("refuses a reader's push", async () => {
    const folder = join(team.folder, 'rita');
    await expect(team.git(folder, 'push', '--quiet', 'origin', 'HEAD:refs/heads/mine')).rejects.toThrow(
      /403/,
    );
  });

  it('takes a push of many megabytes', async () => {
    await team.commit('big', { 'small.txt': 'x' }, { push: false });
    await writeFile(join(team.work, 'big.bin'), randomBytes(12 * 1024 * 1024));
    await team.git(team.work, 'add', '.');
    await team.git(team.work, 'commit', '--quiet', '-m', 'Add big data');
    await team.git(team.work, 'push', '--quiet', 'origin', 'big');
    const { body } = await team.api('rita', 'GET', '/repos/ml/wine/contents/big.bin?ref=big');
    expect(body.size).toBe(12 * 1024 * 1024);
  });

  it("makes a new repository's first branch its default branch", async () => {
    await team.api('wendy', 'POST', '/user/repos', { name: 'fresh' });
    await team.git(
      team.work,
      'push',
      '--quiet',
      team.remote('wendy', 'wendy/fresh'),
      'origin/main:refs/heads/trunk',
    );
    const { body } = await team.api('wendy', 'GET', '/repos/wendy/fresh');
    expect(body).toMatchObject({ default_branch: 'trunk', empty: false });
  });

  it("refuses refs that are the forge's own", async () => {
    await expect(team.git(team.work, 'push', '--quiet', 'origin', 'HEAD:refs/pull/9/head')).rejects.toThrow(
      /cannot be pushed|rejected/,
    );
  });
});

describe('a protected branch', () => {
  beforeAll(async () => {
    await team.commit('main', { 'train.py': 'print(1)\n' });
    await team.api('ada', 'POST', '/repos/ml/wine/branch_protections', {
      rule_name: 'main',
      enable_push: true,
      enable_push_whitelist: true,
      push_whitelist_usernames: ['walt'],
      protected_file_patterns: '.gitea/databricks.yml; secrets/**',
    });
  });
  const pushAs = (user: string, ...refs: string[]) =>
    team.git(team.work, 'push', '--quiet', team.remote(user, 'ml/wine'), ...refs);

  it('refuses whoever is not on its list, and says so', async () => {
    await team.commit('main', { 'train.py': 'print(2)\n' }, { push: false });
    const before = (await team.api('rita', 'GET', '/repos/ml/wine/branches/main')).body.commit.id;
    await expect(pushAs('wendy', 'main')).rejects.toThrow(/Not allowed to push to protected branch main/);
    const after = (await team.api('rita', 'GET', '/repos/ml/wine/branches/main')).body.commit.id;
    expect(after).toBe(before);
  });

  it('lets in whoever is', async () => {
    await pushAs('walt', 'main');
    const head = await team.git(team.work, 'rev-parse', 'main');
    expect((await team.api('rita', 'GET', '/repos/ml/wine/branches/main')).body.commit.id).toBe(head);
  });

  it('keeps its history and itself', async () => {
    await team.git(team.work, 'checkout', '--quiet', 'main');
    await team.git(team.work, 'commit', '--quiet', '--amend', '-m', 'Rewritten');
    await expect(pushAs('walt', '+main')).rejects.toThrow(/protected from force push/);
    await expect(pushAs('walt', ':main')).rejects.toThrow(/default branch and cannot be deleted/);
    await team.git(team.work, 'fetch', '--quiet', 'origin');
    await team.git(team.work, 'reset', '--quiet', '--hard', 'origin/main');
  });

  it('keeps its protected files', async () => {
    await team.commit('main', { '.gitea/databricks.yml': 'version: 1\n' }, { push: false });
    await expect(pushAs('walt', 'main')).rejects.toThrow(
      /protected from changing file \.gitea\/databricks\.yml/,
    );
    await team.git(team.work, 'reset', '--quiet', '--hard', 'origin/main');
  });

  it('does not stand in the way of other branches', async () => {
    const sha = await team.commit('free', { 'train.py': 'print(3)\n' });
    expect((await team.api('rita', 'GET', '/repos/ml/wine/branches/free')).body.commit.id).toBe(sha);
    await pushAs('wendy', ':free');
    expect((await team.api('rita', 'GET', '/repos/ml/wine/branches/free')).status).toBe(404);
  });
});
