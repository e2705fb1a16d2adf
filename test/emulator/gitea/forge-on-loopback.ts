import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ForgeVersion } from '../../../src/emulator/gitea/context.ts';
import type { Forge } from '../../../src/emulator/gitea/forge.ts';
import { createForge } from '../../../src/emulator/gitea/forge.ts';

/** An answer of the API, its body parsed where it is JSON. */
export interface Answer {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests read deep into answers whose shape they check
  body: any;
}

export interface RunningForge {
  forge: Forge;
  url: string;
  folder: string;
  /** Calls the API as a user, by token where one was made (`tokens`), else by password; '' = nobody. */
  api(user: string, method: string, path: string, body?: unknown): Promise<Answer>;
  /** Sends any `Authorization` header. */
  call(authorization: string | undefined, method: string, path: string, body?: unknown): Promise<Answer>;
  password(user: string): string;
  /** Runs git in a folder, as a user where the remote needs one. Rejects with git's words. */
  git(folder: string, ...args: string[]): Promise<string>;
  /** The address to clone from as a user. */
  remote(user: string, repository: string): string;
  /** Stops the forge and starts it again on the same data. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

const run = promisify(execFile);

/** Starts a forge with its data in a new temporary folder. */
export async function startForge(version: ForgeVersion = '1.26'): Promise<RunningForge> {
  const folder = await mkdtemp(join(tmpdir(), 'forge-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  const open = async () => {
    const made = await createForge({
      dataDir: join(folder, 'data'),
      rootUrl: url,
      customDir: join(folder, 'custom'),
      version,
    });
    await made.listen({ port });
    return made;
  };
  const password = (user: string) => `${user}-password`;
  const running: RunningForge = {
    forge: await open(),
    url,
    folder,
    password,
    async call(authorization, method, path, body) {
      const response = await fetch(`${url}api/v1${path}`, {
        method,
        headers: {
          ...(authorization === undefined ? {} : { authorization }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        body: body === undefined ? undefined : JSON.stringify(body),
      });
      const text = await response.text();
      const isJson = (response.headers.get('content-type') ?? '').startsWith('application/json');
      return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
    },
    api(user, method, path, body) {
      const basic = `Basic ${Buffer.from(`${user}:${password(user)}`).toString('base64')}`;
      return running.call(user === '' ? undefined : basic, method, path, body);
    },
    async git(cwd, ...args) {
      const { stdout } = await run('git', args, {
        cwd,
        env: {
          ...process.env,
          GIT_TERMINAL_PROMPT: '0',
          GIT_CONFIG_GLOBAL: '/dev/null',
          GIT_CONFIG_NOSYSTEM: '1',
        },
        maxBuffer: 64 * 1024 * 1024,
      });
      return stdout.trim();
    },
    remote: (user, repository) => {
      const remote = new URL(`${repository}.git`, url);
      if (user !== '') Object.assign(remote, { username: user, password: password(user) });
      return remote.href;
    },
    async restart() {
      await running.forge.close();
      running.forge = await open();
    },
    async close() {
      await running.forge.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return running;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
