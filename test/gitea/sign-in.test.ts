/** Gitea's consent page, what a grant changes, and what its end changes. Chapters stand on the ones before. */
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { openBrowser } from '../browser/open-browser.ts';
import { api, createPerson, giteaUrl } from './gitea-api.ts';
import { contextOf, landing } from './one-browser.ts';

const backend = inject('demo').backend.url;
const start = '/-/databricks/auth/start';
const callback = '/-/databricks/auth/callback';
let browser: Browser;
let context: BrowserContext;
let page: Page;

beforeAll(async () => {
  browser = await openBrowser();
  await createPerson('carla');
  await api('ada', 'PUT', 'repos/ml/wine/collaborators/carla', { permission: 'read' });
  // Its delivery makes the backend know the repository.
  await api('ada', 'POST', 'repos/ml/wine/contents/README.md', {
    content: Buffer.from('# Wine\n').toString('base64'),
    message: 'Start',
  });
  context = await contextOf(browser, 'carla');
  page = await context.newPage();
  await page.goto(`${giteaUrl}ml/wine`);
});
afterAll(() => browser?.close());

/** The status of the API for this browser's session, and its error code. */
const asked = () =>
  page.evaluate(async (url) => {
    const response = await fetch(url, { credentials: 'include' });
    return { status: response.status, code: ((await response.json()) as { code?: string }).code };
  }, `${backend}api/v1/repositories/1`);

/** Opens the consent window as the panel does. */
async function consentWindow(): Promise<Page> {
  const opened = page.waitForEvent('popup');
  await page.evaluate((url) => void window.open(url, 'consent', 'popup'), `${start}?mode=popup`);
  const popup = await opened;
  await popup.waitForLoadState();
  return popup;
}

test('nobody who is signed in to Gitea lands on its sign-in page', async () => {
  const anonymous = await browser.newContext();
  const visitor = await anonymous.newPage();
  await visitor.goto(`${giteaUrl}user/login`);
  expect(await landing(visitor, start)).toEqual({ path: '/user/login', status: 200 });
  await anonymous.close();
});

test('the first sign-in is asked for: a silent one lands on the consent page', async () => {
  expect(await landing(page, start)).toEqual({ path: '/login/oauth/authorize', status: 200 });
  expect(await asked()).toMatchObject({ status: 401 });
});

test('the consent page names the application and who made it; cancel means access denied, and no session', async () => {
  const popup = await consentWindow();
  expect(new URL(popup.url()).pathname).toBe('/login/oauth/authorize');
  const text = await popup.locator('.oauth2-authorize-application-box').innerText();
  expect(text).toContain('Databricks panel');
  expect(text).toMatch(/@?ada/);
  expect(text).toContain(new URL(giteaUrl).origin);
  const [answer] = await Promise.all([
    popup.waitForResponse((response) => response.url().includes(callback)),
    popup.getByRole('button', { name: 'Cancel' }).click(),
  ]);
  expect(new URL(answer.url()).searchParams.get('error')).toBe('access_denied');
  expect(answer.status()).toBe(403);
  await popup.getByText('Access was not allowed').waitFor();
  await popup.close();
  expect(await asked()).toMatchObject({ status: 401 });
});

test('allowed once, the window closes by itself and there is a session', async () => {
  const popup = await consentWindow();
  const closed = popup.waitForEvent('close');
  await popup.getByRole('button', { name: 'Authorize Application' }).click();
  await closed;
  await expect.poll(asked, { timeout: 20_000 }).toMatchObject({ status: 200 });
});

test('afterwards nobody is asked: a silent sign-in lands on the callback, in a new browser, too', async () => {
  expect(await landing(page, start)).toEqual({ path: callback, status: 200 });
  const other = await contextOf(browser, 'carla');
  const second = await other.newPage();
  await second.goto(giteaUrl);
  expect(await landing(second, start)).toEqual({ path: callback, status: 200 });
  await other.close();
});

test('a revoked grant ends the session at the next request, and consent is asked for again', async () => {
  expect(await asked()).toMatchObject({ status: 200 });
  const settings = await context.newPage();
  await settings.goto(`${giteaUrl}user/settings/applications`);
  const question = settings.locator('.ui.modal.visible .ok.button');
  // Before the page's script has run, a click on the button asks nothing; while the question opens, it covers the button.
  await expect
    .poll(
      async () => {
        if (!(await question.isVisible()))
          await settings
            .locator('button[data-url*="/revoke/"]')
            .click({ timeout: 2_000 })
            .catch(() => {});
        return await question.isVisible();
      },
      { timeout: 20_000, interval: 500 },
    )
    .toBe(true);
  await question.click();
  await settings.waitForLoadState();
  await settings.close();
  await expect.poll(asked, { timeout: 20_000 }).toMatchObject({ status: 401 });
  expect(await landing(page, start)).toMatchObject({ path: '/login/oauth/authorize' });
});
