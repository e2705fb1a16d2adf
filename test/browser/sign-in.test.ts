/** Signing in to the real backend through the forge, as every release does it: issuer, scopes, policies, consent. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Backend } from '../../src/server/main.ts';
import { startBackend } from '../../src/server/main.ts';
import { freePort } from '../free-port.ts';
import { giveConsent } from './gitea-page.ts';
import { openBrowser } from './open-browser.ts';
import type { PanelForge } from './panel-forge.ts';
import { startPanelForge } from './panel-forge.ts';
import { shownReleases } from './shown-releases.ts';
import { watchPage } from './watch-page.ts';

let browser: Browser;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sign-in-'));
  browser = await openBrowser();
});
afterAll(async () => {
  await browser?.close();
  await rm(folder, { recursive: true, force: true });
});

/** The backend with wendy's own token as its bot's; there is no workspace behind it. */
async function backendFor(forge: PanelForge, version: string): Promise<Backend> {
  const application = await forge.api('POST', 'user/applications/oauth2', {
    name: 'Databricks',
    redirect_uris: [`${forge.url}-/databricks/auth/callback`],
    confidential_client: true,
  });
  const token = await forge.api('POST', 'users/wendy/tokens', { name: 'backend', scopes: ['all'] });
  const dir = await mkdtemp(join(folder, `${version}-`));
  const secrets = { token: token.sha1, hook: 'webhook-secret', client: application.client_secret };
  for (const [name, secret] of Object.entries(secrets))
    await writeFile(join(dir, name), String(secret), { mode: 0o600 });
  const listen = `127.0.0.1:${await freePort()}`;
  const configFile = join(dir, 'gitea-databricks.yml');
  await writeFile(
    configFile,
    `public_url: ${forge.url}-/databricks/
listen: ${listen}
database: backend.db
gitea: {url: "${forge.url}", token_file: token, webhook_secret_file: hook, oauth: {client_id: "${application.client_id}", client_secret_file: client}}
workspaces:
  main: {host: "http://127.0.0.1:9", account_id: acc-1, auth: federation, reader: reader-id}
bindings:
  - {id: wine, repositories: [ml/wine], workspace: main, experiment: "/Shared/wine", principals: {trainer: t, releaser: r, fork: f}}
`,
  );
  const backend = await startBackend({ configFile, logFile: join(dir, 'log') });
  forge.useBackend(`http://${listen}`);
  return backend;
}

describe.each(shownReleases)('through $title', ({ version }) => {
  let forge: PanelForge;
  let backend: Backend | undefined;
  beforeEach(async () => {
    forge = await startPanelForge(version);
    backend = await backendFor(forge, version);
  });
  afterEach(async () => {
    await backend?.close();
    await forge?.close();
  });

  test('is one consent, then silent; the session changes things from the page and ends with it', async () => {
    const context = await forge.signedIn(browser);
    const page = await context.newPage();
    const notes = await watchPage(page);
    const tab = `${forge.url}ml/wine?tab=databricks`;
    const start = page.getByRole('button', { name: 'Continue with Gitea' });
    const shown = page.getByRole('navigation', { name: 'Databricks' });

    await page.goto(tab);
    await giveConsent(page);
    await shown.waitFor();

    // A new session without a question: the grant is there, and Gitea knows who this is.
    const ours = (await context.cookies(`${forge.url}-/databricks/`)).filter(({ path }) => path !== '/');
    expect(ours).not.toEqual([]);
    for (const { name, path } of ours) await context.clearCookies({ name, path });
    await page.goto(tab);
    await shown.waitFor();
    expect(await start.count()).toBe(0);

    // What the page sends is taken to come from the page, whatever referrer policy the release sets.
    const status = await page.evaluate(async () => {
      const answer = await fetch('/-/databricks/api/v1/session', { method: 'DELETE' });
      return answer.status;
    });
    expect(status).toBe(204);
    // Before there is a session the backend says so, and the browser notes it.
    expect(notes.complaints.filter((text) => !/401/.test(text))).toEqual([]);
    await context.close();
  });
});
