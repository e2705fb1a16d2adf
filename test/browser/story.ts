/**
 * The whole story in one browser, with real training: what the product is for. It is told on the emulated Gitea and
 * on a real one alike; one file and one order, because each chapter stands on the one before.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AuditList } from '../../src/contract/audit.ts';
import type { DemoArguments } from '../../src/demo/arguments.ts';
import type { RunningDemo } from '../../src/demo/run-demo.ts';
import { runDemo } from '../../src/demo/run-demo.ts';
import { freePort } from '../free-port.ts';
import { demoFacts, sample } from './demo-facts.ts';
import { edges, giveConsent, mergeInPage, signIn } from './gitea-page.ts';
import { openBrowser } from './open-browser.ts';
import { pushChange } from './push.ts';

/** main trained, put into production, endpoint there, main protected. */
const beginning = ['push', 'adopt', 'push', 'protect'].length;
const training = 180_000;

/**
 * Registers the story's chapters as tests.
 * @param forge which Gitea it is told on
 */
export function tellStory(title: string, forge: Pick<DemoArguments, 'gitea' | 'realGitea'>): void {
  describe(title, () => {
    let demo: RunningDemo;
    let facts: ReturnType<typeof demoFacts>;
    let folder: string;
    let browser: Browser;
    let wendy: BrowserContext;
    let page: Page;
    let errors: string[];

    const user = (name: string) => demo.demo.users.find((one) => one.name === name)!;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'story-'));
      // A real Gitea may run as somebody else, who has to pass through.
      await chmod(folder, 0o711);
      demo = await runDemo(
        resolve('.'),
        {
          port: await freePort(),
          fresh: false,
          dataDir: join(folder, 'demo'),
          pythonCacheDir: process.env.GITEA_DATABRICKS_PYTHON_CACHE ?? resolve('node_modules/.cache/python'),
          help: false,
          ...forge,
        },
        { line: () => undefined, warn: (text) => console.warn(text) },
      );
      facts = demoFacts(demo);
      await demo.play(beginning);
      browser = await openBrowser();
      wendy = await browser.newContext({ locale: 'en-US', viewport: { width: 1280, height: 900 } });
      page = await wendy.newPage();
      errors = [];
      page.on('pageerror', (error) => errors.push(error.message));
    }, 420_000);

    afterAll(async () => {
      await browser?.close();
      await demo?.close();
      if (folder) await rm(folder, { recursive: true, force: true });
    });

    let sha: string;
    let before: { champion: number; prediction: number };

    test('signing in to Gitea and allowing the panel once shows what is in production', async () => {
      await signIn(page, demo.url, user('wendy'));
      await page.goto(`${demo.url}ml/wine?tab=databricks`);
      await giveConsent(page);
      await page.getByLabel('In production').getByText('ml.prod.wine').waitFor();
      before = { champion: await facts.champion(), prediction: await facts.prediction() };
      await page.getByLabel('In production').getByText(`v${before.champion}`, { exact: true }).waitFor();
    });

    test('a pushed commit with a pull request shows a pending status, and the box shows how it trains', async () => {
      sha = await pushChange({
        url: `${demo.url}ml/wine.git`,
        user: user('wendy'),
        branch: 'all-measurements',
        file: 'model.py',
        message: 'Use all twelve measurements',
        change: (text) =>
          text.replace(/COLUMNS = \[[^\]]*\]/, `COLUMNS = ${JSON.stringify(Object.keys(sample))}`),
      });
      const pull = await facts.gitea<{ number: number }>('wendy', 'repos/ml/wine/pulls', {
        head: 'all-measurements',
        base: 'main',
        title: 'Use all twelve measurements',
        body: 'They are measured anyway.',
      });
      await expect
        .poll(() => facts.status(sha), { timeout: 20_000, interval: 250 })
        .toMatchObject({ state: 'pending' });
      await page.goto(`${demo.url}ml/wine/pulls/${pull.number}`);
      await page
        .locator('#databricks')
        .getByText(/queued|upload|submitted|training/i)
        .first()
        .waitFor();
    });

    test('without a reload the box comes to a verdict, and the comment and the status say the same', async () => {
      const box = page.locator('#databricks');
      await box
        .getByText(/gates? pass/i)
        .first()
        .waitFor({ timeout: training });
      await expect
        .poll(() => facts.status(sha), { timeout: 10_000 })
        .toMatchObject({
          state: 'success',
          description: expect.stringMatching(/^rmse 0\.\d+ \(−\d/),
        });
      const comments = () =>
        facts.gitea<{ user: { login: string }; body: string }[]>('wendy', 'repos/ml/wine/issues/1/comments');
      await expect
        .poll(async () => (await comments()).map((one) => one.body).join('\n'), { timeout: 10_000 })
        .toMatch(/gates pass[\s\S]*\| .*rmse.* \|/);
      expect(await comments()).toHaveLength(1);
      const outline = await edges(page, '.comment-container');
      expect(outline).toHaveLength(1);
      expect(await edges(page, '.dbx-head, .dbx-body')).toEqual(outline);
    });

    test('somebody approves, wendy merges in the page, and the version becomes the champion', async () => {
      await facts.gitea('ada', 'repos/ml/wine/pulls/1/reviews', {
        event: 'APPROVED',
        commit_id: sha,
        body: '',
      });
      await page.reload();
      await mergeInPage(page);
      await expect.poll(facts.champion, { timeout: 60_000, interval: 500 }).toBeGreaterThan(before.champion);
      const promoted = await facts.champion();
      await expect.poll(() => facts.trafficOf(promoted), { timeout: 60_000, interval: 500 }).toBe(100);
      expect(await facts.prediction()).not.toBe(before.prediction);
      await page.goto(`${demo.url}ml/wine/pulls/1`);
      await page
        .locator('#databricks')
        .getByText(new RegExp(`Released v${promoted} as champion`))
        .waitFor();
    });

    test('one click and a confirmation that names both versions roll it back', async () => {
      const promoted = await facts.champion();
      await page.goto(`${demo.url}ml/wine?tab=databricks`);
      await page.getByRole('button', { name: `Roll back to v${before.champion}` }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByText(`v${promoted}`, { exact: true }).first().waitFor();
      await dialog.getByText(`v${before.champion}`, { exact: true }).first().waitFor();
      await dialog.getByRole('textbox').fill('worse on live traffic');
      await dialog.getByRole('button', { name: `Roll back to v${before.champion}` }).click();
      await dialog.getByText(`v${before.champion} is in production`).waitFor({ timeout: 60_000 });
      await dialog.getByRole('button', { name: 'Close' }).last().click();

      expect(await facts.champion()).toBe(before.champion);
      expect(await facts.trafficOf(before.champion)).toBe(100);
      expect(await facts.prediction()).toBe(before.prediction);
      await page.getByText('On hold').waitFor();
    });

    test('the hold is shown with who and why, and is lifted', async () => {
      await page.goto(`${demo.url}ml/wine?tab=databricks#/releases`);
      await page.getByText(/wendy rolled back v\d+ to v\d+.*worse on live traffic/).waitFor();
      await page.getByRole('button', { name: 'Lift the hold' }).click();
      await page.getByText('Automatic promotion is on hold.').waitFor({ state: 'detached' });
    });

    test('the audit log names who did what, and its chain is intact', async () => {
      await page.goto(`${demo.url}ml/wine?tab=databricks#/audit`);
      await page.getByText('Chain intact').waitFor();
      const { id } = await facts.gitea<{ id: number }>('wendy', 'repos/ml/wine');
      const log = await page.evaluate(
        async (url) => (await fetch(url)).json(),
        `${demo.demo.backend.url}api/v1/repositories/${id}/audit?limit=200`,
      );
      const { items, verification } = log as AuditList;
      expect(verification).toMatchObject({ intact: true, brokenAt: null });
      const ended = items.filter((entry) => entry.action === 'release.ended');
      expect(ended.map((entry) => [entry.actor.name, entry.outcome])).toEqual([
        ['wendy', 'done'],
        ['wendy', 'done'],
      ]);
      expect(items.find((entry) => entry.action === 'hold.lifted')?.actor).toMatchObject({ name: 'wendy' });
      expect(items.filter((entry) => entry.action === 'run.submitted').every((entry) => entry.commit)).toBe(
        true,
      );
    });

    test('who may not release sees the button disabled, with the reason beside it', async () => {
      const context = await browser.newContext({ locale: 'en-US' });
      const other = await context.newPage();
      await signIn(other, demo.url, user('rita'));
      await other.goto(`${demo.url}ml/wine?tab=databricks#/models`);
      await giveConsent(other);
      const button = other.getByRole('button', { name: /Promote v\d+/ }).first();
      await button.waitFor();
      expect(await button.isDisabled()).toBe(true);
      expect(await other.locator('.dbx-reason').first().innerText()).toMatch(/merge|write|admin/i);
      await context.close();
    });

    test('while Databricks does not answer all that was known is shown, a run waits, and then goes on by itself', async () => {
      const tab = `${demo.url}ml/wine?tab=databricks`;
      const champion = await facts.champion();
      await page.goto(`${tab}#/models`);
      await page
        .getByRole('button', { name: /Promote v\d+/ })
        .first()
        .waitFor();
      await demo.outage.begin();
      const notice = page.getByText(
        /^Databricks does not answer since \d\d:\d\d [AP]M; showing the state of \d\d:\d\d [AP]M\.$/,
      );
      // For some seconds what was just read serves whoever looks: nobody has noticed yet.
      const noticed = async () => {
        await page.reload();
        return await notice.waitFor({ timeout: 8_000 }).then(
          () => true,
          () => false,
        );
      };
      await expect.poll(noticed, { timeout: 60_000 }).toBe(true);
      await page.getByLabel('In production').getByText(`v${champion}`, { exact: true }).waitFor();
      await page.getByText(/\d+ versions, 1 endpoint/).waitFor();
      // A release is refused with the reason, and nothing is begun.
      await page
        .getByRole('button', { name: /Promote v\d+/ })
        .first()
        .click();
      await page.getByText('Databricks does not answer, so nothing can be released.').waitFor();
      await page
        .getByRole('button', { name: /Cancel|Close/ })
        .last()
        .click();
      await page.goto(`${demo.url}ml/wine/pulls/1`);
      await page
        .locator('#databricks')
        .getByText(/Databricks does not answer since/)
        .waitFor();

      await page.goto(tab);
      await page.getByRole('link', { name: 'Use all twelve measurements' }).first().click();
      await page.getByText('Databricks does not tell them right now.').waitFor();
      await page.getByRole('button', { name: 'Train again' }).click();
      await page.getByText('Waits until Databricks answers.').waitFor();
      await notice.waitFor();
      await demo.outage.end();
      // Without a reload, and without anybody asking.
      await notice.waitFor({ state: 'detached', timeout: 60_000 });
      await page.getByText('Waits until Databricks answers.').waitFor({ state: 'detached', timeout: 60_000 });
      await page
        .locator('#dbx-root')
        .getByText(/gates? pass/i)
        .first()
        .waitFor({ timeout: training });
    }, 300_000);

    test('nothing escaped into Gitea’s own error banner', () => {
      expect(errors).toEqual([]);
    });
  });
}
