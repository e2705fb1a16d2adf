import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseDemoArguments } from '../../src/demo/arguments.ts';
import type { ForgeKind } from '../../src/demo/data-folder.ts';
import { openDataFolder as openFolder } from '../../src/demo/data-folder.ts';
import { Journal } from '../../src/demo/journal.ts';
import { requireFreePort, reusablePort } from '../../src/demo/ports.ts';

const openDataFolder = (at: string, options: { fresh: boolean; port?: number; forge?: ForgeKind }) =>
  openFolder(at, { forge: 'emulated', ...options });

let dir: string;
/** What the forge of a first start leaves. */
const begin = () => mkdirSync(join(dir, 'gitea'));

beforeEach(() => {
  dir = join(mkdtempSync(join(tmpdir(), 'demo-')), 'data');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe('the data folder', () => {
  test('keeps its port, so that addresses stay the same', () => {
    expect(openDataFolder(dir, { fresh: false }).port).toBe(3000);
    openDataFolder(dir, { fresh: true, port: 4321 }).remember({ forge: 5000 });
    begin();
    const again = openDataFolder(dir, { fresh: false });
    expect([again.port, again.innerPorts]).toEqual([4321, { forge: 5000 }]);
    expect(() => openDataFolder(dir, { fresh: false, port: 4322 })).toThrow(
      /lives at port 4321.*--fresh --port 4322/,
    );
  });

  test('belongs to the kind of Gitea that it was made with', () => {
    openDataFolder(dir, { fresh: false, forge: 'real' });
    begin();
    expect(() => openDataFolder(dir, { fresh: false, forge: 'emulated' })).toThrow(
      /was made with a real Gitea and cannot go on with the emulated Gitea.*--data DIR.*--fresh/,
    );
    openDataFolder(dir, { fresh: true, forge: 'emulated' });
    openDataFolder(dir, { fresh: false, forge: 'emulated' });
  });

  test('binds nobody to the port or the Gitea of a first start that was refused', () => {
    openDataFolder(dir, { fresh: false, port: 4321, forge: 'real' }).release();
    expect(openDataFolder(dir, { fresh: false }).port).toBe(3000);
    begin();
    expect(() => openDataFolder(dir, { fresh: false, forge: 'real' })).toThrow('the emulated Gitea');
  });

  test('is deleted by --fresh only when it is ours', () => {
    openDataFolder(dir, { fresh: false });
    writeFileSync(join(dir, 'old'), '');
    openDataFolder(dir, { fresh: true });
    expect(existsSync(join(dir, 'old'))).toBe(false);

    const theirs = join(dir, 'theirs');
    mkdirSync(theirs);
    writeFileSync(join(theirs, 'thesis.tex'), '');
    expect(() => openDataFolder(theirs, { fresh: true })).toThrow('--data DIR');
    expect(existsSync(join(theirs, 'thesis.tex'))).toBe(true);
  });
});

describe('a folder in use', () => {
  test('is neither opened nor deleted while its demo runs', () => {
    const folder = openDataFolder(dir, { fresh: false });
    // Our parent is alive for sure, and is not us.
    writeFileSync(join(dir, 'running.pid'), String(process.ppid));
    writeFileSync(join(dir, 'gitea'), '');
    expect(() => openDataFolder(dir, { fresh: true })).toThrow(`process ${process.ppid}`);
    expect(existsSync(join(dir, 'gitea'))).toBe(true);
    folder.release();
    expect(openDataFolder(dir, { fresh: true }).port).toBe(3000);
    expect(existsSync(join(dir, 'gitea'))).toBe(false);
  });

  test('is free again after a crash', () => {
    openDataFolder(dir, { fresh: false });
    // No process has this number on Linux (kernel.pid_max is at most 4194304).
    writeFileSync(join(dir, 'running.pid'), '999999999');
    expect(openDataFolder(dir, { fresh: false }).port).toBe(3000);
  });
});

describe('the journal', () => {
  const quiet = { line() {}, warn() {} };
  const open = () => new Journal(join(dir, 'journal.json'), quiet, new AbortController().signal);

  test('runs a step once, also over a restart, and an interrupted one again', async () => {
    let runs = 0;
    const step = async (journal: Journal) => journal.step('users', 'Users', async () => ({ runs: ++runs }));
    await expect(
      open().step('users', 'Users', () => Promise.reject(new Error('interrupted'))),
    ).rejects.toThrow();
    expect([await step(open()), await step(open())]).toEqual([{ runs: 1 }, { runs: 1 }]);
  });

  test('takes a step without facts for finished', async () => {
    let runs = 0;
    for (let start = 0; start < 2; start += 1) await open().step('a', '', async () => void runs++);
    expect(runs).toBe(1);
  });

  test('is readable for its owner only', () => {
    open().once('password', () => 'secret');
    expect(statSync(join(dir, 'journal.json')).mode & 0o777).toBe(0o600);
  });
});

describe('ports', () => {
  test('a taken port is named together with the option that changes it', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    await expect(requireFreePort(port)).rejects.toThrow(new RegExp(`port ${port} .*--port N`));
    expect(await reusablePort(port, [])).not.toBe(port);
    server.close();
    await once(server, 'close');
    await requireFreePort(port);
    expect(await reusablePort(port, [])).toBe(port);
  });
});

describe('options', () => {
  test('have defaults and are checked', () => {
    const cache = { XDG_CACHE_HOME: '/cache' };
    expect(parseDemoArguments([], cache)).toMatchObject({
      port: undefined,
      fresh: false,
      pythonCacheDir: '/cache/gitea-databricks/python',
    });
    expect(parseDemoArguments(['--port', '3100', '--fresh'], cache)).toMatchObject({
      port: 3100,
      fresh: true,
    });
    expect(
      parseDemoArguments([], { ...cache, GITEA_BIN: '/usr/bin/gitea', GITEA_RUN_AS: 'git' }),
    ).toMatchObject({
      realGitea: { binary: '/usr/bin/gitea', runAs: 'git' },
    });
    expect(parseDemoArguments([], { ...cache, GITEA_BIN: '' }).realGitea).toBeUndefined();
    expect(() => parseDemoArguments(['--gitea', '1.27'], { ...cache, GITEA_BIN: 'gitea' })).toThrow(
      'use one of them',
    );
    for (const wrong of [
      ['--port', 'x'],
      ['--port', '70000'],
      ['--prot', '1'],
    ]) {
      expect(() => parseDemoArguments(wrong, cache)).toThrow(/--port|--prot/);
    }
  });
});
