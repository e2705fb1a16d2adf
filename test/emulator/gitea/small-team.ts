import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { RunningForge } from './forge-on-loopback.ts';
import { startForge } from './forge-on-loopback.ts';

export interface SmallTeam extends RunningForge {
  /** Commits files on a new or existing branch in wendy's clone and pushes them; gives the commit's SHA. */
  commit(branch: string, files: Record<string, string>, options?: CommitOptions): Promise<string>;
  /** wendy's clone of ml/wine. */
  work: string;
}

interface CommitOptions {
  message?: string;
  /** Branch to start from where the branch is new. */
  from?: string;
  push?: boolean;
}

/** A forge with the repository `ml/wine` (private): ada is site admin, wendy and walt write, rita reads, nick has nothing. */
export async function startSmallTeam(): Promise<SmallTeam> {
  const running = await startForge();
  const { forge, api, git, folder } = running;
  await forge.createUser({
    name: 'ada',
    password: running.password('ada'),
    email: 'ada@example.com',
    admin: true,
  });
  for (const name of ['wendy', 'walt', 'rita', 'nick']) {
    await forge.createUser({ name, password: running.password(name), email: `${name}@example.com` });
  }
  await api('ada', 'POST', '/orgs', { username: 'ml' });
  await api('ada', 'POST', '/orgs/ml/repos', { name: 'wine', private: true, auto_init: true });
  for (const [name, permission] of [
    ['wendy', 'write'],
    ['walt', 'write'],
    ['rita', 'read'],
  ] as const) {
    await api('ada', 'PUT', `/repos/ml/wine/collaborators/${name}`, { permission });
  }
  await git(folder, 'clone', '--quiet', running.remote('wendy', 'ml/wine'), 'work');
  const work = join(folder, 'work');
  await git(work, 'config', 'user.name', 'Wendy');
  await git(work, 'config', 'user.email', 'wendy@example.com');
  const more: Omit<SmallTeam, keyof RunningForge> = {
    work,
    async commit(
      branch,
      files,
      { message = `Change ${Object.keys(files)}`, from = 'origin/main', push = true } = {},
    ) {
      await git(work, 'fetch', '--quiet', 'origin');
      const known = await git(work, 'branch', '--list', branch);
      if (known === '') await git(work, 'checkout', '--quiet', '--no-track', '-b', branch, from);
      else await git(work, 'checkout', '--quiet', branch);
      for (const [path, text] of Object.entries(files)) {
        await mkdir(dirname(join(work, path)), { recursive: true });
        await writeFile(join(work, path), text);
      }
      await git(work, 'add', '--all');
      await git(work, 'commit', '--quiet', '-m', message);
      if (push) await git(work, 'push', '--quiet', 'origin', branch);
      return git(work, 'rev-parse', 'HEAD');
    },
  };
  return Object.assign(running, more);
}
