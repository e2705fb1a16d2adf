import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { safeRedirect } from '../../../../src/emulator/gitea/pages/redirect-target.ts';
import { defaultRule } from '../../../../src/emulator/gitea/protection/rules.ts';
import type { ForgeStory } from './forge-story.ts';
import { password, startForgeStory } from './forge-story.ts';

const pullPath = '/ml/wine-quality/pulls/1';

describe('what people do in the pages', () => {
  let story: ForgeStory;
  beforeAll(async () => {
    story = await startForgeStory();
  });
  afterAll(() => story?.close());
  const pull = () => story.forge.context.store.pulls.get(story.pull.id)!;

  it('signs in, goes where it was asked to, and signs out', async () => {
    const form = { user_name: 'wendy', password, redirect_to: '/ml/wine-quality?tab=databricks' };
    const answer = await story.post('/user/login', form);
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/ml/wine-quality?tab=databricks']);
    expect(answer.headers.get('set-cookie')).toMatch(
      /^i_like_gitea=[\da-f]{32}; Path=\/; HttpOnly; SameSite=Lax/,
    );
    const wrong = await story.post('/user/login', { ...form, password: 'guess' });
    expect(wrong.headers.get('set-cookie')).toBeNull();
    expect(await wrong.text()).toContain('Username or password is incorrect.');
    const cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? '';
    const out = await story.post('/user/logout', {}, undefined, { cookie });
    expect(out.headers.get('set-cookie')).toContain('Max-Age=0');
  });

  it.each([
    ['//evil.example', '/'],
    ['/\\evil.example', '/'],
    ['https://evil.example/', '/'],
    ['/\t/evil.example', '/'],
    ['javascript:alert(1)', '/'],
    [undefined, '/'],
    ['/login/oauth/authorize?client_id=a&state=b', '/login/oauth/authorize?client_id=a&state=b'],
  ])('redirects %s to %s', (target, expected) => expect(safeRedirect(target, '')).toBe(expected));

  it('shows nothing of a private repository to others', async () => {
    for (const path of [
      '',
      '/pulls',
      '/pulls/1',
      '/pulls/1/files',
      '/commits/branch/main',
      '/watchers',
      '/compare/main...fewer-trees',
    ]) {
      const { status, html } = await story.get(`/ml/wine-quality${path}`);
      expect([path, status]).toEqual([path, 404]);
      expect(html).not.toContain('Use fewer trees');
    }
    expect((await story.get('/')).html).not.toContain('wine-quality');
    expect((await story.get('/ml')).html).not.toContain('wine-quality');
  });

  it('refuses requests from other origins, before anything happens', async () => {
    const form = { content: 'forged' };
    const path = '/ml/wine-quality/issues/1/comments';
    const count = () => story.forge.context.store.comments.count({ pullId: story.pull.id });
    const before = count();
    for (const headers of [
      { 'sec-fetch-site': 'cross-site', origin: 'http://evil.example' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'http://evil.example' },
      { origin: 'null' },
    ]) {
      expect((await story.post(path, form, 'wendy', headers as Record<string, string>)).status).toBe(403);
    }
    expect(count()).toBe(before);
    expect((await story.post(path, form, 'wendy', { origin: story.base })).status).toBe(303);
    expect(count()).toBe(before + 1);
  });

  it('sends nobody without a session to act', async () => {
    const answer = await story.post('/ml/wine-quality/issues/1/comments', { content: 'hello' });
    expect(answer.headers.get('location')).toBe('/user/login?redirect_to=%2F');
  });

  it('comments, reviews, closes and reopens', async () => {
    const comment = await story.post('/ml/wine-quality/issues/1/comments', { content: 'A thought' }, 'rita');
    expect(comment.headers.get('location')).toMatch(/\/pulls\/1#issuecomment-\d+$/);
    const empty = await story.post('/ml/wine-quality/issues/1/comments', { content: ' ' }, 'rita');
    expect(empty.status).toBe(422);
    await story.post('/ml/wine-quality/issues/1/comments', { content: '', status: 'close' }, 'wendy');
    expect(pull().state).toBe('closed');
    await story.post('/ml/wine-quality/issues/1/comments', { content: '', status: 'reopen' }, 'wendy');
    expect(pull().state).toBe('open');
    const own = await story.post(
      `${pullPath}/files/reviews/submit`,
      { type: 'approve', content: '' },
      'wendy',
    );
    expect(own.status).toBe(422);
    await story.post(`${pullPath}/files/reviews/submit`, { type: 'approve', content: 'Good' }, 'ada');
    const { html } = await story.get(pullPath, 'rita');
    expect(html).toContain('approved these changes');
    expect(html).toContain('reopened this pull request');
  });

  it('says why a pull request cannot be merged, and merges it when it can', async () => {
    const { context } = story.forge;
    const protection = context.store.protections.insert({
      repositoryId: story.repository.id,
      ruleName: 'main',
      priority: 0,
      rule: {
        ...defaultRule,
        required_approvals: 2,
        enable_status_check: true,
        status_check_contexts: ['databricks/*', 'lint'],
      },
      created: 1,
      updated: 1,
    });
    const { html } = await story.get(pullPath, 'wendy');
    expect(html).toContain('doesn&#39;t have enough required approvals yet. ');
    expect(html).toContain('Some required checks are missing or were not successful.');
    expect(html).toMatch(/databricks\/train[\s\S]*<div class="ui label">Required<\/div>/);
    expect(html).toMatch(/lint <span class="text light-2">Waiting for status to be reported/);
    expect(html).toMatch(/merge-open" type="button" disabled/);
    const refused = await story.post(`${pullPath}/merge`, { do: 'merge' }, 'wendy');
    expect(refused.status).toBe(405);
    expect(pull().isMerged).toBe(false);
    const reader = await story.get(pullPath, 'rita');
    expect(reader.html).not.toContain('id="pull-request-merge-form"');

    context.store.protections.remove({ id: protection.id });
    const form = {
      do: 'squash',
      merge_title_field: 'Fewer trees',
      merge_message_field: 'Why\r\nnot',
      head_commit_id: pull().headSha,
    };
    const merged = await story.post(`${pullPath}/merge`, form, 'wendy');
    expect(merged.headers.get('location')).toBe('/ml/wine-quality/pulls/1');
    expect(pull().isMerged).toBe(true);
    const page = (await story.get(pullPath, 'wendy')).html;
    expect(page).toContain('ui purple label issue-state-label');
    // The branch is still there for its writers to delete; then, and for readers, nothing stands there any more.
    expect(page).toMatch(/timeline-item comment pull-merge-box[\s\S]*data-url="[^"]*\/pulls\/1\/cleanup"/);
    expect(page).not.toContain('id="pull-request-merge-form"');
    expect((await story.get(pullPath, 'rita')).html).not.toContain('pull-merge-box');
    expect((await story.post(`${pullPath}/cleanup`, {}, 'wendy')).status).toBe(303);
    expect((await story.get(pullPath, 'wendy')).html).not.toContain('pull-merge-box');
    expect((await story.get('/ml/wine-quality', 'wendy')).html).toContain('Fewer trees');
  });

  it('lets repository admins alone change the topics', async () => {
    const form = { topics: 'wine databricks' };
    expect((await story.post('/ml/wine-quality/settings', form, 'wendy')).status).toBe(404);
    expect((await story.post('/ml/wine-quality/settings', { topics: 'Not_good' }, 'ada')).status).toBe(422);
    expect((await story.post('/ml/wine-quality/settings', form, 'ada')).status).toBe(303);
    expect((await story.get('/ml/wine-quality', 'wendy')).html).toContain('>databricks</a>');
  });

  it('serves custom assets first, cached and uncompressed, and nothing outside them', async () => {
    mkdirSync(join(story.customDir, 'public/assets/databricks'), { recursive: true });
    writeFileSync(join(story.customDir, 'public/assets/databricks/main.js'), 'export {};\n');
    const script = await story.get('/assets/databricks/main.js');
    expect([script.status, script.html]).toEqual([200, 'export {};\n']);
    expect(script.headers.get('cache-control')).toBe('public, max-age=21600');
    expect(script.headers.get('content-type')).toMatch(/javascript/);
    expect(script.headers.get('content-encoding')).toBeNull();
    expect(script.headers.get('last-modified')).not.toBeNull();
    for (const path of [
      '/assets/..%2f..%2ftemplates%2fcustom%2fheader.tmpl',
      '/assets/%2e%2e/routes.ts',
      '/assets/',
    ]) {
      expect((await story.get(path)).status).toBe(404);
    }
  });

  it('never serves a file of a repository as a page', async () => {
    const raw = await story.get('/ml/wine-quality/raw/branch/main/docs/data.md', 'wendy');
    expect(raw.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(raw.headers.get('content-security-policy')).toContain('sandbox');
  });
});
