import type { Page } from 'playwright-core';

interface Account {
  name: string;
  password: string;
}

/** Signs in to Gitea by its form. */
export async function signIn(page: Page, gitea: string, user: Account): Promise<void> {
  await page.goto(`${gitea}user/login`);
  await page.fill('input[name=user_name]', user.name);
  await page.fill('input[name=password]', user.password);
  await page.press('input[name=password]', 'Enter');
  await page.waitForSelector(
    '#navbar [href$="/user/logout"], #navbar .link-action[data-url$="/user/logout"], .avatar',
    {
      state: 'attached',
    },
  );
}

/** Presses "Continue with Gitea" and allows it in the window that opens. */
export async function giveConsent(page: Page): Promise<void> {
  const [popup] = await Promise.all([
    page.waitForEvent('popup'),
    page.getByRole('button', { name: 'Continue with Gitea' }).click(),
  ]);
  await popup.getByRole('button', { name: 'Authorize Application' }).click();
}

/** Merges the open pull request: the button that opens the form, then the form's own. */
export async function mergeInPage(page: Page): Promise<void> {
  const box = page.locator('#pull-request-merge-form');
  await box.locator('.merge-button > button').first().click();
  await box.locator('button[name=do]').click();
}

/** Where elements begin and end from left to right, in pixels; those that stand below each other give one. */
export function edges(page: Page, selector: string): Promise<string[]> {
  return page.locator(selector).evaluateAll((all) => {
    const found = all.map((one) => one.getBoundingClientRect());
    return [...new Set(found.map(({ left, right }) => `${left} to ${right}`))];
  });
}
