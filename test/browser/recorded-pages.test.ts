/**
 * The panel in pages that a real Gitea (about 1.26) sent, with our templates rendered into them where Gitea would.
 * They lie beside the project where they exist, and are never part of it.
 */
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { installInto } from '../../src/cli/install.ts';
import type { FrontProxy } from '../../src/demo/front-proxy.ts';
import { startFrontProxy } from '../../src/demo/front-proxy.ts';
import { ensurePanel } from '../../src/demo/panel-build.ts';
import { freePort } from '../free-port.ts';
import type { AnsweringBackend } from './answering-backend.ts';
import { startAnsweringBackend } from './answering-backend.ts';
import type { Answers } from './answers.ts';
import { answersFor } from './answers.ts';
import { openBrowser } from './open-browser.ts';
import { pageWithHooks, recordedPages, recordings } from './recorded-page.ts';
import { watchPage } from './watch-page.ts';

const present = existsSync(recordings);
if (!present) console.warn(`NOT TRIED IN RECORDED PAGES: ${recordings} does not exist.`);

describe.skipIf(!present)('in the recorded pages', () => {
  let folder: string;
  let server: Server;
  let backend: AnsweringBackend;
  let front: FrontProxy;
  let browser: Browser;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'recorded-pages-'));
    const panelDist = resolve('dist/panel');
    await ensurePanel(resolve('.'), panelDist);
    await installInto({
      customDir: folder,
      panelDist,
      templatesDir: resolve('templates/custom'),
      options: {},
    });
    server = createServer(async (request, response) => {
      const { pathname, search } = new URL(request.url ?? '/', 'http://localhost');
      if (pathname.startsWith('/assets/databricks/')) {
        const body = await readFile(join(folder, 'public', pathname)).catch(() => null);
        response.writeHead(body ? 200 : 404, { 'content-type': 'text/javascript' }).end(body);
      } else if (pathname.startsWith('/assets/js/')) {
        // Gitea's own scripts were not recorded; this is all that the pages call of them while they load.
        response.writeHead(200, { 'content-type': 'text/javascript' });
        response.end('window.localUserSettings = { getBoolean: () => false, getString: () => "" };');
      } else if (basename(pathname) in recordedPages) {
        response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
        response.end(pageWithHooks(folder, basename(pathname), pathname + search));
      } else {
        // Styles and pictures of that Gitea.
        response.writeHead(200, {
          'content-type': pathname.startsWith('/assets/css/') ? 'text/css' : 'image/svg+xml',
        });
        response.end(pathname.startsWith('/assets/css/') ? '' : '<svg xmlns="http://www.w3.org/2000/svg"/>');
      }
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    backend = await startAnsweringBackend();
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    front = await startFrontProxy({
      port: await freePort(),
      forge: () => origin,
      backend: () => backend.origin,
      backendPath: '/-/databricks/',
    });
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await front?.close();
    await backend?.close();
    server?.closeAllConnections();
    server?.close();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  /** Opens a recorded page and gives what it asked of us; complains about every complaint. */
  async function visit(address: string, look: (page: Page) => Promise<void>): Promise<string[]> {
    backend.answer(forPull(recordedPages[address.split('?')[0]!]!.pull ?? 1));
    const page = await browser.newPage({ locale: 'en-US' });
    try {
      const notes = await watchPage(page);
      await page.goto(`${front.url}${address}`);
      await look(page);
      expect(notes.complaints).toEqual([]);
      expect(backend.unplanned).toEqual([]);
      return notes.ours();
    } finally {
      await page.close();
    }
  }

  const box = (page: Page) => page.locator('#databricks').getByText('1 of 2 gates fails').first().waitFor();
  /** The classes of what stands right after the box, and how many boxes there are. */
  const boxPlace = (page: Page) =>
    page
      .locator('#databricks')
      .evaluateAll((all) =>
        all.map((one) => [one.parentElement?.className, one.nextElementSibling?.className.trim()]),
      );

  test('every recorded page is known here', () => {
    const files = readdirSync(recordings).filter((file) => file.endsWith('.html'));
    expect(Object.keys(recordedPages).sort()).toEqual(files.sort());
  });

  test.each([
    ['pull-open.html', 'timeline-item comment pull-merge-box'],
    ['pull-fork-conflict.html', 'timeline-item comment pull-merge-box'],
    ['pull-merged.html', 'timeline-item comment form'],
  ])('the box stands in the timeline of %s before %s, whatever is replaced', async (file, after) => {
    await visit(file, async (page) => {
      await box(page);
      expect(await boxPlace(page)).toEqual([['ui timeline', after]]);
      await page.getByRole('button', { name: 'Show details' }).click();
      const hide = page.getByRole('button', { name: 'Hide details' });
      await hide.waitFor();
      // Gitea replaces its merge box whole while it checks for conflicts, and the sidebar after a change.
      for (const part of ['.pull-merge-box', '.issue-content-right']) {
        const times = await replace(page, part);
        expect(times, part).toBe(part === '.pull-merge-box' && file === 'pull-merged.html' ? 0 : 1);
        expect(await boxPlace(page)).toEqual([['ui timeline', after]]);
        expect(await hide.isVisible()).toBe(true);
      }
      // With the whole content the box goes and comes back, as its reader left it.
      expect(await replace(page, '.issue-content')).toBe(1);
      await expect.poll(() => boxPlace(page)).toEqual([['ui timeline', after]]);
      await hide.click();
      await page.getByRole('button', { name: 'Show details' }).waitFor();
    });
  });

  test('a line under the title of pull-files.html says the verdict, also when the content was replaced', async () => {
    await visit('pull-files.html', async (page) => {
      const line = page.locator('.issue-title-meta > .dbx-status-line').getByText('1 of 2 gates fails');
      await line.waitFor();
      for (const part of ['.issue-title-header', '.page-content.repository']) {
        expect(await replace(page, part), part).toBe(1);
        await line.waitFor();
        await expect.poll(() => page.locator('.dbx').count()).toBe(1);
      }
    });
  });

  test('production is the last section of the sidebar in repository.html, also when it was replaced', async () => {
    await visit('repository.html', async (page) => {
      const section = page.locator('.repo-home-sidebar-bottom > .flex-list > .flex-item:last-child');
      const production = section.and(page.locator('.dbx-production')).getByText('v12');
      await production.waitFor();
      for (const part of ['.repo-home-sidebar-bottom', '.repo-grid-filelist-sidebar']) {
        expect(await replace(page, part), part).toBe(1);
        await production.waitFor();
        await expect.poll(() => page.locator('.dbx-production').count()).toBe(1);
      }
    });
  });

  test('the tab fills repository.html, and nothing of the page below is seen', async () => {
    await visit('repository.html?tab=databricks', async (page) => {
      const files = page.locator('.repo-grid-filelist-sidebar');
      expect(await files.isVisible()).toBe(false);
      const production = page.getByLabel('In production').getByText('ml.prod.wine');
      await production.waitFor();
      expect(await page.locator('.overflow-menu-items [data-databricks-tab].active').isVisible()).toBe(true);
      expect(await page.locator('.secondary-nav').isVisible()).toBe(true);
      // The file tree replaces what is below; it stays hidden, and the tab stays.
      expect(await replace(page, '.repo-grid-filelist-sidebar')).toBe(1);
      expect(await files.isVisible()).toBe(false);
      expect(await production.isVisible()).toBe(true);
    });
  });

  test.each(['commit.html', 'sign-in.html'])('nothing is loaded in %s', async (file) => {
    const ours = await visit(file, async (page) => {
      await page.waitForLoadState('networkidle');
      expect(await page.locator('#databricks-context, script[src*=databricks], .dbx').count()).toBe(0);
    });
    expect(ours).toEqual([]);
  });
});

/** Puts a part's own markup, as the server sent it, in its place. @returns how many parts there were */
async function replace(page: Page, part: string): Promise<number> {
  return await page.evaluate(async (selector) => {
    const text = await (await fetch(location.href)).text();
    const fresh = new DOMParser().parseFromString(text, 'text/html');
    const old = [...document.querySelectorAll(selector)].filter((one) => one.closest('.dbx-page') === null);
    for (const one of old) one.replaceWith(document.importNode(fresh.querySelector(selector)!, true));
    return old.length;
  }, part);
}

/** The answers of `answersFor`, told of another pull request. */
function forPull(index: number): Answers {
  const answers = answersFor();
  const { schema, body } = answers['repositories/1/pulls/1']!;
  return { ...answers, [`repositories/1/pulls/${index}`]: { schema, body: { ...(body as object), index } } };
}
