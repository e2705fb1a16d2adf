/** Our templates in Gitea's own pages, for everybody who may come: bodies are read, since a broken page answers 200. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContext } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import { openBrowser } from '../browser/open-browser.ts';
import { api, createPerson, createRepository, createTeam, giteaUrl, openPull } from './gitea-api.ts';
import { contextOf } from './one-browser.ts';

const viewers = ['ada', 'pw', 'pr', 'issues-only', 'outsider', 'nobody'] as const;
type Viewer = (typeof viewers)[number];

const log = join(inject('demo').dir, 'gitea', 'gitea.log');
let browser: Browser;
const contexts = new Map<Viewer, BrowserContext>();
let commit: string;
let loggedBefore: number;

beforeAll(async () => {
  loggedBefore = readFileSync(log).length;
  browser = await openBrowser();
  await api('ada', 'POST', 'orgs', { username: 'pages', visibility: 'public' });
  for (const name of ['pw', 'pr', 'issues-only', 'outsider']) await createPerson(name);
  const all = ['repo.code', 'repo.issues', 'repo.pulls'];
  const units = (level: 'read' | 'write') => Object.fromEntries(all.map((unit) => [unit, level]));
  await createTeam('pages', 'writers', units('write'), 'pw');
  await createTeam('pages', 'readers', units('read'), 'pr');
  await createTeam('pages', 'issues', { 'repo.issues': 'read' }, 'issues-only');
  for (const name of ['bound', 'archived', 'empty', 'public', 'plain']) {
    await createRepository(`pages/${name}`, {
      private: name !== 'public' && name !== 'plain',
      empty: name === 'empty',
      topic: name !== 'plain',
    });
  }
  for (const name of ['bound', 'public', 'plain']) {
    await api('ada', 'POST', `repos/pages/${name}/issues`, { title: 'An issue' });
    ({ sha: commit } = await openPull('ada', `pages/${name}`, 'candidate'));
    const { number } = await openPull('ada', `pages/${name}`, 'merged');
    const mergeable = async () => (await api('ada', 'GET', `repos/pages/${name}/pulls/${number}`)).mergeable;
    await vi.waitUntil(mergeable, { timeout: 60_000, interval: 200 });
    await api('ada', 'POST', `repos/pages/${name}/pulls/${number}/merge`, { Do: 'merge' });
    await api('ada', 'POST', `repos/pages/${name}/contents/data/notes.txt`, {
      content: Buffer.from('notes\n').toString('base64'),
      message: 'Add a folder',
    });
  }
  commit = (await api('ada', 'GET', 'repos/pages/bound/branches/main')).commit.id;
  await api('ada', 'PATCH', 'repos/pages/archived', { archived: true });
  for (const viewer of viewers)
    contexts.set(viewer, await contextOf(browser, viewer === 'nobody' ? '' : viewer));
});
afterAll(() => browser?.close());

interface Shown {
  status: number;
  /** Whether it ended at the address that was asked for. */
  stayed: boolean;
  text: string;
  /** `data-page` of our context; null where we are not on the page. */
  page: string | null;
  tab: boolean;
  script: boolean;
}

async function open(viewer: Viewer, path: string): Promise<Shown> {
  const response = await contexts.get(viewer)!.request.get(`${giteaUrl}${path}`);
  const text = await response.text();
  return {
    status: response.status(),
    stayed: response.url() === `${giteaUrl}${path}`,
    text,
    page: /id="databricks-context"[^>]*?data-page="([^"]*)"/s.exec(text)?.[1] ?? null,
    tab: /data-databricks-tab/.test(text),
    script: /<script[^>]+\/databricks\/panel\.js/.test(text),
  };
}

/** Pages of a repository that is shown, and what we are on each of them. */
const repositoryPages: Record<string, string | null> = {
  '': 'code',
  '?tab=databricks': 'tab',
  '?tab=databricks&x=%3Cb%3E': 'tab',
  '/src/branch/main/data': null,
  '/src/branch/main/README.md': null,
  '/commits/branch/main': null,
  '/branches': null,
  '/issues': null,
  '/issues/1': null,
  '/pulls': null,
  '/pulls/2': 'pull-conversation',
  '/pulls/2/commits': 'pull-commits',
  '/pulls/2/files': 'pull-files',
  '/pulls/3': 'pull-conversation',
  '/activity': null,
  '/watchers?tab=databricks': 'tab',
};
const elsewhere = [
  'user/login',
  'user/login?redirect_to=%2fpages%2fbound%3ftab=databricks',
  'explore/repos',
  'explore/repos?tab=databricks',
  'explore/users',
  'explore/organizations',
  'pages',
  'pages?tab=databricks',
  'ada',
  'ada?tab=databricks',
  'issues',
  'pulls',
  'notifications',
  'user/settings',
  'repo/create',
  'no/such-repository',
  'no-such-page?tab=databricks',
];
const ofAdministrators = ['/settings', '/settings/hooks', '/settings/branches', '/settings/collaboration'];

/** What Go's templates leave where they fail: the words of the error, a missing value, a value out of place. */
const broken = /<no value>|ZgotmplZ|can't evaluate field|error calling|template: [\w/]+:\d+/;

/** In the repository settings of Gitea 1.22.0 itself. */
const ownFault = /<option value="(read|write)" ZgotmplZ>/g;

function expectWhole(what: string, { status, text }: Shown): void {
  expect(status, what).toBeLessThan(500);
  const found = broken.exec(text.replaceAll(ownFault, ''));
  const around = found && text.slice(Math.max(0, found.index - 200), found.index + 100);
  expect([what, around]).toEqual([what, null]);
  // Not always last: some pages put dialogs behind it.
  if (/<html/.test(text))
    expect(text.includes('</html>'), `${what} ends with ${text.slice(-300)}`).toBe(true);
}

describe.each(viewers)('for %s', (viewer) => {
  const readsPrivate = ['ada', 'pw', 'pr'].includes(viewer);

  test.each([
    ['bound', readsPrivate],
    ['public', true],
  ])('the pages of pages/%s are whole, and the panel is where it belongs', async (name, readable) => {
    for (const [suffix, expected] of Object.entries(repositoryPages)) {
      const path = `pages/${name}${suffix}`;
      const shown = await open(viewer, path);
      expectWhole(path, shown);
      if (!readable || !shown.stayed || shown.status !== 200) continue;
      expect([path, shown.page]).toEqual([path, expected]);
      expect([path, shown.tab, shown.script]).toEqual([path, true, expected !== null]);
    }
    const { status } = await open(viewer, `pages/${name}?tab=databricks`);
    // Who sees issues only is sent on to them.
    if (viewer !== 'issues-only') expect(status).toBe(readable ? 200 : 404);
  });

  test('a repository without the topic has nothing of ours', async () => {
    for (const suffix of Object.keys(repositoryPages)) {
      const shown = await open(viewer, `pages/plain${suffix}`);
      expectWhole(`pages/plain${suffix}`, shown);
      expect([suffix, shown.page, shown.tab, shown.script]).toEqual([suffix, null, false, false]);
    }
  });

  test('empty and archived repositories are whole, with the tab', async () => {
    for (const path of [
      'pages/empty',
      'pages/empty?tab=databricks',
      'pages/archived',
      'pages/archived?tab=databricks',
    ]) {
      const shown = await open(viewer, path);
      expectWhole(path, shown);
      if (readsPrivate) {
        expect([path, shown.status, shown.tab]).toEqual([path, 200, true]);
        expect([path, shown.page]).toEqual([path, path.includes('tab=') ? 'tab' : 'code']);
      }
    }
  });

  test('all other pages are whole, and have nothing of ours', async () => {
    for (const path of [
      ...elsewhere,
      'user/settings/applications',
      'org/create',
      `pages/plain/commit/${commit}`,
    ]) {
      const shown = await open(viewer, path);
      expectWhole(path, shown);
      if (shown.stayed)
        expect([path, shown.page, shown.tab, shown.script]).toEqual([path, null, false, false]);
    }
    const shown = await open(viewer, `pages/bound/commit/${commit}`);
    expectWhole('commit', shown);
    expect([shown.page, shown.tab]).toEqual([null, readsPrivate]);
  });

  test('settings are whole for who may see them', async () => {
    for (const suffix of ofAdministrators) {
      const shown = await open(viewer, `pages/bound${suffix}`);
      expectWhole(suffix, shown);
      expect([suffix, shown.page, shown.script]).toEqual([suffix, null, false]);
      expect([suffix, shown.tab]).toEqual([suffix, viewer === 'ada']);
    }
  });
});

test('a page says who looks at it and where, escaped', async () => {
  const { text } = await open('pw', 'pages/bound/pulls/2');
  const { id } = await api('ada', 'GET', 'repos/pages/bound');
  const { id: user } = await api('pw', 'GET', 'user');
  for (const attribute of [
    `data-repository="${id}"`,
    'data-repository-name="pages/bound"',
    'data-default-branch="main"',
    'data-pull="2"',
    `data-user="${user}"`,
    'data-can-write="true"',
    'data-base="/-/databricks/"',
  ]) {
    expect(text).toContain(attribute);
  }
  expect((await open('nobody', 'pages/public/pulls/2')).text).toContain('data-user=""');
  expect((await open('pr', 'pages/bound')).text).toContain('data-can-write="false"');
});

test('Gitea complained of no template while all of this was read', () => {
  const said = readFileSync(log).subarray(loggedBefore).toString('utf8');
  const complaints = said
    .split('\n')
    .filter((line) => / \[[EFC]\] /.test(line) && /template|render/i.test(line));
  expect(complaints).toEqual([]);
});
