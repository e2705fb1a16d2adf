/**
 * The panel in the pages of every release that the forge shows: each part once, in its place, through all that Gitea
 * does to the page. What does not depend on a release's pages is tried in the two newest.
 */
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { passing } from '../panel/fixtures/pull-view.ts';
import { answersFor } from './answers.ts';
import { edges } from './gitea-page.ts';
import { openBrowser } from './open-browser.ts';
import type { PanelForge } from './panel-forge.ts';
import { startPanelForge } from './panel-forge.ts';
import { shownReleases } from './shown-releases.ts';
import type { PageNotes } from './watch-page.ts';
import { watchPage } from './watch-page.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(() => browser?.close());

describe.each(shownReleases)('in the pages of $title', ({ version }) => {
  const isNew = version === '1.26' || version === '1.27';
  let forge: PanelForge;
  let context: BrowserContext;
  let page: Page;
  let notes: PageNotes;

  beforeAll(async () => {
    forge = await startPanelForge(version);
  });
  afterAll(() => forge?.close());
  beforeEach(async () => {
    forge.backend.answer(answersFor());
    context = await forge.signedIn(browser, { viewport: { width: 1280, height: 900 } });
    page = await context.newPage();
    notes = await watchPage(page);
  });
  afterEach(async () => {
    await context.close();
    expect(notes.complaints).toEqual([]);
    expect(forge.backend.unplanned).toEqual([]);
  });

  const open = (path: string) => page.goto(`${forge.url}${path}`);

  /** Every copy of the box, with what it stands in and before. */
  const boxes = () =>
    page.locator('#databricks, .dbx-box').evaluateAll((all) =>
      all.map((box) => ({
        before: box.nextElementSibling?.matches('.pull-merge-box, .merge.box') === true,
        inside: box.parentElement?.closest('.pull-merge-box, .merge.box') !== null,
        beside: box.parentElement?.querySelector(':scope > .timeline-item.comment[id^="issue-"]') !== null,
        text: box.textContent?.includes('1 of 2 gates fails') === true,
      })),
    );
  const once = [{ before: true, inside: false, beside: true, text: true }];
  const openPull = async () => {
    await open('ml/wine/pulls/1');
    await page.locator('#databricks').getByText('1 of 2 gates fails').first().waitFor();
    expect(await boxes()).toEqual(once);
  };

  test('the policy that the release sends stands in the page, and our script carries its nonce', async () => {
    await openPull();
    const script = page.locator('script[src*="/assets/databricks/panel.js"]');
    const nonce = await script.evaluate((element: HTMLScriptElement) => element.nonce);
    const policy = page.locator('meta[http-equiv="Content-Security-Policy"]');
    if (version !== '1.27') {
      expect([await policy.count(), nonce]).toEqual([0, '']);
      return;
    }
    expect(await policy.getAttribute('content')).toContain(`'nonce-${nonce}'`);
    // The policy is in force, and this file would hear of it: an inline script without the nonce does not run.
    await page.evaluate(() => {
      const inline = document.createElement('script');
      inline.textContent = 'window.ran = true';
      document.body.append(inline);
    });
    await expect.poll(() => notes.complaints.filter((text) => text.startsWith('policy: '))).toHaveLength(1);
    expect(await page.evaluate(() => 'ran' in window)).toBe(false);
    notes.complaints.length = 0;
  });

  test('the tab is open from the first frame on: the page below it is never seen', async () => {
    await page.addInitScript(() => {
      const seen = { frames: 0, list: 0, shift: 0 };
      Object.assign(window, { seen });
      const look = () => {
        seen.frames += 1;
        for (const part of document.querySelectorAll('.repo-home-filelist, .repo-grid-filelist-sidebar'))
          if (part.getClientRects().length > 0) seen.list += 1;
        requestAnimationFrame(look);
      };
      requestAnimationFrame(look);
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) seen.shift += (entry as unknown as { value: number }).value;
      }).observe({ type: 'layout-shift', buffered: true });
    });
    const seen = () => page.evaluate(() => (window as unknown as { seen: Record<string, number> }).seen);
    // Held back, the panel shows what a reader on a slow line sees.
    const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
    await page.route('**/assets/databricks/panel.js*', async (route) => {
      await held;
      await route.continue();
    });
    await page.goto(`${forge.url}ml/wine?tab=databricks`, { waitUntil: 'commit' });
    await page.locator('#dbx-root .dbx-skeleton').first().waitFor();
    await expect.poll(async () => (await seen()).frames).toBeGreaterThan(5);
    expect(await seen()).toMatchObject({ list: 0, shift: 0 });
    letGo();
    await page.getByLabel('In production').getByText('ml.prod.wine').waitFor();
    expect(await seen()).toMatchObject({ list: 0 });

    expect(await page.locator('#dbx-root').count()).toBe(1);
    expect(await page.locator('#dbx-root .dbx-skeleton').count()).toBe(0);
    const items = page.locator('.overflow-menu-items [data-databricks-tab]');
    expect(await items.evaluateAll((all) => all.map((one) => one.className))).toEqual(['active item']);

    // The same look at the page without the tab sees the list: the frames above could have.
    await page.goto(`${forge.url}ml/wine`);
    await expect.poll(async () => (await seen()).list).toBeGreaterThan(0);
  });

  if (isNew)
    test('the tab’s views have addresses, and the browser’s way back leads through them', async () => {
      await open('ml/wine?tab=databricks');
      const sections = page.getByRole('navigation', { name: 'Databricks' });
      await sections.getByRole('link', { name: /Models/ }).click();
      await page.getByText('ml.prod.wine').nth(1).waitFor();
      await sections.getByRole('link', { name: /Audit/ }).click();
      await page.getByText('Chain intact').waitFor();
      await page.goBack();
      await page.getByRole('button', { name: /Promote v13/ }).waitFor();
      expect(new URL(page.url()).hash).toBe('#/models');
    });

  test('the box stands above the merge box once, whatever Gitea replaces', async () => {
    await openPull();
    const comments = await edges(page, '.comment-container');
    expect(comments).toHaveLength(1);
    expect(await edges(page, '.dbx-head, .dbx-body')).toEqual(comments);

    await page.getByRole('button', { name: 'Show details' }).click();
    const hide = page.getByRole('button', { name: 'Hide details' });
    await hide.waitFor();

    for (let time = 0; time < 20; time += 1) {
      await page.evaluate(async () => {
        const answer = await fetch(`${location.pathname}/merge_box`);
        document.querySelector('.pull-merge-box, .merge.box')!.outerHTML = await answer.text();
      });
    }
    expect(await boxes()).toEqual(once);

    await page.evaluate(() => {
      const sidebar = document.querySelector('.issue-content-right')!;
      const { outerHTML } = sidebar;
      sidebar.outerHTML = outerHTML;
    });
    expect(await boxes()).toEqual(once);
    expect(await hide.isVisible()).toBe(true);

    await page.evaluate(async () => {
      const fresh = new DOMParser().parseFromString(await (await fetch(location.href)).text(), 'text/html');
      document.querySelector('.issue-content')!.replaceWith(fresh.querySelector('.issue-content')!);
    });
    await expect.poll(boxes).toEqual(once);
    // It is the same box: what the reader opened is still open and still works.
    await hide.click();
    await page.getByRole('button', { name: 'Show details' }).waitFor();
  });

  if (version === '1.27')
    test('the box keeps up with the merge box that Gitea itself asks for again', async () => {
      // 1.27 asks every 5 s while a check is pending; the page is told to do it more often.
      await page.route(/\/ml\/wine\/pulls\/1(\/merge_box)?$/, async (route) => {
        const answer = await route.fetch();
        const body = (await answer.text()).replace('reloading-interval="5000"', 'reloading-interval="20"');
        await route.fulfill({ response: answer, body });
      });
      await openPull();
      const asked = () => notes.requests.filter((path) => path.endsWith('/merge_box')).length;
      await expect.poll(asked).toBeGreaterThan(3);
      await expect.poll(boxes).toEqual(once);
      // It asks on and on: what is on its way when the page closes is nobody's failure.
      await page.unrouteAll({ behavior: 'ignoreErrors' });
    });

  test('the box stands above what says that the pull request was closed', async () => {
    await forge.api('PATCH', 'repos/ml/wine/pulls/1', { state: 'closed' });
    try {
      await open('ml/wine/pulls/1');
      await page.getByText('Pull request closed').waitFor();
      await page.locator('#databricks').getByText('1 of 2 gates fails').first().waitFor();
      expect(await boxes()).toEqual(once);
    } finally {
      await forge.api('PATCH', 'repos/ml/wine/pulls/1', { state: 'open' });
    }
  });

  if (isNew)
    test('what changes is shown without a reload, and asked for once', async () => {
      await openPull();
      const told = () => forge.backend.asked.filter((one) => one.endsWith('pulls/1')).length;
      // Once to show it, and once more when the stream begins: what changed in between nobody would tell.
      await expect.poll(told).toBe(2);
      expect(forge.backend.listeners()).toBe(1);
      forge.backend.answer(answersFor({ verdict: passing }));
      forge.backend.announce({ repository: 1, kind: 'run', id: 'x', pulls: [1], version: 2 });
      await page.locator('#databricks').getByText('All 2 gates pass').first().waitFor();
      forge.backend.announce({ repository: 1, kind: 'run', id: 'y', pulls: [2], version: 1 });
      expect(told()).toBe(1);
    });

  if (isNew || version === '1.22')
    test.each(['commits', 'files'])(
      'one line on the tab %s says the verdict and leads to the box',
      async (tab) => {
        await open(`ml/wine/pulls/1/${tab}`);
        const line = page.locator('.dbx-status-line');
        await line.getByText('1 of 2 gates fails').waitFor();
        expect(await line.evaluateAll((all) => all.map((one) => one.parentElement?.className))).toEqual([
          'issue-title-meta',
        ]);
        expect(await page.locator('#databricks').count()).toBe(0);
        await line.getByRole('link').click();
        await page.locator('#databricks').getByText('1 of 2 gates fails').first().waitFor();
        expect(new URL(page.url())).toMatchObject({ pathname: '/ml/wine/pulls/1', hash: '#databricks' });
      },
    );

  test('production stands last in the sidebar of the repository’s home, also after a folder was visited', async () => {
    await open('ml/wine');
    if (version === '1.22' || version === 'forgejo-11') {
      // There is no sidebar: nothing is shown, and nothing is asked for.
      await page.waitForLoadState('networkidle');
      expect(await page.locator('.dbx').count()).toBe(0);
      expect(forge.backend.asked).toEqual([]);
      expect(await page.locator('[data-databricks-tab]').isVisible()).toBe(true);
      return;
    }
    const section = page.locator('.dbx-production');
    await section.getByText('v12').waitFor();
    const place = () =>
      section.evaluateAll((all) =>
        all.map(
          (one) =>
            one === one.parentElement?.lastElementChild && one.closest('.repo-home-sidebar-bottom') !== null,
        ),
      );
    expect(await place()).toEqual([true]);
    // The file tree replaces what is in the view.
    await page.evaluate(async () => {
      const fresh = new DOMParser().parseFromString(await (await fetch(location.href)).text(), 'text/html');
      const [old, next] = [document, fresh].map((one) => one.querySelector('.repo-grid-filelist-sidebar')!);
      old!.replaceWith(next!);
    });
    await expect.poll(place).toEqual([true]);
  });

  if (isNew)
    test('leaving a page and coming back with the browser shows it alive, with one stream', async () => {
      await openPull();
      await open('user/login');
      await expect.poll(() => forge.backend.listeners()).toBe(0);
      await page.goBack();
      await page.locator('#databricks').getByText('1 of 2 gates fails').first().waitFor();
      expect(await boxes()).toEqual(once);
      await expect.poll(() => forge.backend.listeners()).toBe(1);
    });
});
