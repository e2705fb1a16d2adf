import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Forge } from '../../../../src/emulator/gitea/forge.ts';
import { createForge } from '../../../../src/emulator/gitea/forge.ts';
import { createOrganisation } from '../../../../src/emulator/gitea/organisation/organisations.ts';
import { createComment } from '../../../../src/emulator/gitea/pull/comments.ts';
import { createPull } from '../../../../src/emulator/gitea/pull/create-pull.ts';
import { submitReview } from '../../../../src/emulator/gitea/pull/reviews.ts';
import { setStatus } from '../../../../src/emulator/gitea/pull/statuses.ts';
import type { ForgeVersion } from '../../../../src/emulator/gitea/releases.ts';
import { createRepository } from '../../../../src/emulator/gitea/repository/repositories.ts';
import type { PullRow, RepositoryRow, UserRow } from '../../../../src/emulator/gitea/store/rows.ts';

/** A forge with the story of the recorded pages: ml/wine-quality with an open pull request that has a status. */
export interface ForgeStory {
  readonly forge: Forge;
  readonly base: string;
  readonly customDir: string;
  readonly repository: RepositoryRow;
  readonly pull: PullRow;
  readonly users: Readonly<Record<'ada' | 'wendy' | 'rita', UserRow>>;
  /** A signed-in browser's request. */
  get(path: string, name?: string): Promise<{ status: number; html: string; headers: Headers }>;
  post(
    path: string,
    form: Record<string, string>,
    name?: string,
    headers?: Record<string, string>,
  ): Promise<Response>;
  cookie(name: string): Promise<string>;
  /** Writes a hook's template; undefined removes it. */
  hook(name: string, source: string | undefined): void;
  close(): Promise<void>;
}

export const password = 'correct horse battery';

/** Starts the story's forge on a port of its own. */
export async function startForgeStory(version: ForgeVersion = '1.26'): Promise<ForgeStory> {
  const folder = mkdtempSync(join(tmpdir(), 'forge-pages-'));
  const customDir = join(folder, 'custom');
  mkdirSync(join(customDir, 'templates/custom'), { recursive: true });
  mkdirSync(join(customDir, 'public/assets'), { recursive: true });
  const forge = await createForge({
    dataDir: join(folder, 'data'),
    customDir,
    rootUrl: 'http://127.0.0.1:3030/',
    version,
  });
  const base = `http://127.0.0.1:${await forge.listen({ port: 0 })}`;
  const make = (name: string, admin = false) =>
    forge.createUser({ name, password, email: `${name}@example.com`, admin });
  const users = { ada: await make('ada', true), wendy: await make('wendy'), rita: await make('rita') };
  const { context } = forge;
  const ml = createOrganisation(context, users.ada, { name: 'ml' });
  const repository = await createRepository(context, users.ada, ml, {
    name: 'wine-quality',
    description: 'Wine quality model',
    isPrivate: true,
    autoInit: true,
  });
  context.store.repositories.update(repository.id, { topics: ['databricks', 'wine'] });
  for (const [user, permission] of [[users.wendy, 'write'] as const, [users.rita, 'read'] as const]) {
    context.store.collaborators.insert({ repositoryId: repository.id, userId: user.id, permission });
  }
  await pushFiles(base, folder);
  const pull = await createPull(context, users.wendy, repository, {
    head: 'fewer-trees',
    base: 'main',
    title: 'Use fewer trees',
    body: 'Cheaper.',
  });
  setStatus(context, users.ada, repository, pull.headSha, {
    state: 'pending',
    context: 'databricks/train',
    description: 'Training on Databricks',
    targetUrl: 'http://127.0.0.1:3030/ml/wine-quality',
  });
  await submitReview(context, users.ada, pull, { state: 'REQUEST_CHANGES', body: 'Not yet' });
  await createComment(
    context,
    users.wendy,
    pull,
    'See #1, @ada and **numbers**:\n\n| a | b |\n|--|-:|\n| 1 | 2 |',
  );

  const cookies = new Map<string, string>();
  const cookie = async (name: string): Promise<string> => {
    const known = cookies.get(name);
    if (known !== undefined) return known;
    const body = new URLSearchParams({ user_name: name, password });
    const answer = await fetch(`${base}/user/login`, { method: 'POST', body, redirect: 'manual' });
    const made = answer.headers.get('set-cookie')?.split(';')[0] ?? '';
    cookies.set(name, made);
    return made;
  };
  return {
    forge,
    base,
    customDir,
    repository,
    pull,
    users,
    cookie,
    async get(path, name) {
      const headers: Record<string, string> = name === undefined ? {} : { cookie: await cookie(name) };
      const answer = await fetch(base + path, { headers, redirect: 'manual' });
      return { status: answer.status, html: await answer.text(), headers: answer.headers };
    },
    async post(path, form, name, headers = {}) {
      return fetch(base + path, {
        method: 'POST',
        body: new URLSearchParams(form),
        redirect: 'manual',
        headers: { ...headers, ...(name === undefined ? {} : { cookie: await cookie(name) }) },
      });
    },
    hook(name, source) {
      const path = join(customDir, 'templates/custom', `${name}.tmpl`);
      if (source === undefined) rmSync(path, { force: true });
      else writeFileSync(path, source);
    },
    async close() {
      await forge.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

// The forge answers in this process, so git must not block it.
const run = promisify(execFile);

/** Two branches with real commits, pushed by git over HTTP as wendy. */
async function pushFiles(base: string, folder: string): Promise<void> {
  const work = join(folder, 'work');
  const git = (...args: string[]) =>
    run('git', ['-c', 'user.name=wendy', '-c', 'user.email=wendy@example.com', ...args], {
      cwd: work,
      env: { PATH: process.env.PATH, GIT_CONFIG_GLOBAL: '/dev/null', GIT_TERMINAL_PROMPT: '0' },
    });
  mkdirSync(work);
  const url = `${base.replace('//', `//wendy:${encodeURIComponent(password)}@`)}/ml/wine-quality.git`;
  await git('clone', '--quiet', url, '.');
  writeFileSync(join(work, 'train.py'), 'print("train deepest")\n');
  mkdirSync(join(work, 'docs'));
  writeFileSync(join(work, 'docs/data.md'), '# Data\n\nSee [train](../train.py).\n');
  await git('add', '.');
  await git('commit', '--quiet', '-m', 'Grow the deepest trees');
  await git('push', '--quiet', 'origin', 'main');
  await git('checkout', '--quiet', '-b', 'fewer-trees');
  writeFileSync(join(work, 'train.py'), 'print("train deepest")\nprint("fewer")\n');
  await git('commit', '--quiet', '-am', 'Use fewer trees');
  await git('push', '--quiet', 'origin', 'fewer-trees');
}
