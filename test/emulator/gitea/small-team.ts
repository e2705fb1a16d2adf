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
  const { forge, api, gitScript, folder } = running;
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
  const work = join(folder, 'work');
  await gitScript(
    folder,
    `git clone --quiet "$1" "$2"
     git -C "$2" config user.name Wendy
     git -C "$2" config user.email wendy@example.com`,
    running.remote('wendy', 'ml/wine'),
    work,
  );
  const more: Omit<SmallTeam, keyof RunningForge> = {
    work,
    async commit(
      branch,
      files,
      { message = `Change ${Object.keys(files)}`, from = 'origin/main', push = true } = {},
    ) {
      await gitScript(
        work,
        `git fetch --quiet origin
         if git rev-parse --quiet --verify "refs/heads/$1" >/dev/null; then git checkout --quiet "$1"
         else git checkout --quiet --no-track -b "$1" "$2"; fi`,
        branch,
        from,
      );
      for (const [path, text] of Object.entries(files)) {
        await mkdir(dirname(join(work, path)), { recursive: true });
        await writeFile(join(work, path), text);
      }
      return await gitScript(
        work,
        `git add --all
         git commit --quiet -m "$2"
         if [ "$3" = true ]; then git push --quiet origin "$1"; fi
         git rev-parse HEAD`,
        branch,
        message,
        String(push),
      );
    },
  };
  return Object.assign(running, more);
}
