import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { installInto } from '../../src/cli/install.ts';
import { basic } from '../../src/demo/setup/gitea-client.ts';
import type { Forge } from '../../src/emulator/gitea/forge.ts';
import { createForge } from '../../src/emulator/gitea/forge.ts';
import { forgeVersions, releaseTitle } from '../../src/emulator/gitea/releases.ts';

const ada = { name: 'ada', password: 'a long password' };

const all = forgeVersions.map((version) => ({ version, title: releaseTitle(version) }));

describe.each(all)('templates/custom in the emulated $title', ({ version }) => {
  let dir: string;
  let forge: Forge;
  let root: string;

  const api = (method: string, path: string, body?: object) =>
    fetch(`${root}/api/v1/${path}`, {
      method,
      headers: { authorization: basic(ada), 'content-type': 'application/json' },
      body: body && JSON.stringify(body),
    });
  const page = async (path: string) => (await fetch(`${root}${path}`)).text();

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'templates-'));
    const customDir = join(dir, 'custom');
    await mkdir(join(dir, 'dist'));
    await mkdir(customDir);
    await writeFile(join(dir, 'dist', 'panel.js'), 'export {};\n');
    const options = { publicPath: '/-/databricks/' };
    await installInto({ customDir, panelDist: join(dir, 'dist'), templatesDir: 'templates/custom', options });
    forge = await createForge({
      dataDir: join(dir, 'data'),
      rootUrl: 'http://127.0.0.1/',
      customDir,
      version,
    });
    root = `http://127.0.0.1:${await forge.listen({ port: 0 })}`;
    await forge.createUser({ ...ada, email: 'ada@example.com', admin: true });
    for (const name of ['bound', 'other']) {
      expect(
        (await api('POST', 'user/repos', { name, auto_init: true, default_branch: 'main' })).status,
      ).toBe(201);
    }
    expect((await api('PUT', 'repos/ada/bound/topics/databricks')).status).toBe(204);
  });
  afterAll(async () => {
    await forge?.close();
    await rm(dir, { recursive: true, force: true });
  });

  test('a repository with the topic gets the tab, the context and the loader, which is there', async () => {
    const html = await page('/ada/bound');
    expect(html).toContain('href="/ada/bound?tab=databricks"');
    expect(html).toContain('data-page="code"');
    const source = /<script type="module"([^>]*) src="([^"]*databricks\/panel\.js\?v=[^"]*)"/.exec(html);
    expect(source?.[1]).toMatch(version === '1.27' ? /nonce="[^"]{8,}"/ : /^$/);
    expect(await page(source?.[2] as string)).toBe('export {};\n');
  });

  test('the open tab is drawn by the server', async () => {
    const html = await page('/ada/bound?tab=databricks');
    expect(html).toContain('id="dbx-root"');
    expect(html).toContain('.page-content.repository:not(.dbx-page)');
    expect(html).toContain('data-page="tab"');
    expect(html).toMatch(/class="active item" data-databricks-tab/);
  });

  test('no other page carries anything of it', async () => {
    for (const path of [
      '/ada/other',
      '/ada/other?tab=databricks',
      '/user/login',
      '/ada?tab=databricks',
      '/nowhere',
    ]) {
      const html = await page(path);
      expect(html, path).toContain('</html>');
      expect(html, path).not.toMatch(/dbx-|databricks-context|databricks\/panel|data-databricks/);
    }
  });
});
