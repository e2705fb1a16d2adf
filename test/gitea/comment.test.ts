/** The report as our bot writes it, as Gitea renders it. */
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';

import { GiteaHttp } from '../../src/server/gitea/gitea-http.ts';
import { createGiteaReportTarget } from '../../src/server/gitea/gitea-report-target.ts';
import { compare } from '../../src/server/metrics/compare.ts';
import { renderReport, reportMarker } from '../../src/server/report/render-report.ts';
import type { Run } from '../../src/server/training/ports.ts';
import { openBrowser } from '../browser/open-browser.ts';
import { createRepository, giteaUrl, openPull, secret } from './gitea-api.ts';
import { contextOf } from './one-browser.ts';

const repository = { owner: 'ml', name: 'report' };
let browser: Browser;
let page: Page;
let comment: Locator;
let written: string;
let id: number;
let pull: { number: number; sha: string };

beforeAll(async () => {
  await createRepository('ml/report');
  pull = await openPull('wendy', 'ml/report', 'candidate');
  written = report(pull.sha);
  id = await target().createComment(repository, pull.number, written);
  browser = await openBrowser();
  page = await (await contextOf(browser, 'wendy')).newPage();
  await page.goto(`${giteaUrl}ml/report/pulls/${pull.number}`);
  comment = page.locator('.timeline-item.comment .render-content.markup').filter({ hasText: 'gates fails' });
});
afterAll(() => browser?.close());

const target = () =>
  createGiteaReportTarget(new GiteaHttp({ url: giteaUrl, token: secret('bot-token'), userAgent: 'test' }));

/** Everything that a report may hold, with a metric and a note that try to be markup. */
function report(sha: string): string {
  const verdict = compare({
    candidate: { 'log_loss<b>': 0.252, accuracy: 0.921 },
    baseline: {
      kind: 'champion',
      label: 'v12 in production',
      version: 12,
      run: 'r12',
      commit: 'c',
      metrics: { 'log_loss<b>': 0.241, accuracy: 0.913 },
    },
    gates: [
      { metric: 'log_loss<b>', direction: 'lower', limit: null, regression: 0.02 },
      { metric: 'accuracy', direction: 'higher', limit: 0.9, regression: null },
    ],
    primary: 'log_loss<b>',
  });
  const run = {
    id: 'r13',
    number: 43,
    state: 'succeeded',
    stateReason: null,
    error: null,
    modelVersion: 13,
    verdict,
    pulls: [],
    configuration: { metrics: { primary: 'log_loss<b>', gates: [] } },
  } as unknown as Run;
  const series = (values: number[]) => ({ steps: values.map((_, step) => step), values, thinned: false });
  return renderReport({
    head: sha,
    commitUrl: `${giteaUrl}ml/report/commit/${sha}`,
    run: { ...run, url: `${giteaUrl}ml/report?tab=databricks#/runs/r13` },
    verdict,
    model: 'ml.prod.wine',
    baselineUrl: `${giteaUrl}ml/report?tab=databricks#/runs/r12`,
    history: { candidate: series([0.9, 0.5, 0.252]), baseline: series([0.8, 0.4, 0.241]) },
    notes: [{ kind: 'warning', text: '@ada <script>alert(1)</script> [x](javascript:alert(1)) #1' }],
    promotion: 'A merge changes nothing in production: gates fail.',
  });
}

const bodies = async () =>
  (await target().comments(repository, pull.number)).filter((one) => one.id === id).map(({ body }) => body);

test('the body that Gitea keeps is the one that was sent, and editing replaces it', async () => {
  expect(await bodies()).toEqual([written]);
  await target().editComment(repository, id, `${written}\n`);
  await target().editComment(repository, id, written);
  expect(await bodies()).toEqual([written]);
});

test('the verdict is a heading, the marker is hidden', async () => {
  expect(await comment.locator('h3').innerText()).toContain('1 of 2 gates fails');
  expect(await comment.innerText()).not.toContain(reportMarker);
  expect(await comment.innerHTML()).not.toContain('gitea-databricks report');
});

test('metrics are a table whose numbers stand right, with what failed in bold', async () => {
  const rows = await comment
    .locator('tbody tr')
    .evaluateAll((all) =>
      all.map((row) => [...row.querySelectorAll('td')].map((cell) => cell.innerText.trim())),
    );
  expect(rows).toEqual([
    ['❌ log_loss<b>', '0.252', '0.241', '▲ +4.6% worse, limit 2%'],
    ['✅ accuracy', '0.921', '0.913', '▲ +0.9% better'],
  ]);
  const alignments = await comment
    .locator('tbody tr:first-child td')
    .evaluateAll((all) => all.map((cell) => getComputedStyle(cell).textAlign.replace('-webkit-', '')));
  expect(alignments).toEqual(['left', 'right', 'right', 'right']);
  expect(await comment.locator('tbody tr:first-child strong').count()).toBe(3);
});

test('links lead to the commit and to the runs on the tab, absolute and whole', async () => {
  const links = await comment
    .locator('a')
    .evaluateAll((all) => all.map((link) => [link.textContent, (link as HTMLAnchorElement).href]));
  expect(links).toContainEqual([pull.sha.slice(0, 10), `${giteaUrl}ml/report/commit/${pull.sha}`]);
  expect(links).toContainEqual(['Run 43', `${giteaUrl}ml/report?tab=databricks#/runs/r13`]);
  expect(links).toContainEqual(['v12 in production', `${giteaUrl}ml/report?tab=databricks#/runs/r12`]);
});

test('the chart is folded, and Gitea draws it', async () => {
  const details = comment.locator('details');
  expect(await details.locator('summary').innerText()).toBe('log_loss<b> while training');
  expect(await details.evaluate((element: HTMLDetailsElement) => element.open)).toBe(false);
  await details.locator('summary').click();
  const drawing = details.locator('iframe').contentFrame().locator('svg').first();
  // Gitea 1.22 and Forgejo 7 measure the drawing while it is folded away and give it no height.
  const state = /^(Gitea 1\.22|Forgejo 7)\./.test(inject('demo').gitea.name) ? 'hidden' : 'visible';
  await drawing.waitFor({ state, timeout: 60_000 });
  expect(await drawing.locator('path').count()).toBeGreaterThan(1);
  expect(await details.innerText()).toContain('Blue: this change. Grey: v12 in production.');
});

test('nothing in it becomes markup, mentions anybody or refers to anything', async () => {
  expect(await comment.locator('script').count()).toBe(0);
  expect(await comment.locator('a[href^="javascript"], a.mention, a.ref-issue').count()).toBe(0);
  // Invisible joiners keep names and numbers apart from what would make them references.
  const text = (await comment.innerText()).replaceAll('\u2060', '');
  expect(text).toContain('@ada <script>alert(1)</script> [x](javascript:alert(1)) #1');
});
