import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { chooseAccount, giveFolder, makeFolder, requireReach } from '../../../src/demo/real-forge/account.ts';
import { openBinary } from '../../../src/demo/real-forge/binary.ts';
import { realForge } from '../../../src/demo/real-forge.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'real-forge-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** A program that answers anything with these words. */
function program(says: string, mode = 0o755): string {
  const path = join(dir, 'gitea');
  writeFileSync(path, `#!/bin/sh\necho '${says}'\n`);
  chmodSync(path, mode);
  return path;
}

describe('GITEA_BIN', () => {
  test('that is a Gitea is known by its own words', async () => {
    const path = program('Gitea version 1.26.2 built with go1.26');
    expect(await openBinary(path, null)).toMatchObject({
      path,
      version: { product: 'Gitea', text: '1.26.2' },
    });
  });

  test('may be a name in PATH', async () => {
    program('Gitea version 1.26.2 built with go1.26');
    const before = process.env.PATH;
    process.env.PATH = `${dir}:${before}`;
    try {
      expect(await openBinary('gitea', null)).toMatchObject({ path: join(dir, 'gitea') });
    } finally {
      process.env.PATH = before;
    }
  });

  test.each([
    ['a path to nothing', () => join(dir, 'absent'), /there is no such file/],
    ['a folder', () => dir, /that is no file/],
    ['a file that is not executable', () => program('x', 0o644), /is not executable: chmod \+x/],
    [
      'another program',
      () => program('git version 2.39.5'),
      /is no Gitea: --version says "git version 2.39.5"/,
    ],
    ['an old Gitea', () => program('Gitea version 1.20.1 built'), /Gitea 1.20.1 is too old.*1\.22 or newer/],
  ])('%s is told as what it is', async (_, path, message) => {
    await expect(openBinary(path(), null)).rejects.toThrow(message);
  });

  test('that fails is told before anything is made', async () => {
    const path = join(dir, 'broken');
    writeFileSync(path, '#!/bin/sh\nexit 3\n', { mode: 0o755 });
    chmodSync(dir, 0o755);
    const settings = {
      dataDir: join(dir, 'data'),
      customDir: join(dir, 'custom'),
      rootUrl: 'http://127.0.0.1:1/',
    };
    await expect(realForge({ binary: path })(settings)).rejects.toThrow(/is no Gitea: --version failed/);
    expect(statSync(join(dir, 'data'), { throwIfNoEntry: false })).toBeUndefined();
  });
});

describe('who Gitea runs as', () => {
  const isRoot = process.getuid?.() === 0;

  test.runIf(isRoot)('is nobody for root, or who GITEA_RUN_AS names, but never root', async () => {
    expect(await chooseAccount(undefined)).toMatchObject({ name: 'nobody' });
    expect(await chooseAccount('1234:5678')).toEqual({ name: '1234:5678', uid: 1234, gid: 5678 });
    expect((await chooseAccount('daemon'))?.uid).toBeGreaterThan(0);
    await expect(chooseAccount('root')).rejects.toThrow('does not run as root');
    await expect(chooseAccount('0')).rejects.toThrow('does not run as root');
  });

  test.runIf(isRoot)('owns the folders that are its own, and must be able to reach them', async () => {
    const account = { name: 'somebody', uid: 4321, gid: 4321 };
    const data = join(dir, 'demo', 'gitea');
    mkdirSync(join(dir, 'demo'), { mode: 0o700 });
    makeFolder(data, account);
    expect(statSync(data)).toMatchObject({ uid: 4321, gid: 4321 });
    expect(statSync(join(dir, 'demo')).mode & 0o777).toBe(0o710);
    await expect(requireReach([data], account)).rejects.toThrow(/cannot reach .*--data DIR/);
    chmodSync(dir, 0o711);
    await requireReach([data], account);

    mkdirSync(join(data, 'templates'));
    writeFileSync(join(data, 'templates', 'header.tmpl'), '');
    giveFolder(data, account);
    expect(statSync(join(data, 'templates', 'header.tmpl'))).toMatchObject({ uid: 4321, gid: 4321 });
  });

  test.runIf(isRoot)('is told when it may not run the binary', async () => {
    const path = program('Gitea version 1.26.2 built', 0o700);
    const closed = openBinary(path, { name: 'somebody', uid: 4321, gid: 4321 });
    await expect(closed).rejects.toThrow(/somebody may not run/);
  });

  test.skipIf(isRoot)('is the present user, and nobody else can be asked for', async () => {
    expect(await chooseAccount(undefined)).toBeNull();
    await expect(chooseAccount('1')).rejects.toThrow('only root can run Gitea as');
  });

  test('is told when there is no such user', async () => {
    await expect(chooseAccount('no-such-user-here')).rejects.toThrow(/there is no user no-such-user-here/);
  });
});

test('what the keeper runs does not outlive the process that started it, however that ends', async () => {
  // Says its own number, and does not care about SIGTERM.
  const kept = {
    command: '/bin/sh',
    args: ['-c', 'trap "" TERM; echo $$; while :; do sleep 1; done'],
    cwd: dir,
    env: { PATH: process.env.PATH ?? '' },
    graceMs: 100,
  };
  const keeper = resolve('src/demo/real-forge/keeper.ts');
  const starter = `
    const { spawn } = require('node:child_process');
    spawn(process.execPath, ${JSON.stringify([keeper, JSON.stringify(kept)])}, { detached: true, stdio: ['pipe', 'inherit', 'inherit'] });
    setInterval(() => {}, 1000);`;
  const parent = spawn(process.execPath, ['-e', starter], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface(parent.stdout), 'line')) as [string];
  const pid = Number(line);
  expect(isAlive(pid)).toBe(true);
  parent.kill('SIGKILL');
  await expect.poll(() => isAlive(pid), { timeout: 20_000 }).toBe(false);
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
