import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { Account } from './account.ts';
import { ids } from './account.ts';
import type { GiteaVersion } from './version.ts';
import { parseVersion, refusedVersion } from './version.ts';

const run = promisify(execFile);

/** A Gitea that is known to run here. */
export interface GiteaBinary {
  path: string;
  version: GiteaVersion;
}

/**
 * Asks a program whether it is a Gitea that the panel works with, as the account that it will run as.
 * @param named a path, or a name to look for in PATH
 * @throws with a sentence for the terminal: nothing there, not executable, no Gitea, too old, or the account cannot
 * run it
 */
export async function openBinary(named: string, account: Account | null): Promise<GiteaBinary> {
  const path = locate(named);
  let said: string;
  try {
    const environment = { PATH: process.env.PATH ?? '', HOME: '/', USER: account?.name ?? 'gitea' };
    const options = { cwd: '/', env: environment, timeout: 60_000, ...ids(account) };
    said = (await run(path, ['--version'], options)).stdout;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EPERM')
      throw new Error(`this process may not switch the user to ${account?.name}: ${message}`);
    if (code === 'EACCES') {
      throw new Error(
        `${account?.name ?? 'this user'} may not run ${path} (GITEA_BIN): a folder above it may be closed`,
      );
    }
    throw new Error(`${path} (GITEA_BIN) is no Gitea: --version failed (${code ?? message})`);
  }
  const version = parseVersion(said);
  if (!version) {
    throw new Error(
      `${path} (GITEA_BIN) is no Gitea: --version says ${JSON.stringify(said.split('\n', 1)[0]?.slice(0, 80))}`,
    );
  }
  const refused = refusedVersion(version);
  if (refused) throw new Error(`${path} (GITEA_BIN): ${refused}`);
  return { path, version };
}

function locate(named: string): string {
  const inPath = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  const places = named.includes('/') ? [resolve(named)] : inPath.map((folder) => join(folder, named));
  const path = places.find((place) => statSync(place, { throwIfNoEntry: false })?.isFile());
  if (path === undefined) {
    const isFolder = places.some((place) => existsSync(place));
    throw new Error(`GITEA_BIN=${named}: ${isFolder ? 'that is no file' : 'there is no such file'}`);
  }
  try {
    accessSync(path, constants.X_OK);
  } catch {
    throw new Error(`${path} (GITEA_BIN) is not executable: chmod +x it`);
  }
  return path;
}
