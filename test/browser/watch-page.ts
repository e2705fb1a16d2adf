import type { Page } from 'playwright-core';

/** What a page did that its reader never asked for. */
export interface PageNotes {
  /** Errors in the console, uncaught ones, dialogs, and what the Content Security Policy stopped. */
  readonly complaints: string[];
  /** Paths of every request, in order. */
  readonly requests: string[];
  /** Those of the requests that are ours: the bundle and the backend. */
  ours(): string[];
}

/** Listens to a page from before its first document on. */
export async function watchPage(page: Page): Promise<PageNotes> {
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(`${message.text()} (${message.location().url})`);
  });
  page.on('pageerror', (error) => complaints.push(`uncaught: ${error.message}`));
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => requests.push(new URL(request.url()).pathname));
  await page.exposeFunction('reportViolation', (text: string) => complaints.push(`policy: ${text}`));
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      const report = (window as unknown as { reportViolation(text: string): void }).reportViolation;
      report(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
    });
  });
  return {
    complaints,
    requests,
    ours: () => requests.filter((path) => /^\/(assets|-)\/databricks(\/|$)/.test(path)),
  };
}
