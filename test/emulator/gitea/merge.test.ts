import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SmallTeam } from './small-team.ts';
import { startSmallTeam } from './small-team.ts';

let team: SmallTeam;
const repo = '/repos/ml/wine';
beforeAll(async () => {
  team = await startSmallTeam();
  await team.commit('main', { 'train.py': 'a = 1\nb = 2\nc = 3\nd = 4\ne = 5\n' });
});
afterAll(() => team?.close());

async function open(branch: string, files: Record<string, string>): Promise<number> {
  await team.commit(branch, files);
  const { body } = await team.api('wendy', 'POST', `${repo}/pulls`, {
    head: branch,
    base: 'main',
    title: branch,
  });
  return body.number;
}
const merge = (user: string, pull: number, body: object = { Do: 'merge' }) =>
  team.api(user, 'POST', `${repo}/pulls/${pull}/merge`, body);
const get = async (pull: number) => (await team.api('rita', 'GET', `${repo}/pulls/${pull}`)).body;
const parents = async (sha: string) =>
  (await team.api('rita', 'GET', `${repo}/git/commits/${sha}`)).body.parents.map(
    (one: { sha: string }) => one.sha,
  );

describe('merging', () => {
  it('by a merge commit keeps both histories, and the pull request remembers who and what', async () => {
    const pull = await open('one', { 'one.txt': '1' });
    const { head, base } = await get(pull);
    expect((await team.api('rita', 'GET', `${repo}/pulls/${pull}/merge`)).status).toBe(404);
    expect((await merge('walt', pull)).status).toBe(200);
    const merged = await get(pull);
    expect(merged).toMatchObject({ state: 'closed', merged: true, merged_by: { login: 'walt' } });
    expect(await parents(merged.merge_commit_sha)).toEqual([base.sha, head.sha]);
    expect((await team.api('rita', 'GET', `${repo}/pulls/${pull}/merge`)).status).toBe(204);
    const again = await merge('walt', pull);
    expect([again.status, again.body.message]).toEqual([405, '']);
  });

  it('keeps the merged head under refs/pull, whatever is pushed to its branch later', async () => {
    const pull = await open('kept', { 'kept.txt': '1' });
    const { head } = await get(pull);
    expect((await merge('walt', pull)).status).toBe(200);
    await team.commit('kept', { 'kept.txt': '2' });
    const ref = await team.api('rita', 'GET', `${repo}/git/refs/pull/${pull}/head`);
    expect(ref.body).toMatchObject({
      ref: `refs/pull/${pull}/head`,
      object: { type: 'commit', sha: head.sha },
    });
    const list = await team.api('rita', 'GET', `${repo}/git/refs/pull/${pull}/`);
    expect(list.body).toHaveLength(1);
    expect((await team.api('rita', 'GET', `${repo}/git/refs/pull/999/head`)).status).toBe(404);
  });

  it("by squashing makes one commit of the author's", async () => {
    await team.commit('two', { 'two.txt': '1' });
    const pull = await open('two', { 'two.txt': '2' });
    const { base } = await get(pull);
    expect((await merge('walt', pull, { Do: 'squash' })).status).toBe(200);
    const { merge_commit_sha: sha } = await get(pull);
    expect(await parents(sha)).toEqual([base.sha]);
    const { commit } = (await team.api('rita', 'GET', `${repo}/git/commits/${sha}`)).body;
    expect(commit.author.name).toBe('wendy');
    expect(commit.committer.name).toBe('walt');
    expect(commit.message).toBe(`two (#${pull})\n`);
  });

  it('by rebasing puts each commit on top of the base branch', async () => {
    await team.commit('three', { 'three.txt': '1' }, { message: 'First', from: 'origin/main~1' });
    const pull = await open('three', { 'three.txt': '2' });
    const { base } = await get(pull);
    expect((await merge('walt', pull, { Do: 'rebase' })).status).toBe(200);
    const commits = (await team.api('rita', 'GET', `${repo}/commits?sha=main&limit=2`)).body;
    expect(commits[1].commit.message).toBe('First\n');
    expect(commits[1].parents[0].sha).toBe(base.sha);
    expect(commits[0].commit.author.name).toBe('Wendy');
    const file = await team.api('rita', 'GET', `${repo}/raw/three.txt`);
    expect(file.body).toBe('2');
  });

  it('finds conflicts and refuses them', async () => {
    const pull = await open('four', { 'train.py': 'a = 10\nb = 2\nc = 3\nd = 4\ne = 5\n' });
    const other = await open('five', { 'train.py': 'a = 11\nb = 2\nc = 3\nd = 4\ne = 5\n' });
    expect((await get(other)).mergeable).toBe(true);
    expect((await merge('walt', pull)).status).toBe(200);
    expect((await get(other)).mergeable).toBe(false);
    const refused = await merge('walt', other);
    expect([refused.status, refused.body.message]).toEqual([405, 'Please try again later']);
  });

  it('refuses another head than the one that was looked at', async () => {
    const pull = await open('six', { 'six.txt': '6' });
    const refused = await merge('walt', pull, { Do: 'merge', head_commit_id: '1'.repeat(40) });
    expect([refused.status, refused.body.message]).toEqual([409, 'head out of date']);
  });

  it('deletes the branch where asked to, and the head stays readable', async () => {
    const pull = await open('seven', { 'seven.txt': '7' });
    const { head } = await get(pull);
    await merge('walt', pull, { Do: 'merge', delete_branch_after_merge: true });
    expect((await team.api('rita', 'GET', `${repo}/branches/seven`)).status).toBe(404);
    expect((await get(pull)).head).toMatchObject({
      sha: head.sha,
      ref: `refs/pull/${pull}/head`,
      label: 'seven',
    });
    expect((await team.api('rita', 'GET', `${repo}/contents/seven.txt?ref=${head.sha}`)).status).toBe(200);
  });

  it('is not for readers or drafts', async () => {
    const pull = await open('eight', { 'eight.txt': '8' });
    expect((await merge('rita', pull)).body.message).toBe('User not allowed to merge PR');
    await team.api('wendy', 'PATCH', `${repo}/pulls/${pull}`, { title: 'WIP: eight' });
    expect(await get(pull)).toMatchObject({ draft: true, mergeable: false });
    expect((await merge('walt', pull)).body.message).toBe('Work in progress PRs cannot be merged');
  });
});

describe('a branch rule', () => {
  beforeAll(async () => {
    const { status } = await team.api('ada', 'POST', `${repo}/branch_protections`, {
      rule_name: 'main',
      required_approvals: 1,
      enable_status_check: true,
      status_check_contexts: ['databricks/*'],
      dismiss_stale_approvals: true,
      block_on_rejected_reviews: true,
      enable_merge_whitelist: true,
      merge_whitelist_usernames: ['walt', 'ada'],
      protected_file_patterns: '.gitea/databricks.yml',
    });
    expect(status).toBe(201);
  });
  const pass = async (pull: number, state = 'success') => {
    const { head } = await get(pull);
    await team.api('wendy', 'POST', `${repo}/statuses/${head.sha}`, { state, context: 'databricks/train' });
  };
  const review = (user: string, pull: number, event = 'APPROVED') =>
    team.api(user, 'POST', `${repo}/pulls/${pull}/reviews`, { event, body: 'seen' });
  const refusal = async (user: string, pull: number, body?: object) => {
    const { status, body: answer } = await merge(user, pull, body);
    return status === 405 ? answer.message : status;
  };

  it('wants statuses, then approvals, and then lets go', async () => {
    const pull = await open('nine', { 'nine.txt': '9' });
    expect(await refusal('walt', pull)).toBe('Not all required status checks successful');
    await pass(pull, 'failure');
    expect(await refusal('walt', pull)).toBe('Not all required status checks successful');
    await pass(pull);
    expect(await refusal('walt', pull)).toBe('Does not have enough approvals');
    await review('rita', pull);
    expect(await refusal('walt', pull), "a reader's approval is not official").toBe(
      'Does not have enough approvals',
    );
    await review('walt', pull);
    expect(await refusal('wendy', pull)).toBe('User not allowed to merge PR');
    expect(await refusal('walt', pull)).toBe(200);
  });

  it('forgets approvals of what was pushed over', async () => {
    const pull = await open('ten', { 'ten.txt': '10' });
    expect((await review('walt', pull)).body).toMatchObject({
      official: true,
      stale: false,
      dismissed: false,
    });
    await team.commit('ten', { 'ten.txt': '11' });
    await pass(pull);
    const reviews = (await team.api('rita', 'GET', `${repo}/pulls/${pull}/reviews`)).body;
    expect(reviews[0]).toMatchObject({ stale: true, dismissed: true, state: 'APPROVED' });
    expect(await refusal('walt', pull)).toBe('Does not have enough approvals');
  });

  it('keeps approvals when a push leaves the change alone', async () => {
    const pull = await open('eleven', { 'eleven.txt': '11' });
    await review('walt', pull);
    const before = (await get(pull)).head.sha;
    await team.git(team.work, 'commit', '--quiet', '--amend', '-m', 'Better words');
    await team.git(team.work, 'push', '--quiet', '--force', 'origin', 'eleven');
    expect((await get(pull)).head.sha).not.toBe(before);
    const [kept] = (await team.api('rita', 'GET', `${repo}/pulls/${pull}/reviews`)).body;
    expect(kept).toMatchObject({ stale: false, dismissed: false, commit_id: before });
  });

  it('heeds a rejection until its author takes it back', async () => {
    const pull = await open('twelve', { 'twelve.txt': '12' });
    await pass(pull);
    await review('walt', pull);
    await review('ada', pull, 'REQUEST_CHANGES');
    expect(await refusal('walt', pull)).toBe('There are requested changes');
    await review('ada', pull);
    expect(await refusal('walt', pull)).toBe(200);
  });

  it('yields to an admin who forces it, and to nobody else', async () => {
    const pull = await open('thirteen', { '.gitea/databricks.yml': 'version: 1\n' });
    const force = { Do: 'merge', force_merge: true };
    expect(await refusal('walt', pull, force)).toBe('Not all required status checks successful');
    await pass(pull);
    await review('walt', pull);
    expect(await refusal('walt', pull)).toBe('Changed protected files');
    expect(await refusal('ada', pull)).toBe('Changed protected files');
    expect(await refusal('ada', pull, force)).toBe(200);
  });

  it('says in short to non-admins what it demands', async () => {
    const { body } = await team.api('wendy', 'GET', `${repo}/branches/main`);
    expect(body).toMatchObject({
      protected: true,
      required_approvals: 1,
      status_check_contexts: ['databricks/*'],
      user_can_merge: false,
      user_can_push: false,
      effective_branch_protection_name: '',
    });
    expect((await team.api('walt', 'GET', `${repo}/branches/main`)).body.user_can_merge).toBe(true);
  });

  it('without a merge allow-list says user_can_merge to every writer, as the real one does', async () => {
    await team.api('ada', 'PATCH', `${repo}/branch_protections/main`, { enable_merge_whitelist: false });
    expect((await team.api('wendy', 'GET', `${repo}/branches/main`)).body.user_can_merge).toBe(true);
    expect((await team.api('rita', 'GET', `${repo}/branches/main`)).body.user_can_merge).toBe(false);
  });

  it('nobody approves their own pull request', async () => {
    const pull = await open('fourteen', { 'fourteen.txt': '14' });
    const { status, body } = await review('wendy', pull);
    expect([status, body.message]).toEqual([422, 'approve your own pull is not allowed']);
  });
});
