import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Browser, BrowserContext, BrowserContextOptions } from 'playwright-core';
import { installInto } from '../../src/cli/install.ts';
import { startFrontProxy } from '../../src/demo/front-proxy.ts';
import { ensurePanel } from '../../src/demo/panel-build.ts';
import { createForge } from '../../src/emulator/gitea/forge.ts';
import type { ForgeVersion } from '../../src/emulator/gitea/releases.ts';
import { freePort } from '../free-port.ts';
import type { AnsweringBackend } from './answering-backend.ts';
import { startAnsweringBackend } from './answering-backend.ts';
import { signIn } from './gitea-page.ts';
import { pushChange } from './push.ts';

/** A forge with our templates and bundle, and a backend that answers what a test wants, behind one address. */
export interface PanelForge {
  /** With a trailing slash. */
  url: string;
  backend: AnsweringBackend;
  /** Puts another backend in the place of the answering one. @param origin where it listens */
  useBackend(origin: string): void;
  /** Calls Gitea's API in wendy's name. @throws when the answer is no success */
  // biome-ignore lint/suspicious/noExplicitAny: answers of Gitea, whose shape its own tests check
  api(method: string, path: string, body?: object): Promise<any>;
  /** A browser window in which wendy, who may write, is signed in to Gitea. */
  signedIn(browser: Browser, options?: BrowserContextOptions): Promise<BrowserContext>;
  close(): Promise<void>;
}

const wendy = { name: 'wendy', password: 'wendy-password' };

/** Repository 1 is ml/wine with the topic `databricks` and an open pull request 1 whose check is pending. */
export async function startPanelForge(version: ForgeVersion): Promise<PanelForge> {
  const root = resolve('.');
  const panelDist = join(root, 'dist', 'panel');
  await ensurePanel(root, panelDist);
  const folder = await mkdtemp(join(tmpdir(), 'panel-forge-'));
  const customDir = join(folder, 'custom');
  await mkdir(customDir);
  await installInto({ customDir, panelDist, templatesDir: join(root, 'templates/custom'), options: {} });

  const backend = await startAnsweringBackend();
  const origins: { forge?: string; backend: string } = { backend: backend.origin };
  const front = await startFrontProxy({
    port: await freePort(),
    forge: () => origins.forge,
    backend: () => origins.backend,
    backendPath: '/-/databricks/',
  });
  const forge = await createForge({ dataDir: join(folder, 'gitea'), customDir, rootUrl: front.url, version });
  origins.forge = `http://127.0.0.1:${await forge.listen({ port: 0 })}`;

  await forge.createUser({ ...wendy, email: 'wendy@example.com', fullName: 'Wendy Okafor', admin: true });
  const api = async (method: string, path: string, body?: object) => {
    const credentials = Buffer.from(`${wendy.name}:${wendy.password}`).toString('base64');
    const answer = await fetch(`${front.url}api/v1/${path}`, {
      method,
      headers: { authorization: `Basic ${credentials}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.status === 204 ? undefined : answer.json();
  };
  await api('POST', 'orgs', { username: 'ml' });
  await api('POST', 'orgs/ml/repos', { name: 'wine', auto_init: true, default_branch: 'main' });
  await api('PUT', 'repos/ml/wine/topics/databricks');
  const head = await pushChange({
    url: `${front.url}ml/wine.git`,
    user: wendy,
    branch: 'fewer-trees',
    file: 'README.md',
    message: 'Use fewer trees',
    change: (text) => `${text}\nFewer trees.\n`,
  });
  await api('POST', 'repos/ml/wine/pulls', { head: 'fewer-trees', base: 'main', title: 'Use fewer trees' });
  await api('POST', `repos/ml/wine/statuses/${head}`, { state: 'pending', context: 'databricks/train' });

  let state: BrowserContextOptions['storageState'];
  return {
    url: front.url,
    backend,
    useBackend(origin) {
      origins.backend = origin;
    },
    api,
    async signedIn(browser, options = {}) {
      const context = await browser.newContext({ locale: 'en-US', storageState: state, ...options });
      if (state === undefined) {
        const page = await context.newPage();
        await signIn(page, front.url, wendy);
        await page.close();
        state = await context.storageState();
      }
      return context;
    },
    async close() {
      await front.close();
      await forge.close();
      await backend.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
