/** Starting and ending a real Gitea: what people are told, and that nothing stays behind. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Forge } from '../../src/demo/forge.ts';
import { realForge, realGiteaOf } from '../../src/demo/real-forge.ts';
import { freePort } from '../free-port.ts';

const gitea = { ...realGiteaOf(process.env)!, databaseUrl: undefined };
let dir: string;
let forge: Forge | undefined;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'gitea-process-'));
  chmodSync(dir, 0o711);
});
afterEach(async () => {
  await forge?.close();
  forge = undefined;
  rmSync(dir, { recursive: true, force: true });
});

const provide = () =>
  realForge(gitea)({
    dataDir: join(dir, 'gitea'),
    customDir: join(dir, 'custom'),
    rootUrl: 'http://127.0.0.1:3/',
  });

/** Command lines of the processes that belong to the folder. */
function processes(): string[] {
  return execFileSync('ps', ['-eo', 'user:32,args'], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes(dir) && line.includes(' web '));
}

const whoAmI = async (origin: string, name: string, password: string) => {
  const authorization = `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;
  const response = await fetch(`${origin}/api/v1/user`, { headers: { authorization } });
  return {
    status: response.status,
    ...((await response.json()) as { is_admin?: boolean; full_name?: string }),
  };
};

test('starts, never as root, makes an administrator without showing the password, and leaves nothing behind', async () => {
  forge = await provide();
  expect(forge.name).toMatch(/^(Gitea|Forgejo) \d+\.\d+\S* \(\//);
  const origin = await forge.listen(await freePort());
  const running = processes();
  expect(running.length).toBeGreaterThan(0);
  const server = running.filter((line) => !line.includes('keeper.ts'));
  expect(server).toHaveLength(1);
  expect(server[0]).not.toMatch(/^root /);
  if (process.getuid?.() === 0) expect(statSync(join(dir, 'gitea', 'app.ini')).uid).not.toBe(0);
  expect(statSync(join(dir, 'gitea', 'app.ini')).mode & 0o077).toBe(0);

  const password = 'a-password-of-the-test';
  await forge.createAdmin('ada', password, 'Ada Lindqvist');
  expect(await whoAmI(origin, 'ada', password)).toMatchObject({
    status: 200,
    is_admin: true,
    full_name: 'Ada Lindqvist',
  });
  expect(readFileSync(join(dir, 'gitea', 'gitea.log'), 'utf8')).not.toContain(password);
  // Once more is nothing; another password (an interrupted start made the first) replaces it.
  await forge.createAdmin('ada', password, 'Ada Lindqvist');
  await forge.createAdmin('ada', 'another-password', 'Ada Lindqvist');
  expect(await whoAmI(origin, 'ada', 'another-password')).toMatchObject({ status: 200, is_admin: true });
  expect((await whoAmI(origin, 'ada', password)).status).toBe(401);
  await forge.reloadTemplates();

  await forge.close();
  expect(processes()).toEqual([]);

  // The same data at the next start, on another port.
  forge = await provide();
  const again = await forge.listen(await freePort());
  expect(await whoAmI(again, 'ada', 'another-password')).toMatchObject({ status: 200 });
});

test('a database that holds somebody else’s Gitea is left alone', async () => {
  forge = await provide();
  const origin = await forge.listen(await freePort());
  await forge.createAdmin('ada', 'a-password-of-the-test', 'Ada Lindqvist');
  await forge.close();
  // What tells that the database is the demo's own.
  rmSync(join(dir, 'gitea', 'database'));
  forge = await provide();
  await forge.listen(Number(new URL(origin).port));
  await expect(forge.createAdmin('ada', 'another-password', 'Ada Lindqvist')).rejects.toThrow(
    'holds a Gitea already (users ada',
  );
  expect(await whoAmI(origin, 'ada', 'a-password-of-the-test')).toMatchObject({ status: 200 });
});

test('a port that is taken is told, and the attempt leaves nothing behind', async () => {
  const other = createServer((_, response) => response.writeHead(404).end());
  const port = await freePort();
  await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve));
  try {
    forge = await provide();
    await expect(forge.listen(port)).rejects.toThrow(`something else listens at http://127.0.0.1:${port}`);
    expect(processes()).toEqual([]);
  } finally {
    await new Promise((resolve) => other.close(resolve));
  }
});
