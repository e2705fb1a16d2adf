import { execFile } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Who Gitea runs as, when that is somebody else than we are. */
export interface Account {
  name: string;
  uid: number;
  gid: number;
}

/** Somebody that every Linux has and who owns nothing. */
const unprivileged = 'nobody';

/**
 * Chooses who Gitea runs as. It refuses to run as root, so root has to hand it to somebody; anybody else runs it as
 * themselves.
 * @param wanted a user's name, `uid` or `uid:gid`; undefined: `nobody` when we are root
 * @returns null when no switch is needed
 * @throws with a sentence for the terminal
 */
export async function chooseAccount(wanted: string | undefined): Promise<Account | null> {
  const own = process.getuid?.() ?? -1;
  if (wanted === undefined && own !== 0) return null;
  const account = await findAccount(wanted ?? unprivileged);
  if (account.uid === 0) throw new Error('Gitea does not run as root: name another user in GITEA_RUN_AS');
  if (account.uid === own) return null;
  if (own !== 0) {
    throw new Error(
      `only root can run Gitea as ${account.name}: leave GITEA_RUN_AS out, it then runs as you`,
    );
  }
  return account;
}

async function findAccount(wanted: string): Promise<Account> {
  const numbers = /^(\d+)(?::(\d+))?$/.exec(wanted);
  if (numbers) {
    const uid = Number(numbers[1]);
    return { name: wanted, uid, gid: Number(numbers[2] ?? uid) };
  }
  const idOf = async (flag: string) => Number((await run('id', [flag, '--', wanted])).stdout);
  try {
    return { name: wanted, uid: await idOf('-u'), gid: await idOf('-g') };
  } catch {
    throw new Error(`there is no user ${wanted}: name one in GITEA_RUN_AS (a name, or uid:gid)`);
  }
}

/** Makes a folder that is the account's own, below one that its group may pass through. */
export function makeFolder(folder: string, account: Account | null): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (!account) return;
  chownSync(folder, account.uid, account.gid);
  const above = dirname(folder);
  const { uid, mode } = statSync(above);
  if ((mode & 0o001) !== 0) return;
  chownSync(above, uid, account.gid);
  chmodSync(above, (mode & 0o7777) | 0o010);
}

/** Hands over a folder with all that is in it. */
export function giveFolder(folder: string, account: Account | null): void {
  if (!account) return;
  chownSync(folder, account.uid, account.gid);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) giveFolder(path, account);
    else if (entry.isFile()) chownSync(path, account.uid, account.gid);
  }
}

/** @throws when a folder above is closed to the account: then nothing in it can be used. */
export async function requireReach(folders: string[], account: Account | null): Promise<void> {
  if (!account) return;
  for (const folder of folders) {
    try {
      // The shell changes the folder, not `cwd`: that would happen before the switch of the user.
      await run('/bin/sh', ['-c', 'cd "$1"', 'sh', folder], { cwd: '/', ...ids(account) });
    } catch {
      throw new Error(
        `${account.name}, who Gitea runs as, cannot reach ${folder}: a folder above it is closed. Name another place with --data DIR, or another user in GITEA_RUN_AS`,
      );
    }
  }
}

/** For the options of a child process. */
export function ids(account: Account | null): { uid?: number; gid?: number } {
  return account ? { uid: account.uid, gid: account.gid } : {};
}
