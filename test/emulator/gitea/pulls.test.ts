import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startForge } from './forge-on-loopback.ts';
import type { SmallTeam } from './small-team.ts';
import { startSmallTeam } from './small-team.ts';

let team: SmallTeam;
const repo = '/repos/ml/wine';
beforeAll(async () => {
  team = await startSmallTeam();
  await team.commit('main', { 'train.py': 'print(1)\n' });
});
afterAll(() => team?.close());

async function open(branch: string, base = 'main'): Promise<number> {
  await team.commit(branch, { [`${branch}.txt`]: branch });
  const { body } = await team.api('wendy', 'POST', `${repo}/pulls`, {
    head: branch,
    base,
    title: `Add ${branch}`,
  });
  return body.number;
}
const get = async (pull: number) => (await team.api('rita', 'GET', `${repo}/pulls/${pull}`)).body;

describe('a pull request', () => {
  it('is opened once for the same branches', async () => {
    const pull = await open('once');
    const again = await team.api('wendy', 'POST', `${repo}/pulls`, {
      head: 'once',
      base: 'main',
      title: 'x',
    });
    expect(again.status).toBe(409);
    expect(again.body.message).toContain('pull request already exists');
    expect((await get(pull)).state).toBe('open');
  });

  it('is listed by state, newest first, in pages', async () => {
    const pull = await open('closed');
    expect((await team.api('rita', 'PATCH', `${repo}/pulls/${pull}`, { state: 'closed' })).status).toBe(403);
    expect((await team.api('wendy', 'PATCH', `${repo}/pulls/${pull}`, { state: 'closed' })).status).toBe(201);
    await open('listed');
    const numbers = async (query: string) =>
      (await team.api('rita', 'GET', `${repo}/pulls?${query}`)).body.map(
        (one: { number: number }) => one.number,
      );
    expect(await numbers('state=closed')).toEqual([pull]);
    expect(await numbers('')).not.toContain(pull);
    const all = await numbers('state=all');
    expect(all).toEqual([...all].sort((a, b) => b - a));
    expect(await numbers('state=all&limit=1&page=2')).toEqual([all[1]]);
  });

  it('can be reopened, on what its branch holds by then', async () => {
    const pull = await open('reopened');
    await team.api('wendy', 'PATCH', `${repo}/pulls/${pull}`, { state: 'closed' });
    const sha = await team.commit('reopened', { 'reopened.txt': 'changed' });
    expect((await get(pull)).head.sha).not.toBe(sha);
    await team.api('wendy', 'PATCH', `${repo}/pulls/${pull}`, { state: 'open' });
    expect(await get(pull)).toMatchObject({ state: 'open', closed_at: null, head: { sha } });
  });

  it('is closed when its branch is deleted', async () => {
    const pull = await open('deleted');
    expect((await team.api('wendy', 'DELETE', `${repo}/branches/deleted`)).status).toBe(204);
    expect(await get(pull)).toMatchObject({ state: 'closed', merged: false });
  });

  it('can be aimed at another base branch', async () => {
    await team.api('wendy', 'POST', `${repo}/branches`, {
      new_branch_name: 'release/1',
      old_ref_name: 'main',
    });
    const pull = await open('aimed');
    await team.api('wendy', 'PATCH', `${repo}/pulls/${pull}`, { base: 'release/1', title: 'Aimed' });
    expect(await get(pull)).toMatchObject({ title: 'Aimed', base: { ref: 'release/1' }, changed_files: 1 });
    expect((await team.api('wendy', 'PATCH', `${repo}/pulls/${pull}`, { base: 'absent' })).status).toBe(404);
  });

  it('is brought up to date with its base branch', async () => {
    const pull = await open('behind');
    const main = await team.commit('main', { 'ahead.txt': '1' });
    expect((await get(pull)).merge_base).not.toBe(main);
    expect((await team.api('wendy', 'POST', `${repo}/pulls/${pull}/update`)).status).toBe(200);
    expect((await get(pull)).merge_base).toBe(main);
  });

  it('shows its files, commits, diff and patch', async () => {
    const pull = await open('shown');
    await team.git(team.work, 'mv', 'train.py', 'learn.py');
    const sha = await team.commit('shown', { 'shown.txt': 'more' }, { message: 'Rename' });
    const files = (await team.api('rita', 'GET', `${repo}/pulls/${pull}/files`)).body;
    expect(files.map((one: { filename: string; status: string }) => [one.filename, one.status])).toEqual([
      ['learn.py', 'renamed'],
      ['shown.txt', 'added'],
    ]);
    expect(files[0].previous_filename).toBe('train.py');
    const commits = (await team.api('rita', 'GET', `${repo}/pulls/${pull}/commits`)).body;
    expect(commits[0].sha).toBe(sha);
    expect(commits).toHaveLength(2);
    expect((await team.api('rita', 'GET', `${repo}/pulls/${pull}.diff`)).body).toContain(
      'rename to learn.py',
    );
    expect((await team.api('rita', 'GET', `${repo}/pulls/${pull}.patch`)).body).toContain(
      'Subject: [PATCH 2/2] Rename',
    );
  });

  it('asks people for reviews, whose verdicts an admin can dismiss', async () => {
    const pull = await open('reviewed');
    const asked = await team.api('wendy', 'POST', `${repo}/pulls/${pull}/requested_reviewers`, {
      reviewers: ['walt'],
    });
    expect(asked.status).toBe(201);
    expect(asked.body[0]).toMatchObject({ state: 'REQUEST_REVIEW', user: { login: 'walt' } });
    const given = await team.api('walt', 'POST', `${repo}/pulls/${pull}/reviews`, { event: 'APPROVED' });
    const list = async () => (await team.api('rita', 'GET', `${repo}/pulls/${pull}/reviews`)).body;
    expect((await list()).map((one: { state: string }) => one.state)).toEqual(['APPROVED']);
    const path = `${repo}/pulls/${pull}/reviews/${given.body.id}/dismissals`;
    expect((await team.api('wendy', 'POST', path, { message: 'no' })).status).toBe(403);
    expect((await team.api('ada', 'POST', path, { message: 'no' })).body.dismissed).toBe(true);
    expect((await get(pull)).requested_reviewers[0].login).toBe('walt');
  });
});

describe('a fork', () => {
  it('feeds its pull request, and leaves its commits behind when it goes', async () => {
    expect((await team.api('rita', 'POST', `${repo}/forks`, {})).status).toBe(202);
    expect((await team.api('rita', 'POST', `${repo}/forks`, {})).status).toBe(409);
    await team.git(team.folder, 'clone', '--quiet', team.remote('rita', 'rita/wine'), 'fork');
    const fork = join(team.folder, 'fork');
    const push = async (text: string) => {
      await writeFile(join(fork, 'mine.txt'), text);
      await team.git(fork, 'add', '.');
      await team.git(
        fork,
        '-c',
        'user.name=Rita',
        '-c',
        'user.email=rita@example.com',
        'commit',
        '--quiet',
        '-m',
        text,
      );
      await team.git(fork, 'push', '--quiet', 'origin', 'HEAD:mine');
      return team.git(fork, 'rev-parse', 'HEAD');
    };
    await push('first');
    const made = await team.api('rita', 'POST', `${repo}/pulls`, {
      head: 'rita:mine',
      base: 'main',
      title: 'Mine',
    });
    expect(made.status).toBe(201);
    expect(made.body.head.repo_id).not.toBe(made.body.base.repo_id);
    const sha = await push('second');
    const { number } = made.body;
    expect((await get(number)).head.sha).toBe(sha);
    const contents = await team.api('walt', 'GET', `${repo}/contents/mine.txt?ref=${sha}`);
    expect(Buffer.from(contents.body.content, 'base64').toString()).toBe('second');

    expect((await team.api('rita', 'POST', `${repo}/pulls/${number}/update`)).status).toBe(200);
    const updated = (await get(number)).head.sha;
    expect((await team.api('rita', 'GET', '/repos/rita/wine/branches/mine')).body.commit.id).toBe(updated);

    expect((await team.api('rita', 'DELETE', '/repos/rita/wine')).status).toBe(204);
    expect((await get(number)).head).toMatchObject({ repo: null, repo_id: -1, sha: updated, label: 'mine' });
    expect((await team.api('walt', 'GET', `${repo}/git/commits/${updated}`)).status).toBe(200);
  });

  it('of what one cannot read cannot be made', async () => {
    expect((await team.api('nick', 'POST', `${repo}/forks`, {})).status).toBe(404);
  });
});

describe('deleting a repository', () => {
  it("takes everything with it, and is the owner's alone", async () => {
    expect((await team.api('wendy', 'DELETE', repo)).status).toBe(403);
    expect((await team.api('ada', 'DELETE', repo)).status).toBe(204);
    expect((await team.api('ada', 'GET', repo)).status).toBe(404);
    const { store } = team.forge.context;
    expect([store.pulls.count(), store.comments.count(), store.collaborators.count()]).toEqual([0, 0, 0]);
  });
});

it('the 1.27 mode says so', async () => {
  const later = await startForge('1.27');
  expect((await later.api('', 'GET', '/version')).body.version).toMatch(/^1\.27\./);
  const configuration = await fetch(`${later.url}.well-known/openid-configuration`);
  expect((await configuration.json()).issuer).toBe(later.url.replace(/\/$/, ''));
  await later.close();
});
