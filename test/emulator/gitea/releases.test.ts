/** What each release must look like, said here once more and without the emulator's own table. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Document } from 'happy-dom';
import { Window } from 'happy-dom';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ForgeVersion } from '../../../src/emulator/gitea/releases.ts';
import { forgeVersions, releases, releaseTitle } from '../../../src/emulator/gitea/releases.ts';
import type { ForgeStory } from './pages/forge-story.ts';
import { password, startForgeStory } from './pages/forge-story.ts';

const older = '.issue-content > .issue-content-left.comment-list > .ui.timeline';
const newer = '.issue-content > .issue-content-left > .comment-list';
const tabs =
  '.secondary-nav > .ui.container > overflow-menu.ui.secondary.pointing.menu > .overflow-menu-items';
const listed = '.repo-home-sidebar-bottom > .flex-list > .flex-item > .flex-item-main > .flex-item-title';
const targetType = ['X-GitHub-Hook-Installation-Target-Type', 'X-Gitea-Hook-Installation-Target-Type'];

interface Expected {
  version: RegExp;
  issuer: 'http://127.0.0.1:3030' | 'http://127.0.0.1:3030/';
  /** Selectors that are there once, and others that are nowhere. */
  pull: string[];
  notInPull: string[];
  home: string[];
  notInHome: string[];
  /** Fields of a repository that not every release shows. */
  fields: string[];
  headers: string[];
  /** Whether an OAuth token that was asked for reading users may write. */
  tokenMayWrite: boolean;
  /** `.CurrentURL`, `ctx._req`, `ctx.Consts`, `ctx.CspScriptNonce`. */
  templates: [currentUrl: boolean, request: boolean, constants: boolean, nonce: boolean];
}

const expected: Record<ForgeVersion, Expected> = {
  '1.22': {
    version: /^1\.22\.\d+$/,
    issuer: 'http://127.0.0.1:3030/',
    pull: [`${older} > .first`, `${older} > .timeline-item.comment.merge.box`, 'meta[content="no-referrer"]'],
    notInPull: ['.pull-merge-box', '#timeline-comments-end', 'meta[http-equiv]'],
    home: [tabs, '.ui.container > .repo-description', '.ui.container > #repo-topics'],
    notInHome: ['.repo-home-sidebar-bottom', '.repo-grid-filelist-sidebar'],
    fields: ['projects_mode', 'parent', 'repo_transfer'],
    headers: [],
    tokenMayWrite: true,
    templates: [true, false, true, false],
  },
  '1.23': {
    version: /^1\.23\.\d+$/,
    issuer: 'http://127.0.0.1:3030/',
    pull: [`${older} > .first`, `${older} > .timeline-item.comment.merge.box`, 'meta[content="no-referrer"]'],
    notInPull: ['.pull-merge-box', '#timeline-comments-end', 'meta[http-equiv]'],
    home: [tabs, listed],
    notInHome: ['.repo-home-sidebar-header'],
    fields: ['licenses', 'projects_mode', 'topics', 'parent', 'repo_transfer'],
    headers: [],
    tokenMayWrite: false,
    templates: [true, false, true, false],
  },
  '1.24': {
    version: /^1\.24\.\d+$/,
    issuer: 'http://127.0.0.1:3030/',
    pull: [`${older} > .first`, `${older} > .timeline-item.comment.pull-merge-box[data-global-init]`],
    notInPull: ['.merge.box', '#timeline-comments-end', '[data-pull-merge-box-reloading-interval]'],
    home: [tabs, listed],
    notInHome: ['.repo-home-sidebar-header'],
    fields: ['licenses', 'projects_mode', 'topics'],
    headers: targetType,
    tokenMayWrite: false,
    templates: [true, false, true, false],
  },
  '1.25': {
    version: /^1\.25\.\d+$/,
    issuer: 'http://127.0.0.1:3030',
    pull: [`${older} > .first`, `${older} > .pull-merge-box`, 'meta[content="no-referrer"]'],
    notInPull: ['.merge.box', '#timeline-comments-end', '[data-pull-merge-box-reloading-interval]'],
    home: [tabs, listed],
    notInHome: ['.repo-home-sidebar-header'],
    fields: [
      'has_code',
      'allow_manual_merge',
      'autodetect_manual_merge',
      'licenses',
      'projects_mode',
      'topics',
    ],
    headers: targetType,
    tokenMayWrite: false,
    templates: [true, false, true, false],
  },
  '1.26': {
    version: /^1\.26\.\d+$/,
    issuer: 'http://127.0.0.1:3030',
    pull: [`${older} > .first`, `${older} > .pull-merge-box`, 'meta[content="same-origin"]'],
    notInPull: ['.merge.box', '#timeline-comments-end', '[data-pull-merge-box-reloading-interval]'],
    home: [tabs, listed],
    notInHome: ['.repo-home-sidebar-header'],
    fields: [
      'has_code',
      'allow_manual_merge',
      'autodetect_manual_merge',
      'licenses',
      'projects_mode',
      'topics',
    ],
    headers: targetType,
    tokenMayWrite: false,
    templates: [false, true, true, false],
  },
  '1.27': {
    version: /^1\.27\.\d+$/,
    issuer: 'http://127.0.0.1:3030',
    pull: [
      `${newer} > .issue-content-comment`,
      `${newer} > #timeline-comments-end.timeline-item.tw-hidden + .pull-merge-box`,
      '.pull-merge-box[data-pull-merge-box-reloading-interval="5000"][data-pull-link]',
      'head > meta[http-equiv="Content-Security-Policy"]:first-child',
    ],
    notInPull: ['.merge.box', '.ui.timeline', '.first'],
    home: [
      tabs,
      '.repo-home-sidebar-bottom.flex-relaxed-list > .divider + .repo-home-sidebar-header',
      '.repo-home-sidebar-top.flex-relaxed-list > .flex-relaxed-list > .repo-home-sidebar-header',
    ],
    notInHome: ['.flex-list'],
    fields: [
      ...['has_code', 'allow_manual_merge', 'autodetect_manual_merge', 'licenses', 'projects_mode', 'topics'],
      ...['allow_merge_update', 'default_update_style', 'mirror_last_sync_at', 'branch_count'],
    ],
    headers: targetType,
    tokenMayWrite: false,
    templates: [true, true, true, true],
  },
  'forgejo-11': {
    version: /^11\.0\.\d+\+gitea-1\.22\.0$/,
    issuer: 'http://127.0.0.1:3030/',
    pull: [`${older} > .first`, `${older} > .timeline-item.comment.merge.box`, 'meta[content="no-referrer"]'],
    notInPull: ['.pull-merge-box', '#timeline-comments-end', 'meta[http-equiv]'],
    home: ['.secondary-nav > overflow-menu.ui.container > .overflow-menu-items', '#repo-topics'],
    notInHome: ['.repo-home-sidebar-bottom', tabs],
    fields: ['topics', 'parent', 'repo_transfer', 'globally_editable_wiki', 'default_update_style'],
    headers: ['X-Forgejo-Delivery', 'X-Forgejo-Event', 'X-Forgejo-Event-Type', 'X-Forgejo-Signature'],
    tokenMayWrite: false,
    templates: [true, false, false, false],
  },
};
const varyingFields = [...new Set(Object.values(expected).flatMap(({ fields }) => fields))];
const varyingHeaders = [...new Set(Object.values(expected).flatMap(({ headers }) => headers))];

function parse(markup: string): Document {
  const window = new Window({ settings: { disableJavaScriptEvaluation: true, disableCSSFileLoading: true } });
  window.document.write(markup.replace(/<script[\s\S]*?<\/script>/g, ''));
  return window.document;
}

type Api = (path: string, init?: RequestInit, authorization?: string) => Promise<Response>;

/** The code flow of a confidential client that asks to read only. */
async function signIn(story: ForgeStory, api: Api): Promise<{ access_token: string; id_token: string }> {
  const redirect_uri = 'http://127.0.0.1:9/callback';
  const made = await api('/user/applications/oauth2', {
    method: 'POST',
    body: JSON.stringify({ name: 'Panel', redirect_uris: [redirect_uri], confidential_client: true }),
  });
  const { client_id, client_secret } = (await made.json()) as Record<string, string>;
  const asked = {
    client_id,
    redirect_uri,
    scope: 'openid read:user read:repository',
    state: 's',
    nonce: 'n',
  };
  const authorize = new URLSearchParams({ ...asked, response_type: 'code' } as Record<string, string>);
  expect((await story.get(`/login/oauth/authorize?${authorize}`, 'wendy')).status).toBe(200);
  const form = { ...asked, granted: 'true' } as Record<string, string>;
  const granted = await story.post('/login/oauth/grant', form, 'wendy', { 'sec-fetch-site': 'same-origin' });
  const code = new URL(granted.headers.get('location') ?? '').searchParams.get('code') ?? '';
  const exchange = { grant_type: 'authorization_code', code, client_id, client_secret, redirect_uri };
  const answer = await fetch(`${story.base}/login/oauth/access_token`, {
    method: 'POST',
    body: new URLSearchParams(exchange as Record<string, string>),
  });
  expect(answer.status).toBe(200);
  return (await answer.json()) as { access_token: string; id_token: string };
}

it('one release was recorded, and the names of the others say that they were not', () => {
  expect(forgeVersions.filter((version) => releases[version].isRecorded)).toEqual(['1.26']);
  expect(forgeVersions.map(releaseTitle)).toEqual([
    ...['1.22', '1.23', '1.24', '1.25'].map((version) => `Gitea ${version} (no recording)`),
    'Gitea 1.26',
    'Gitea 1.27 (no recording)',
    'Forgejo 11 (no recording)',
  ]);
});

it('the differences stand in the table alone: nothing else compares versions', () => {
  const root = join(import.meta.dirname, '../../../src/emulator/gitea');
  const compares = (file: string) =>
    /\b(version|release\.name)\s*[!=]==|['"](1\.2[2-57]|forgejo-11)['"]/.test(
      readFileSync(join(root, file), 'utf8'),
    );
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  expect(files.filter(compares)).toEqual(['releases.ts']);
});

describe.each(forgeVersions.map((version) => ({ version, title: releaseTitle(version) })))(
  '$title',
  ({ version }) => {
    const release = expected[version];
    let story: ForgeStory;
    beforeAll(async () => {
      story = await startForgeStory(version);
    });
    afterAll(() => story?.close());
    const api: Api = async (path, init = {}, authorization) => {
      const basic = `Basic ${Buffer.from(`wendy:${password}`).toString('base64')}`;
      const headers = { authorization: authorization ?? basic, 'content-type': 'application/json' };
      return fetch(`${story.base}/api/v1${path}`, { headers, ...init });
    };
    const counts = (document: Document, selectors: readonly string[]) =>
      Object.fromEntries(selectors.map((one) => [one, document.querySelectorAll(one).length]));
    const all = (selectors: readonly string[], count: number) =>
      Object.fromEntries(selectors.map((one) => [one, count]));

    it('has its own anchors in the pages', async () => {
      const pull = parse((await story.get('/ml/wine-quality/pulls/1', 'wendy')).html);
      expect(counts(pull, release.pull)).toEqual(all(release.pull, 1));
      expect(counts(pull, release.notInPull)).toEqual(all(release.notInPull, 0));
      const home = parse((await story.get('/ml/wine-quality', 'wendy')).html);
      expect(Object.values(counts(home, release.home)).every((count) => count >= 1)).toBe(true);
      expect(counts(home, release.notInHome)).toEqual(all(release.notInHome, 0));
      expect((await story.get('/ml/wine-quality/pulls/1/merge_box', 'wendy')).html).toMatch(
        /^<div class="timeline-item comment (pull-merge-box|merge box)"/,
      );
    });

    it('says its version, its issuer and the fields that it has', async () => {
      const version = (await (await api('/version')).json()) as { version: string };
      expect(version.version).toMatch(release.version);
      const discovery = await fetch(`${story.base}/.well-known/openid-configuration`);
      expect(await discovery.json()).toMatchObject({
        issuer: release.issuer,
        token_endpoint: 'http://127.0.0.1:3030/login/oauth/access_token',
      });
      const repository = (await (await api('/repos/ml/wine-quality')).json()) as object;
      expect(varyingFields.filter((field) => field in repository).sort()).toEqual([...release.fields].sort());
      if ('branch_count' in repository) expect(repository.branch_count).toBe(2);
    });

    it('signs people in under its issuer, with a token that may do what the release lets it', async () => {
      const tokens = await signIn(story, api);
      expect(decodeJwt(tokens.id_token)).toMatchObject({
        iss: release.issuer,
        sub: String(story.users.wendy.id),
      });
      const bearer = `Bearer ${tokens.access_token}`;
      expect((await api('/user', {}, bearer)).status).toBe(200);
      const written = await api('/user/repos', { method: 'POST', body: '{"name":"new"}' }, bearer);
      expect(written.status).toBe(release.tokenMayWrite ? 201 : 403);
    });

    it('sends the headers that it has with a delivery', async () => {
      const { context } = story.forge;
      const hook = context.store.hooks.insert({
        repositoryId: story.repository.id,
        kind: 'gitea',
        url: 'http://127.0.0.1:9/nobody',
        contentType: 'json',
        secret: 'webhook-secret',
        events: ['push'],
        branchFilter: '',
        authorizationHeader: '',
        isActive: true,
        created: 1,
        updated: 1,
      });
      const { requestHeaders } = context.webhooks.enqueue(hook, 'push', 'push', '{}');
      expect(varyingHeaders.filter((name) => name in requestHeaders)).toEqual(release.headers);
      expect(requestHeaders['X-Gitea-Signature']).toMatch(/^[0-9a-f]{64}$/);
      await story.forge.webhooksSent();
    });

    it('gives templates what it has', async () => {
      story.hook(
        'header',
        '<meta name="probe" content="{{if .CurrentURL}}true{{else}}false{{end}} {{if ctx._req}}true{{else}}false{{end}} {{if ctx.Consts}}true{{else}}false{{end}} {{if ctx.CspScriptNonce}}true{{else}}false{{end}}">',
      );
      const { html } = await story.get('/ml/wine-quality', 'wendy');
      story.hook('header', undefined);
      expect(/name="probe" content="([^"]*)"/.exec(html)?.[1]).toBe(release.templates.join(' '));
    });
  },
);
