/**
 * `npm run screenshots -- --demo .demo/demo.json`: takes the README's pictures from a running demo, through a real
 * browser, as somebody who uses it sees them. Nothing is hidden or faked: for the picture of a hold it rolls
 * production back by the dialog, and afterwards it rolls forward again and lifts the hold.
 */
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { BrowserContext, Locator, Page } from 'playwright-core';
import { chromium } from 'playwright-core';

interface Demo {
  gitea: { url: string };
  users: { name: string; password: string }[];
  repository: string;
  pullRequest: number | null;
  state: string;
}
type User = Demo['users'][number];

const { values: given } = parseArgs({
  options: {
    demo: { type: 'string', default: '.demo/demo.json' },
    out: { type: 'string', default: 'docs/screenshots' },
  },
});
const mostBytes = 2_000_000;
/** Loading a model and drawing a page take a while on a small machine. */
const patience = 30_000;
/** Pixels around the part that a picture shows. Items of a pull request's timeline bring their own. */
const usualMargin = 12;
const tallest = 1_200;

const demo = readDemo(given.demo);
const out = resolve(given.out);
mkdirSync(out, { recursive: true });
const page = `${demo.gitea.url}${demo.repository}`;
const pictures: string[] = [];
const passes = /gates? pass/i;
const fails = /gates? fails?/i;

function readDemo(file: string): Demo {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    throw new Error(`${file} cannot be read: start a demo with npm start, or name its demo.json with --demo`);
  }
  const found = JSON.parse(text) as Demo;
  if (found.state !== 'ready') throw new Error(`the demo is ${found.state}: wait until it says Ready`);
  return found;
}

function person(name: string): User {
  const user = demo.users.find((one) => one.name === name);
  if (!user) throw new Error(`the demo has no user ${name}`);
  return user;
}

/** A pull request by what became of it. */
async function pullThatFailed(): Promise<number> {
  const { name, password } = person('wendy');
  const authorization = `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;
  const answer = await fetch(`${demo.gitea.url}api/v1/repos/${demo.repository}/pulls?state=closed&limit=50`, {
    headers: { authorization },
  });
  const pulls = (await answer.json()) as { number: number; merged: boolean }[];
  const failed = pulls.find(({ merged }) => !merged);
  if (!failed) throw new Error('the demo has no pull request that was closed without a merge');
  return failed.number;
}

/** Writes what an element covers, with some of the page around it. */
async function picture(name: string, part: Locator, margin = usualMargin): Promise<void> {
  await part.scrollIntoViewIfNeeded();
  const tab = part.page();
  // A button under the pointer looks pressed, a field with the focus has a caret.
  await tab.mouse.move(0, 0);
  await tab.evaluate('document.fonts.ready');
  await tab.evaluate('window.scrollTo(0, 0)');
  const box = await part.boundingBox();
  const { width = 0 } = tab.viewportSize() ?? {};
  if (!box) throw new Error(`${name}: there is nothing to take a picture of`);
  const left = Math.max(0, Math.floor(box.x - margin));
  const top = Math.max(0, Math.floor(box.y - margin));
  const clip = {
    x: left,
    y: top,
    width: Math.min(width - left, Math.ceil(box.width + box.x - left + margin)),
    height: Math.min(tallest, Math.ceil(box.height + box.y - top + margin)),
  };
  const path = join(out, `${name}.png`);
  await tab.screenshot({ path, clip, fullPage: true, animations: 'disabled' });
  pictures.push(path);
  console.log(`${name.padEnd(28)}${String(clip.width).padStart(5)} × ${clip.height}`);
}

async function signIn(context: BrowserContext, user: User): Promise<Page> {
  const tab = await context.newPage();
  await tab.goto(`${demo.gitea.url}user/login`);
  await tab.fill('input[name=user_name]', user.name);
  await tab.fill('input[name=password]', user.password);
  await Promise.all([
    tab.waitForURL((url) => !url.pathname.endsWith('/user/login')),
    tab.press('input[name=password]', 'Enter'),
  ]);
  return tab;
}

/** The first time Gitea asks whether the panel may know who this is; later the panel signs in by itself. */
async function allowOnce(tab: Page): Promise<void> {
  await tab.goto(`${page}?tab=databricks`);
  const ask = tab.getByRole('button', { name: 'Continue with Gitea' });
  const production = tab.getByLabel('In production');
  await ask.or(production).first().waitFor({ timeout: patience });
  if (!(await ask.isVisible())) return;
  const [popup] = await Promise.all([tab.waitForEvent('popup'), ask.click()]);
  await popup.getByRole('button', { name: 'Authorize Application' }).click();
  await production.waitFor({ timeout: patience });
}

/** @param verdict what the box has to say: a picture of another verdict would tell a lie */
async function pullBox(tab: Page, pull: number, verdict: RegExp, name: string): Promise<void> {
  await tab.goto(`${page}/pulls/${pull}`);
  const box = tab.locator('#databricks');
  await box.getByText(verdict).first().waitFor({ timeout: patience });
  await box.getByRole('button').first().waitFor({ timeout: patience });
  await picture(name, box, 0);
}

/** Opens a view of the tab; `content` is there once it is drawn. */
async function view(tab: Page, hash: string, content: (root: Locator) => Locator): Promise<Locator> {
  await tab.goto('about:blank');
  await tab.goto(`${page}?tab=databricks${hash}`);
  const root = tab.locator('#dbx-root');
  await content(root).first().waitFor({ timeout: patience });
  for (const skeleton of await root.locator('.dbx-loading').all())
    await skeleton.waitFor({ state: 'detached' });
  return root;
}

const runRow = (root: Locator) => root.locator('a[href*="#/runs/"]');

async function viewsOfTheTab(tab: Page): Promise<void> {
  const runs = await view(tab, '#/runs', runRow);
  await picture('runs', runs);
  const address = await runRow(runs).first().getAttribute('href');
  const run = await view(tab, address?.slice(address.indexOf('#')) ?? '', (root) => root.locator('canvas'));
  await picture('run', run);
  await picture('models', await view(tab, '#/models', (root) => root.getByText(/^v\d+$/)));
}

/** Moves production by the view's first button of this name that may be pressed, and its dialog. */
async function release(
  tab: Page,
  hash: string,
  name: RegExp,
  beforeConfirming?: (dialog: Locator) => Promise<void>,
) {
  const button = (part: Locator) => part.getByRole('button', { name, disabled: false });
  await button(await view(tab, hash, button))
    .first()
    .click();
  const dialog = tab.getByRole('dialog');
  const confirm = dialog.getByRole('button', { name });
  await confirm.waitFor({ timeout: patience });
  await beforeConfirming?.(dialog);
  await confirm.click();
  await dialog
    .getByText(/v\d+ is in production/)
    .first()
    .waitFor({ timeout: patience });
}

async function liftHold(tab: Page): Promise<void> {
  const lift = (root: Locator) => root.getByRole('button', { name: 'Lift the hold' });
  const root = await view(tab, '#/releases', lift);
  await lift(root).click();
  await lift(root).waitFor({ state: 'detached', timeout: patience });
}

async function botsComment(tab: Page, pull: number): Promise<void> {
  await tab.goto(`${page}/pulls/${pull}`);
  const comment = tab.locator('.timeline-item.comment', { hasText: 'databricks-bot' }).first();
  await comment.waitFor({ timeout: patience });
  await picture('comment', comment, 0);
}

// It unpacks itself into the temporary folder and takes whatever lies there: an own one, shared with the tests.
const cache = resolve('node_modules/.cache/chromium');
mkdirSync(cache, { recursive: true });
process.env.TMPDIR = cache;
const { default: packed } = await import('@sparticuz/chromium');
const browser = await chromium.launch({
  executablePath: await packed.executablePath(),
  args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', '--disable-background-networking'],
});
try {
  const { pullRequest } = demo;
  if (pullRequest === null) throw new Error('the demo has no open pull request');
  const failed = await pullThatFailed();
  const open = async (width: number, colorScheme: 'light' | 'dark') => {
    const context = await browser.newContext({
      locale: 'en-US',
      viewport: { width, height: 900 },
      colorScheme,
      reducedMotion: 'reduce',
    });
    const tab = await signIn(context, person('wendy'));
    await allowOnce(tab);
    return tab;
  };
  const wide = await open(1280, 'light');
  await pullBox(wide, pullRequest, passes, 'pull-box');
  await pullBox(wide, failed, fails, 'pull-box-fail');
  await botsComment(wide, failed);
  await viewsOfTheTab(wide);
  const dark = await open(1280, 'dark');
  await pullBox(dark, pullRequest, passes, 'pull-box-dark');
  await pullBox(dark, failed, fails, 'pull-box-fail-dark');
  const narrow = await open(390, 'light');
  await pullBox(narrow, failed, fails, 'pull-box-fail-narrow');
  await picture('runs-narrow', await view(narrow, '#/runs', runRow));

  await release(wide, '#/releases', /^Roll back to v\d+$/, async (dialog) => {
    await dialog.getByRole('textbox').fill('Worse on live traffic');
    await picture('rollback', dialog, 0);
  });
  const held = await view(wide, '#/releases', (root) => root.getByRole('button', { name: 'Lift the hold' }));
  await picture('releases', held);
  await release(wide, '#/models', /^Promote v\d+/);
  await liftHold(wide);
} finally {
  await browser.close();
}

const bytes = pictures.reduce((sum, path) => sum + statSync(path).size, 0);
console.log(`${pictures.length} pictures, ${Math.round(bytes / 1000)} kB in ${given.out}`);
if (bytes > mostBytes) throw new Error(`the pictures are larger than ${mostBytes / 1000} kB together`);
