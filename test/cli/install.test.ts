import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { installInto, uninstallFrom } from '../../src/cli/install.ts';

const templatesDir = 'templates/custom';
let root: string;
let customDir: string;
let panelDist: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'install-'));
  customDir = join(root, 'custom');
  panelDist = join(root, 'dist');
  await mkdir(customDir);
  await build({ 'panel.js': 'loader 1', 'chunks/tab-aaa.js': 'tab 1', 'chunks/chart-ccc.js': 'chart' });
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function build(files: Record<string, string>) {
  await rm(panelDist, { recursive: true, force: true });
  for (const [name, text] of Object.entries(files)) await put(join(panelDist, name), text);
}
async function put(path: string, text: string) {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}
const install = (options: { publicPath?: string; everywhere?: boolean } = {}) =>
  installInto({ customDir, panelDist, templatesDir, options });
const read = (path: string) => readFile(join(customDir, path), 'utf8');
const files = async () =>
  (await readdir(customDir, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(customDir.length + 1))
    .toSorted();

describe('install', () => {
  test('puts templates and bundle where Gitea finds them', async () => {
    const { changed, toDo } = await install();
    expect(toDo).toEqual([]);
    expect(changed).toHaveLength(7);
    expect(await files()).toEqual([
      'public/assets/databricks/chunks/chart-ccc.js',
      'public/assets/databricks/chunks/tab-aaa.js',
      'public/assets/databricks/gitea-databricks.json',
      'public/assets/databricks/panel.js',
      'templates/custom/body_inner_post.tmpl',
      'templates/custom/extra_tabs.tmpl',
      'templates/custom/footer.tmpl',
      'templates/custom/header.tmpl',
    ]);
    expect(await read('templates/custom/footer.tmpl')).toMatch(/\$build := "[0-9a-f]{10}"/);
  });

  test('changes nothing the second time', async () => {
    await install();
    expect(await install()).toEqual({ changed: [], toDo: [] });
  });

  test('fills in where the backend is and where the panel shows', async () => {
    await install({ publicPath: '/git/-/databricks', everywhere: true });
    expect(await read('templates/custom/body_inner_post.tmpl')).toContain('$base := "/git/-/databricks/"');
    for (const hook of ['header', 'body_inner_post', 'footer', 'extra_tabs']) {
      expect(await read(`templates/custom/${hook}.tmpl`)).toContain('$everywhere := true');
    }
  });

  test.each(['javascript:alert(1)', '//elsewhere/', 'x"}}{{.', '/a b/', '', '/'])(
    'refuses %j as a public path',
    async (path) => {
      await expect(install({ publicPath: path })).rejects.toThrow('is not a public path');
      expect(await files()).toEqual([]);
    },
  );

  test('keeps the chunks of the build before for open pages, and removes older ones', async () => {
    await install();
    const before = await read('templates/custom/footer.tmpl');
    await build({ 'panel.js': 'loader 2', 'chunks/tab-bbb.js': 'tab 2', 'chunks/chart-ccc.js': 'chart' });
    await install();
    await install();
    expect(await read('templates/custom/footer.tmpl')).not.toBe(before);
    expect(await readdir(join(customDir, 'public/assets/databricks/chunks'))).toEqual([
      'chart-ccc.js',
      'tab-aaa.js',
      'tab-bbb.js',
    ]);
    await build({ 'panel.js': 'loader 3', 'chunks/tab-ddd.js': 'tab 3', 'chunks/chart-ccc.js': 'chart' });
    await install();
    expect(await readdir(join(customDir, 'public/assets/databricks/chunks'))).toEqual([
      'chart-ccc.js',
      'tab-bbb.js',
      'tab-ddd.js',
    ]);
  });

  test("leaves the admin's own template alone and says which line to add", async () => {
    const own = '<link rel="stylesheet" href="/assets/house.css">\n';
    await put(join(customDir, 'templates/custom/header.tmpl'), own);
    expect((await install()).toDo).toEqual([
      { file: 'templates/custom/header.tmpl', line: '{{template "custom/databricks/header" .}}' },
    ]);
    expect(await read('templates/custom/header.tmpl')).toBe(own);
    expect(await read('templates/custom/databricks/header.tmpl')).toContain('dbx-page');
    await put(
      join(customDir, 'templates/custom/header.tmpl'),
      `${own}{{ template "custom/databricks/header" . }}\n`,
    );
    expect(await install()).toEqual({ changed: [], toDo: [] });
  });

  test("touches nothing in a folder of somebody else's assets", async () => {
    await put(join(customDir, 'public/assets/databricks/logo.png'), 'theirs');
    await expect(install()).rejects.toThrow(/did not write \(logo\.png\)/);
    expect(await files()).toEqual(['public/assets/databricks/logo.png']);
  });

  test('says what is missing', async () => {
    await build({});
    await mkdir(panelDist, { recursive: true });
    await expect(install()).rejects.toThrow('build the panel first');
    await expect(
      installInto({ customDir: join(root, 'none'), panelDist, templatesDir, options: {} }),
    ).rejects.toThrow('custom folder of your Gitea');
  });
});

describe('uninstall', () => {
  test('leaves the folder as it was', async () => {
    await put(join(customDir, 'conf/app.ini'), 'theirs');
    await put(join(customDir, 'templates/custom/extra_links.tmpl'), 'theirs');
    await install();
    await uninstallFrom(customDir);
    expect(await files()).toEqual(['conf/app.ini', 'templates/custom/extra_links.tmpl']);
    expect(await uninstallFrom(customDir)).toEqual({ changed: [], toDo: [] });
  });

  test("keeps a part that the admin's template includes: without it Gitea would not start", async () => {
    const header = join(customDir, 'templates/custom/header.tmpl');
    await put(header, '{{template "custom/databricks/header" .}}\n');
    await install();
    const { toDo } = await uninstallFrom(customDir);
    expect(toDo).toEqual([
      { file: 'templates/custom/header.tmpl', line: '{{template "custom/databricks/header" .}}' },
    ]);
    expect(await files()).toContain('templates/custom/databricks/header.tmpl');
    expect(await files()).toContain('public/assets/databricks/panel.js');
    await put(header, '');
    expect((await uninstallFrom(customDir)).toDo).toEqual([]);
    expect(await files()).toEqual(['templates/custom/header.tmpl']);
  });

  test('deletes nothing that a tampered list names outside its folder', async () => {
    await install();
    await put(
      join(customDir, 'public/assets/databricks/gitea-databricks.json'),
      '{"files":["../../../templates/custom/header.tmpl"],"previous":[]}',
    );
    await put(join(customDir, 'keep'), 'x');
    await expect(uninstallFrom(customDir)).rejects.toThrow('is not the list');
    expect(await files()).toContain('keep');
  });
});
