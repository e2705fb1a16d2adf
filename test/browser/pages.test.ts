/** Who sees what on which of Gitea's pages, with the real backend: on most of them nothing is loaded at all. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { RunningDemo } from '../../src/demo/run-demo.ts';
import { runDemo } from '../../src/demo/run-demo.ts';
import { freePort } from '../free-port.ts';
import { giveConsent, signIn } from './gitea-page.ts';
import { openBrowser } from './open-browser.ts';
import { pushChange } from './push.ts';
import type { PageNotes } from './watch-page.ts';
import { watchPage } from './watch-page.ts';

let folder: string;
let demo: RunningDemo;
let browser: Browser;
let context: BrowserContext | undefined;

const user = (name: string) => demo.demo.users.find((one) => one.name === name)!;

/** A call to Gitea's API in ada's name, who administers it. */
async function gitea(method: string, path: string, body?: object): Promise<void> {
  const credentials = Buffer.from(`ada:${user('ada').password}`).toString('base64');
  const answer = await fetch(`${demo.url}api/v1/${path}`, {
    method,
    headers: { authorization: `Basic ${credentials}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
}

/** A repository of ada's with a pull request 1. */
async function repositoryWithPull(name: string): Promise<void> {
  await gitea('POST', 'user/repos', { name, auto_init: true, default_branch: 'main' });
  await pushChange({
    url: `${demo.url}ada/${name}.git`,
    user: user('ada'),
    branch: 'change',
    file: 'README.md',
    message: 'Say more',
    change: (text) => `${text}\nMore.\n`,
  });
  await gitea('POST', `repos/ada/${name}/pulls`, { head: 'change', base: 'main', title: 'Say more' });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pages-'));
  [browser, demo] = await Promise.all([
    openBrowser(),
    runDemo(
      resolve('.'),
      {
        port: await freePort(),
        fresh: false,
        dataDir: join(folder, 'demo'),
        pythonCacheDir: join(folder, 'python'),
        gitea: '1.27',
        help: false,
      },
      { line: () => undefined, warn: (text) => console.warn(text) },
    ),
  ]);
  await repositoryWithPull('plain');
  await repositoryWithPull('unbound');
  await gitea('PUT', 'repos/ada/unbound/topics/databricks');
  // Everybody may read the bound repository. A push makes the backend know it; without a configuration nothing trains.
  await gitea('PATCH', 'repos/ml/wine', { private: false });
  await pushChange({
    url: `${demo.url}ml/wine.git`,
    user: user('ada'),
    branch: 'main',
    file: 'README.md',
    message: 'Begin',
    change: () => '# Wine\n',
  });
});
afterAll(async () => {
  await browser?.close();
  await demo?.close();
  if (folder) await rm(folder, { recursive: true, force: true });
});
afterEach(async () => {
  await context?.close();
  context = undefined;
});

/** A window of its own, for somebody who is signed in to Gitea, or for nobody. */
async function pageOf(name: string | null): Promise<{ page: Page; notes: PageNotes }> {
  context = await browser.newContext({ locale: 'en-US' });
  const page = await context.newPage();
  if (name !== null) await signIn(page, demo.url, user(name));
  return { page, notes: await watchPage(page) };
}

/** What was asked of the backend. */
const asked = (notes: PageNotes) => notes.ours().filter((path) => path.startsWith('/-/'));

describe('pages where there is nothing to show load nothing', () => {
  const ofGitea = ['', 'explore/repos', 'user/login', 'ada', 'ml', 'nobody/nothing'];
  const withoutTopic = ['', '?tab=databricks', '/pulls', '/pulls/1', '/pulls/1/commits', '/pulls/1/files'];
  const withTopic = [
    '/settings',
    '/commits/branch/main',
    '/pulls',
    '/src/branch/main/README.md',
    '/watchers',
  ];
  const paths = [
    ...ofGitea,
    ...withoutTopic.map((path) => `ada/plain${path}`),
    ...withTopic.map((path) => `ada/unbound${path}`),
  ];

  test.each([
    ['who is signed in', 'ada'],
    ['who is not', null],
  ])('for somebody %s', async (_who, name) => {
    const { page, notes } = await pageOf(name);
    for (const path of paths) {
      await page.goto(`${demo.url}${path}`);
      const traces = '#databricks-context, script[src*="/databricks/"], .dbx, .dbx-page, style:text("dbx")';
      expect(await page.locator(traces).count(), path).toBe(0);
    }
    await page.waitForLoadState('networkidle');
    expect(notes.ours()).toEqual([]);
    // A page that is not there, or not for everybody, answers 404 as Gitea does.
    expect(notes.complaints.filter((text) => !text.includes('404'))).toEqual([]);
  });
});

describe('somebody who is not signed in to Gitea', () => {
  test.each([
    ['?tab=databricks', '#dbx-root', 'to see runs, models and releases'],
    ['/pulls/1', '#databricks', 'to see how this pull request trains'],
  ])('is led to sign in and back on %s, and the backend is not asked', async (path, place, purpose) => {
    const { page, notes } = await pageOf(null);
    const repository = path.startsWith('?') ? 'ml/wine' : 'ada/unbound';
    await page.goto(`${demo.url}${repository}${path}`);
    const ours = page.locator(place);
    await ours.getByText(purpose).waitFor();
    await page.waitForLoadState('networkidle');
    expect(asked(notes)).toEqual([]);
    expect(notes.complaints).toEqual([]);

    await ours.getByRole('link', { name: 'Sign in' }).click();
    await page.fill('input[name=user_name]', 'rita');
    await page.fill('input[name=password]', user('rita').password);
    await page.press('input[name=password]', 'Enter');
    await page.waitForURL(`${demo.url}${repository}${path}`);
  });

  test('sees no empty part on the pages where the panel adds a line', async () => {
    const { page, notes } = await pageOf(null);
    for (const path of ['ada/unbound', 'ada/unbound/pulls/1/files', 'ada/unbound/pulls/1/commits']) {
      await page.goto(`${demo.url}${path}`);
      await page.waitForLoadState('networkidle');
      const heights = await page.locator('.dbx').evaluateAll((all) => all.map((one) => one.clientHeight));
      expect(
        heights.filter((height) => height > 0),
        path,
      ).toEqual([]);
    }
    expect(asked(notes)).toEqual([]);
    expect(notes.complaints).toEqual([]);
  });
});

describe('somebody who may read', () => {
  test('is asked once, then sees the tab, and is told who may see the audit log', async () => {
    const { page, notes } = await pageOf('rita');
    await page.goto(`${demo.url}ml/wine?tab=databricks`);
    await page.getByRole('button', { name: 'Continue with Gitea' }).waitFor();
    await expect.poll(() => notes.requests.at(-1)).toBe('/login/oauth/authorize');
    // Until then each thing is asked for once, and nothing is listened to that would be refused.
    const before = asked(notes);
    expect(before.filter((path) => path.endsWith('/events'))).toEqual([]);
    expect(before.filter((path) => path.endsWith('/auth/start'))).toHaveLength(1);

    await giveConsent(page);
    await page.getByText('Nothing yet', { exact: true }).waitFor();
    await page.getByText('No runs yet').waitFor();
    const sections = page.getByRole('navigation', { name: 'Databricks' });
    await sections.getByRole('link', { name: /Audit/ }).click();
    await page.getByText(/write/i).first().waitFor();

    // The next page needs neither consent nor a new session.
    const seen = notes.ours().length;
    await page.goto(`${demo.url}ml/wine?tab=databricks#/models`);
    await page.reload();
    await page.getByText(/has no versions yet/).waitFor();
    expect(
      notes
        .ours()
        .slice(seen)
        .filter((path) => path.includes('/auth/')),
    ).toEqual([]);
    expect(notes.complaints.filter((text) => !/40[13]/.test(text))).toEqual([]);
  });
});

describe('a repository with the topic that no administrator bound', () => {
  test('says so on the tab, and shows no box', async () => {
    const { page, notes } = await pageOf('ada');
    await page.goto(`${demo.url}ada/unbound?tab=databricks`);
    await giveConsent(page);
    await page.getByText('This repository is not connected to Databricks').waitFor();

    await page.goto(`${demo.url}ada/unbound/pulls/1`);
    await expect.poll(() => asked(notes).filter((path) => path.endsWith('/pulls/1'))).toHaveLength(1);
    await expect.poll(() => page.locator('#databricks').isVisible()).toBe(false);
    expect(asked(notes).filter((path) => path.endsWith('/events'))).toEqual([]);
  });
});
