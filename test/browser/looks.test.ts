/** Every view of the panel at 390 and 1280 px, light and dark: nothing wider than the page, and usable by everybody. */
import AxeBuilder from '@axe-core/playwright';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { PullView } from '../../src/contract/pull.ts';
import * as pulls from '../panel/fixtures/pull-view.ts';
import type { Answers } from './answers.ts';
import { answersFor, answersForAdministrator } from './answers.ts';
import { openBrowser } from './open-browser.ts';
import type { PanelForge } from './panel-forge.ts';
import { startPanelForge } from './panel-forge.ts';
import { watchPage } from './watch-page.ts';

const looks = [
  { width: 1280, height: 900, colorScheme: 'light' },
  { width: 390, height: 844, colorScheme: 'dark' },
] as const;

interface View {
  name: string;
  path: string;
  pull?: Partial<PullView>;
  answers?: Answers;
  /** Brings the page there and waits until it is. */
  reach(page: Page): Promise<unknown>;
}

const box = (name: string, pull: Partial<PullView>, text: string | RegExp): View => ({
  name,
  pull,
  path: 'ml/wine/pulls/1',
  reach: (page) => page.locator('#databricks').getByText(text).first().waitFor(),
});
const inBox = (
  name: string,
  pull: Partial<PullView>,
  text: string,
  act: (page: Page) => Promise<unknown>,
) => ({
  ...box(name, pull, text),
  reach: async (page: Page) => {
    await page.locator('#databricks').getByText(text).first().waitFor();
    await act(page);
  },
});
const tab = (name: string, hash: string, reach: View['reach']): View => ({
  name,
  path: `ml/wine?tab=databricks${hash}`,
  reach,
});
/** The tab while Databricks does not answer. */
const down = (name: string, hash: string, text: string | RegExp): View => ({
  ...tab(name, hash, async (page) => {
    await shows(/^Databricks does not answer since .*; showing the state of .*\.$/)(page);
    await shows(text)(page);
  }),
  pull: pulls.unreachable,
});
const shows = (text: string | RegExp) => (page: Page) =>
  page.locator('#dbx-root').getByText(text).first().waitFor();

const views: View[] = [
  box('box: a gate fails', {}, '1 of 2 gates fails'),
  box('box: all gates pass', { verdict: pulls.passing }, 'All 2 gates pass'),
  box('box: no baseline', { verdict: pulls.withoutBaseline }, /no baseline/),
  box('box: in training', pulls.inTraining, 'round 214 of 300'),
  box('box: failed', pulls.afterFailure, /ValueError/),
  box('box: a fork waits', pulls.fromFork, /fork/),
  box('box: not configured', pulls.notConfigured, /does not train/),
  box(
    'box: Databricks does not answer',
    pulls.unreachable,
    /Databricks does not answer since .*; showing the state of/,
  ),
  inBox('box: details', {}, '1 of 2 gates fails', async (page) => {
    await page.getByRole('button', { name: 'Show details' }).click();
    await page.locator('#databricks table').first().waitFor();
  }),
  inBox('box: a new run with parameters', { verdict: pulls.passing }, 'All 2 gates pass', async (page) => {
    await page.getByRole('button', { name: 'Show details' }).click();
    await page.locator('#databricks').getByText('New run').first().click();
    await page.locator('#databricks').getByLabel(/depth/).first().waitFor();
  }),
  {
    name: 'status line',
    path: 'ml/wine/pulls/1/files',
    reach: (page) => page.locator('.dbx-status-line').getByText('1 of 2 gates fails').waitFor(),
  },
  {
    name: 'sidebar',
    path: 'ml/wine',
    reach: (page) => page.locator('.dbx-production').getByText('v12').waitFor(),
  },
  tab('tab: runs', '#/runs', shows('Use fewer trees')),
  tab('tab: a run', `#/runs/${pulls.run().id}`, async (page) => {
    await shows('max_depth')(page);
    await page.getByRole('button', { name: 'Log' }).nth(1).click();
    await shows(/round 2 of 300/)(page);
  }),
  down('tab: Databricks does not answer', '#/runs', 'Use fewer trees'),
  down('tab: a run while Databricks does not answer', `#/runs/${pulls.run().id}`, /does not tell them/),
  {
    name: 'sidebar while Databricks does not answer',
    path: 'ml/wine',
    pull: pulls.unreachable,
    reach: (page) => page.locator('.dbx-production').getByText('Databricks does not answer').waitFor(),
  },
  {
    ...tab('tab: what could not be delivered', '#/runs', shows('3 messages could not be delivered')),
    answers: answersForAdministrator(),
  },
  tab('tab: models', '#/models', (page) => page.getByRole('button', { name: /Promote v13/ }).waitFor()),
  tab('tab: releases with a hold and a half-done one', '#/releases', shows(/is half done/)),
  tab('tab: audit', '#/audit', shows('Chain intact')),
  tab('tab: rolling back', '#/models', async (page) => {
    await page
      .getByRole('button', { name: /Roll back to v11/ })
      .first()
      .click();
    await page.getByRole('dialog').getByText('Grow deeper trees').waitFor();
  }),
];

let browser: Browser;
let forge: PanelForge;
let context: BrowserContext;

beforeAll(async () => {
  [browser, forge] = await Promise.all([openBrowser(), startPanelForge('1.26')]);
});
afterAll(async () => {
  await browser?.close();
  await forge?.close();
});
afterEach(() => context?.close());

test.each(views)('$name', async ({ path, pull, reach, answers = answersFor(pull) }) => {
  forge.backend.answer(answers);
  context = await forge.signedIn(browser, { reducedMotion: 'reduce' });
  const page = await context.newPage();
  const notes = await watchPage(page);
  await page.goto(`${forge.url}${path}`);
  await reach(page);
  for (const { colorScheme, ...size } of looks) {
    await page.setViewportSize(size);
    await page.emulateMedia({ colorScheme });
    const look = `${size.width} px, ${colorScheme}`;
    // Gitea's own menu takes a moment to fold.
    await expect.poll(() => tooWide(page), { message: look }).toEqual([]);
    expect(await findings(page), look).toEqual([]);
  }
  expect(notes.complaints).toEqual([]);
  expect(forge.backend.unplanned).toEqual([]);
});

/** What makes the page scroll sideways: our elements that reach beyond its width, or the page itself. */
function tooWide(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const root = document.documentElement;
    if (root.scrollWidth <= root.clientWidth) return [];
    const wide = [...document.querySelectorAll('.dbx, .dbx *')]
      .filter((one) => one.getBoundingClientRect().right > root.clientWidth + 1)
      .map((one) => `${one.tagName.toLowerCase()}.${one.getAttribute('class')}`);
    return [`the page: ${root.scrollWidth} px of ${root.clientWidth}`, ...wide.slice(0, 8)];
  });
}

/** Serious and critical findings of axe within our own elements. */
async function findings(page: Page): Promise<string[]> {
  const { violations, passes } = await new AxeBuilder({ page }).include('.dbx').setLegacyMode().analyze();
  expect(passes.length).toBeGreaterThan(0);
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html} ${node.any[0]?.message ?? ''}`));
}
