import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Forge } from '../../../src/emulator/gitea/forge.ts';
import { createForge } from '../../../src/emulator/gitea/forge.ts';
import type { ForgeVersion } from '../../../src/emulator/gitea/releases.ts';
import { freePort } from '../../free-port.ts';

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
  /** Calls the API as a user, with all scopes; '' = nobody. */
  api(user: string, method: string, path: string, body?: unknown): Promise<Answer>;
  /** Sends any `Authorization` header. */
  call(authorization: string | undefined, method: string, path: string, body?: unknown): Promise<Answer>;
  password(user: string): string;
  /** Runs git in a folder, as a user where the remote needs one. Rejects with git's words. */
  git(folder: string, ...args: string[]): Promise<string>;
  /**
   * Runs one script of git commands in a folder: starting a process from here costs more than what git does, so
   * what is said together is started once. Arguments are $1, $2, … of the script; it ends at the first failure.
   */
  gitScript(folder: string, script: string, ...args: string[]): Promise<string>;
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
  const running: RunningForge = {
    forge: await open(),
    url,
    folder,
    ...forgeClient(url),
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

async function runProgram(program: string, args: string[], cwd: string): Promise<string> {
  const { stdout } = await run(program, args, {
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
}

/** Talks to a forge at an address, emulated or real, as people with passwords of our making. */
export type ForgeClient = Pick<RunningForge, 'api' | 'call' | 'password' | 'git' | 'gitScript' | 'remote'>;

export function forgeClient(url: string): ForgeClient {
  const password = (user: string) => `${user}-password`;
  // Checking a password takes its time by design: one token per user keeps the tests quick.
  const tokens = new Map<string, string>();
  const makeToken = async (user: string, basic: string): Promise<string> => {
    const made = await client.call(basic, 'POST', `/users/${user}/tokens`, {
      name: 'test',
      scopes: ['all'],
    });
    if (made.status !== 201) throw new Error(`no token for ${user}: ${made.status} ${made.body.message}`);
    tokens.set(user, made.body.sha1);
    return made.body.sha1;
  };
  const client: ForgeClient = {
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
    async api(user, method, path, body) {
      if (user === '') return client.call(undefined, method, path, body);
      const basic = `Basic ${Buffer.from(`${user}:${password(user)}`).toString('base64')}`;
      // Tokens are managed with the password only.
      if (/^\/users\/[^/]+\/tokens/.test(path)) return client.call(basic, method, path, body);
      const token = tokens.get(user) ?? (await makeToken(user, basic));
      return client.call(`token ${token}`, method, path, body);
    },
    git: (cwd, ...args) => runProgram('git', args, cwd),
    gitScript: (cwd, script, ...args) => runProgram('sh', ['-euc', script, 'sh', ...args], cwd),
    remote: (user, repository) => {
      const remote = new URL(`${repository}.git`, url);
      if (user !== '') Object.assign(remote, { username: user, password: password(user) });
      return remote.href;
    },
  };
  return client;
}
