/**
 * The whole story in one browser, on the emulators, with real training: what the product is for. One file and one
 * order, because each chapter stands on the one before.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AuditList } from '../../src/contract/audit.ts';
import type { RunningDemo } from '../../src/demo/run-demo.ts';
import { runDemo } from '../../src/demo/run-demo.ts';
import { freePort } from './free-port.ts';
import { giveConsent, signIn } from './gitea-page.ts';
import { openBrowser } from './open-browser.ts';
import { pushChange } from './push.ts';

/** main trained, put into production, endpoint there, main protected. */
const beginning = ['push', 'adopt', 'push', 'protect'].length;
const training = 180_000;

let demo: RunningDemo;
let folder: string;
let browser: Browser;
let wendy: BrowserContext;
let page: Page;
let errors: string[];

const user = (name: string) => demo.demo.users.find((one) => one.name === name)!;

/** A call to Gitea's API in a person's name. */
async function gitea<T>(name: string, path: string, body?: object): Promise<T> {
  const { password } = user(name);
  const response = await fetch(`${demo.url}api/v1/${path}`, {
    method: body ? 'POST' : 'GET',
    headers: {
      authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`,
      'content-type': 'application/json',
    },
    ...(body && { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return (await response.json().catch(() => null)) as T;
}

/** A call to the workspace as its admin. */
async function workspace<T>(path: string, body?: object): Promise<T> {
  const { host, token } = demo.demo.workspace;
  const response = await fetch(`${host}/${path}`, {
    method: body ? 'POST' : 'GET',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}

const sample = {
  malic_acid: 1.71,
  ash: 2.43,
  alcalinity_of_ash: 15.6,
  magnesium: 127,
  total_phenols: 2.8,
  flavanoids: 3.06,
  nonflavanoid_phenols: 0.28,
  proanthocyanins: 2.29,
  color_intensity: 5.64,
  hue: 1.04,
  od280_od315: 3.92,
  proline: 1065,
};

/** What the endpoint predicts now, and which version says so. */
async function prediction(): Promise<number> {
  const answer = await workspace<{ predictions: number[] }>('serving-endpoints/wine/invocations', {
    dataframe_records: [sample],
  });
  return answer.predictions[0]!;
}

async function champion(): Promise<number> {
  const model = await workspace<{ aliases: { alias_name: string; version_num: number }[] }>(
    'api/2.1/unity-catalog/models/ml.prod.wine?include_aliases=true',
  );
  return model.aliases.find((alias) => alias.alias_name === 'champion')!.version_num;
}

async function trafficOf(version: number): Promise<number> {
  const { config } = await workspace<{
    config: {
      served_entities: { name: string; entity_version: string }[];
      traffic_config: {
        routes: { served_entity_name?: string; served_model_name?: string; traffic_percentage: number }[];
      };
    };
  }>('api/2.0/serving-endpoints/wine');
  const entity = config.served_entities.find((one) => one.entity_version === String(version));
  const route = config.traffic_config.routes.find(
    (one) => (one.served_entity_name ?? one.served_model_name) === entity?.name,
  );
  return route?.traffic_percentage ?? 0;
}

async function status(sha: string): Promise<{ state: string; description: string } | undefined> {
  const list = await gitea<{ status: string; description: string; context: string }[]>(
    'wendy',
    `repos/ml/wine/statuses/${sha}`,
  );
  const newest = list.find((one) => one.context === 'databricks/train');
  return newest && { state: newest.status, description: newest.description };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'story-'));
  demo = await runDemo(
    resolve('.'),
    {
      port: await freePort(),
      fresh: false,
      dataDir: join(folder, 'demo'),
      pythonCacheDir: process.env.GITEA_DATABRICKS_PYTHON_CACHE ?? resolve('node_modules/.cache/python'),
      help: false,
    },
    { line: () => undefined, warn: (text) => console.warn(text) },
  );
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
  before = { champion: await champion(), prediction: await prediction() };
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
  const pull = await gitea<{ number: number }>('wendy', 'repos/ml/wine/pulls', {
    head: 'all-measurements',
    base: 'main',
    title: 'Use all twelve measurements',
    body: 'They are measured anyway.',
  });
  await expect
    .poll(() => status(sha), { timeout: 20_000, interval: 250 })
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
    .poll(() => status(sha), { timeout: 10_000 })
    .toMatchObject({
      state: 'success',
      description: expect.stringMatching(/^rmse 0\.\d+ \(−\d/),
    });
  const comments = () =>
    gitea<{ user: { login: string }; body: string }[]>('wendy', 'repos/ml/wine/issues/1/comments');
  await expect
    .poll(async () => (await comments()).map((one) => one.body).join('\n'), { timeout: 10_000 })
    .toMatch(/gates pass[\s\S]*\| .*rmse.* \|/);
  expect(await comments()).toHaveLength(1);
});

test('somebody approves, wendy merges in the page, and the version becomes the champion', async () => {
  await gitea('ada', 'repos/ml/wine/pulls/1/reviews', { event: 'APPROVED', commit_id: sha, body: '' });
  await page.reload();
  await page.locator('.pull-merge-box .merge-open').click();
  await page.locator('.pull-merge-box .merge-do').click();
  await expect.poll(champion, { timeout: 60_000, interval: 500 }).toBeGreaterThan(before.champion);
  const promoted = await champion();
  await expect.poll(() => trafficOf(promoted), { timeout: 60_000, interval: 500 }).toBe(100);
  expect(await prediction()).not.toBe(before.prediction);
  await page.goto(`${demo.url}ml/wine/pulls/1`);
  await page
    .locator('#databricks')
    .getByText(new RegExp(`Released v${promoted} as champion`))
    .waitFor();
});

test('one click and a confirmation that names both versions roll it back', async () => {
  const promoted = await champion();
  await page.goto(`${demo.url}ml/wine?tab=databricks`);
  await page.getByRole('button', { name: `Roll back to v${before.champion}` }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText(`v${promoted}`, { exact: true }).first().waitFor();
  await dialog.getByText(`v${before.champion}`, { exact: true }).first().waitFor();
  await dialog.getByRole('textbox').fill('worse on live traffic');
  await dialog.getByRole('button', { name: `Roll back to v${before.champion}` }).click();
  await dialog.getByText(`v${before.champion} is in production`).waitFor({ timeout: 60_000 });
  await dialog.getByRole('button', { name: 'Close' }).last().click();

  expect(await champion()).toBe(before.champion);
  expect(await trafficOf(before.champion)).toBe(100);
  expect(await prediction()).toBe(before.prediction);
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
  const log = await page.evaluate(
    async (base) => (await fetch(`${base}api/v1/repositories/1/audit?limit=200`)).json(),
    demo.demo.backend.url,
  );
  const { items, verification } = log as AuditList;
  expect(verification).toMatchObject({ intact: true, brokenAt: null });
  const ended = items.filter((entry) => entry.action === 'release.ended');
  expect(ended.map((entry) => [entry.actor.name, entry.outcome])).toEqual([
    ['wendy', 'done'],
    ['wendy', 'done'],
  ]);
  expect(items.find((entry) => entry.action === 'hold.lifted')?.actor).toMatchObject({ name: 'wendy' });
  expect(items.filter((entry) => entry.action === 'run.submitted').every((entry) => entry.commit)).toBe(true);
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

test('nothing escaped into Gitea’s own error banner', () => {
  expect(errors).toEqual([]);
});
