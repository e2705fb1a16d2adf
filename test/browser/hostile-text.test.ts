/** Text from commits, training code and Databricks is text: nothing in it becomes markup, in any part of the panel. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { problemStatus } from '../../src/contract/problem.ts';
import type { PullView } from '../../src/contract/pull.ts';
import * as pulls from '../panel/fixtures/pull-view.ts';
import type { Answers } from './answers.ts';
import { answersFor, reworded } from './answers.ts';
import { openBrowser } from './open-browser.ts';
import type { PanelForge } from './panel-forge.ts';
import { startPanelForge } from './panel-forge.ts';
import { watchPage } from './watch-page.ts';

/** Each would raise a dialog if it were ever read as markup. They start with no letter that a rule might ask for. */
const corpus = [
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(2)>',
  '"><svg onload=alert(3)>',
  "'><iframe srcdoc='<script>alert(4)</script>'>",
  '</pre></td></table><details open ontoggle=alert(5)>',
  '{{constructor.constructor("alert(6)")()}}',
  '&lt;img src=x onerror=alert(7)&gt;',
  '\u202e<a href="javascript:alert(8)">x</a>\u0000',
];

/** Free text in the answers: whatever people, training code or Databricks wrote, or names things with. */
const freeText = new Set(
  `title stateReason branch message trace metric summary label reason text promotion logs errorTrace error job
   principal name alias fullName path value baseline key subject detail ref failingMetrics aliases approvals
   historyMetrics release primary note from to description binding parameters`.split(/\s+/),
);
/** Names by which the panel asks for more, and words of the contract: they stay. */
const names = new Set(['wine', 'train', 'traffic', 'alias', 'read-back']);

function hostile(answers: Answers): Answers {
  let next = 0;
  const same = new Map<string, string>();
  return reworded(answers, (text, key) => {
    if (!freeText.has(key) || names.has(text) || /^\d{4}-\d\d-\d\dT/.test(text)) return text;
    const known = same.get(text);
    if (known !== undefined) return known;
    const other = `${corpus[next++ % corpus.length]} ${next}`;
    same.set(text, other);
    return other;
  });
}

let browser: Browser;
let forge: PanelForge;
beforeAll(async () => {
  // 1.26 sends no policy that would hide a mistake.
  [browser, forge] = await Promise.all([openBrowser(), startPanelForge('1.26')]);
});
afterAll(async () => {
  await browser?.close();
  await forge?.close();
});

const places: {
  name: string;
  path: string;
  pull?: Partial<PullView>;
  act?: (page: Page) => Promise<unknown>;
}[] = [
  {
    name: 'the box with its details',
    path: 'ml/wine/pulls/1',
    pull: { notes: [{ kind: 'warning', text: 'a note' }], promotion: 'what a merge does' },
    act: async (page) => {
      await page.getByRole('button', { name: 'Show details' }).click();
      await page.locator('#databricks table').first().waitFor();
    },
  },
  { name: 'the box after a failure', path: 'ml/wine/pulls/1', pull: pulls.afterFailure },
  { name: 'the box in training', path: 'ml/wine/pulls/1', pull: pulls.inTraining },
  { name: 'the line on the tab Files', path: 'ml/wine/pulls/1/files' },
  { name: 'the sidebar', path: 'ml/wine' },
  { name: 'runs', path: 'ml/wine?tab=databricks#/runs' },
  {
    name: 'a run with its log',
    path: `ml/wine?tab=databricks#/runs/${pulls.run().id}`,
    pull: pulls.afterFailure,
    act: (page) => page.getByRole('button', { name: 'Log' }).nth(1).click(),
  },
  { name: 'models', path: 'ml/wine?tab=databricks#/models' },
  {
    name: 'the plan of a rollback',
    path: 'ml/wine?tab=databricks#/models',
    act: async (page) => {
      await page
        .getByRole('button', { name: /Roll back to v11/ })
        .first()
        .click();
      await page.getByRole('dialog').getByText('alert(').first().waitFor();
    },
  },
  { name: 'releases', path: 'ml/wine?tab=databricks#/releases' },
  { name: 'audit', path: 'ml/wine?tab=databricks#/audit' },
];

test.each(places)('$name', async ({ path, pull, act }) => {
  forge.backend.answer(hostile(answersFor(pull)));
  const context = await forge.signedIn(browser);
  const page = await context.newPage();
  const notes = await watchPage(page);
  await page.goto(`${forge.url}${path}`);
  const ours = page.locator('.dbx');
  await ours.getByText('alert(').first().waitFor();
  await act?.(page);
  await expect.poll(() => ours.getByText('alert(').count()).toBeGreaterThan(0);

  const markup = await ours.evaluateAll((all) =>
    all.flatMap((one) => [
      ...[...one.querySelectorAll('script, iframe, object, embed, base, form[action], [srcdoc]')].map(
        (found) => found.outerHTML,
      ),
      ...[...one.querySelectorAll('*')].flatMap((found) =>
        [...found.attributes]
          .filter(({ name, value }) => name.startsWith('on') || /^\s*javascript:/i.test(value))
          .map(({ name, value }) => `${found.tagName} ${name}=${value}`),
      ),
      ...[...one.querySelectorAll('img')]
        .filter(({ src }) => !src.includes('/avatars/'))
        .map(({ src }) => src),
    ]),
  );
  expect(markup).toEqual([]);
  // A dialog or a request for a picture `x` would be among the complaints; whatever was started has had its turn.
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 0)));
  expect(notes.complaints).toEqual([]);
  await context.close();
});

test.each(['databricks-refused', 'configuration-invalid', 'internal'] as const)(
  'an error (%s) that quotes what a counterpart said is text',
  async (code) => {
    forge.backend.answer(answersFor());
    forge.backend.refuse({
      type: `urn:gitea-databricks:problem:${code}`,
      title: corpus[1]!,
      status: problemStatus[code],
      code,
      detail: `${corpus.join(' ')} alert(`,
      instance: corpus[2]!,
      errors: [{ path: corpus[3]!, message: corpus[4]! }],
    });
    const context = await forge.signedIn(browser);
    for (const path of [
      'ml/wine/pulls/1',
      'ml/wine?tab=databricks#/runs',
      'ml/wine?tab=databricks#/models',
    ]) {
      const page = await context.newPage();
      const notes = await watchPage(page);
      await page.goto(`${forge.url}${path}`);
      const ours = page.locator('.dbx');
      await ours.first().waitFor({ state: 'attached' });
      await ours.getByText('alert(').first().waitFor();
      await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 0)));
      expect(
        await ours.locator('script, iframe, img[src="x"], [onerror], [onload], [ontoggle]').count(),
      ).toBe(0);
      expect(notes.complaints.filter((complaint) => /dialog|\/x\b/.test(complaint))).toEqual([]);
      await page.close();
    }
    await context.close();
  },
);

test('a payload that becomes markup would be noticed', async () => {
  const context = await forge.signedIn(browser);
  const page = await context.newPage();
  const notes = await watchPage(page);
  await page.goto(`${forge.url}ml/wine`);
  await page.evaluate((text) => {
    document.body.insertAdjacentHTML('beforeend', text);
  }, corpus[1]!);
  await expect.poll(() => notes.complaints.join('\n')).toContain('dialog: 2');
  await context.close();
});
