import type { Browser, BrowserContext, Page } from 'playwright-core';
import { signIn } from '../browser/gitea-page.ts';
import { giteaUrl, passwordOf } from './gitea-api.ts';

/** A context with somebody signed in to Gitea; '' is nobody. */
export async function contextOf(browser: Browser, name: string): Promise<BrowserContext> {
  const context = await browser.newContext({ locale: 'en-US', viewport: { width: 1280, height: 900 } });
  if (name === '') return context;
  const page = await context.newPage();
  await signIn(page, giteaUrl, { name, password: passwordOf(name) });
  await page.close();
  return context;
}

/** Follows a same-origin request of a page. @returns where it ended, without the query, and how */
export function landing(page: Page, path: string): Promise<{ path: string; status: number }> {
  return page.evaluate(async (address) => {
    const response = await fetch(address, { credentials: 'include' });
    return { path: new URL(response.url).pathname, status: response.status };
  }, path);
}
