import { appendFile, mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { RepositoryRow } from '../store/rows.ts';
import { looseRef } from './loose-ref.ts';
import { parseCommit } from './object-format.ts';
import type { GitObject, ObjectReader } from './object-reader.ts';
import { openObjectReader } from './object-reader.ts';
import type { GitResult, GitRunOptions } from './run-git.ts';
import { runGit } from './run-git.ts';

/** The object name of "nothing": a ref that did not exist before, or does not any more. */
export const zeroSha = '0'.repeat(40);

/** Pushes over HTTP, clones of any commit, and no clean-up behind the forge's back. */
const repositoryConfig = `[http]
	receivepack = true
[receive]
	advertiseOptions = true
	autogc = false
	denyDeleteCurrent = refuse
[gc]
	auto = 0
[uploadpack]
	allowAnySHA1InWant = true
	allowFilter = true
`;

/** How many results `remember` keeps, and how large one of git's may be (bytes). */
const rememberedResults = 2000;
const largestRemembered = 65_536;

const fullSha = /^\^?[0-9a-f]{40}$/;

/** Whether git reads by full object names only: then it says the same for ever. */
function isUnchanging([command = '', ...args]: readonly string[], options: GitRunOptions): boolean {
  if (!['log', 'cat-file', 'ls-tree', 'rev-list', 'diff'].includes(command)) return false;
  if (options.input !== undefined || options.env !== undefined) return false;
  const end = args.indexOf('--');
  const revisions = args.slice(0, end === -1 ? undefined : end).filter((arg) => !/^(-|\d+$|blob$)/.test(arg));
  const readsRefs = args.some((arg) => /^--(all|branches|tags|remotes|glob|stdin|batch)/.test(arg));
  return revisions.length > 0 && revisions.every((arg) => fullSha.test(arg)) && !readsRefs;
}

/** The bare repositories on disk, one folder per repository id, so that renames move nothing. */
export interface GitRepositories {
  path(repository: Pick<RepositoryRow, 'id'>): string;
  init(repository: RepositoryRow): Promise<void>;
  remove(repository: Pick<RepositoryRow, 'id'>): Promise<void>;
  /** Runs git in the repository; rejects with GitError on an exit code that is not accepted. */
  run(
    repository: Pick<RepositoryRow, 'id'>,
    args: readonly string[],
    options?: GitRunOptions,
  ): Promise<GitResult>;
  /** `run`, standard output as text without the last line break. */
  text(
    repository: Pick<RepositoryRow, 'id'>,
    args: readonly string[],
    options?: GitRunOptions,
  ): Promise<string>;
  /** The commit that a branch, tag, full or short SHA or ref names; undefined where nothing does. */
  commit(repository: Pick<RepositoryRow, 'id'>, revision: string): Promise<string | undefined>;
  /** The commit a ref (`refs/heads/main`) points to; undefined where it does not exist. */
  ref(repository: Pick<RepositoryRow, 'id'>, name: string): Promise<string | undefined>;
  /** The best common ancestor of two commits; '' where they have none. */
  mergeBase(repository: Pick<RepositoryRow, 'id'>, one: string, other: string): Promise<string>;
  /** One object by its full name; undefined where it is not there. */
  object(repository: Pick<RepositoryRow, 'id'>, sha: string): Promise<GitObject | undefined>;
  /** Type and size of an object by its full name. */
  inspect(
    repository: Pick<RepositoryRow, 'id'>,
    sha: string,
  ): Promise<Omit<GitObject, 'content'> | undefined>;
  /** Ends the processes that read objects. */
  close(): void;
  /** Computes once per key what depends on full object names only, and so never changes. */
  remember<T>(repository: Pick<RepositoryRow, 'id'>, key: string, compute: () => Promise<T>): Promise<T>;
}

/** Keeps bare repositories under `<dataDir>/repositories/<id>.git`. */
export function openGitRepositories(dataDir: string): GitRepositories {
  const root = join(dataDir, 'repositories');
  const path = (repository: Pick<RepositoryRow, 'id'>) => join(root, `${repository.id}.git`);
  const remembered = new Map<string, Promise<unknown>>();
  const remember: GitRepositories['remember'] = (repository, key, compute) => {
    const full = `${repository.id} ${key}`;
    const known = remembered.get(full) as ReturnType<typeof compute> | undefined;
    if (known !== undefined) return known;
    const [oldest] = remembered.keys();
    if (remembered.size >= rememberedResults && oldest !== undefined) remembered.delete(oldest);
    const computed = compute();
    remembered.set(full, computed);
    computed.catch(() => remembered.delete(full));
    return computed;
  };
  const run: GitRepositories['run'] = async (repository, args, options = {}) => {
    if (!isUnchanging(args, options)) return await runGit(path(repository), args, options);
    const key = `git ${JSON.stringify([args, options.accept])}`;
    const result = await remember(repository, key, () => runGit(path(repository), args, options));
    // What is not there may still be pushed.
    if (result.code !== 0 || result.stdout.length > largestRemembered)
      remembered.delete(`${repository.id} ${key}`);
    return result;
  };
  const text: GitRepositories['text'] = async (repository, args, options) =>
    (await run(repository, args, options)).stdout.toString('utf8').replace(/\n$/, '');
  const ref: GitRepositories['ref'] = async (repository, name) => {
    const loose = await looseRef(path(repository), name);
    if (loose !== 'unknown') return loose;
    const sha = await text(repository, ['rev-parse', '--verify', '--quiet', `${name}^{commit}`], {
      accept: [0, 1, 128],
    });
    return /^[0-9a-f]{40}$/.test(sha) ? sha : undefined;
  };
  const readers = new Map<number, ObjectReader>();
  const reader = (repository: Pick<RepositoryRow, 'id'>) => {
    const known = readers.get(repository.id) ?? openObjectReader(path(repository));
    readers.set(repository.id, known);
    return known;
  };
  /** What is there stays; what is not there may be pushed yet, and what is large is read again. */
  const object: GitRepositories['object'] = async (repository, sha) => {
    const found = await remember(repository, `object ${sha}`, () => reader(repository).read(sha));
    if (found === undefined || found.size > largestRemembered)
      remembered.delete(`${repository.id} object ${sha}`);
    return found;
  };
  const inspect: GitRepositories['inspect'] = async (repository, sha) => {
    const found = await remember(repository, `kind ${sha}`, () => reader(repository).inspect(sha));
    if (found === undefined) remembered.delete(`${repository.id} kind ${sha}`);
    return found;
  };
  /** The commit that a full object name leads to. */
  const byName = async (repository: Pick<RepositoryRow, 'id'>, name: string) => {
    const found = await inspect(repository, name);
    // An annotated tag leads to its commit.
    return found?.type === 'tag' ? await ref(repository, name) : found?.type === 'commit' ? name : undefined;
  };
  const parentsOf = async (repository: Pick<RepositoryRow, 'id'>, sha: string) => {
    const found = await object(repository, sha);
    return found?.type === 'commit' ? parseCommit(sha, found.content).parents : [];
  };
  const mergeBase = async (repository: Pick<RepositoryRow, 'id'>, one: string, other: string) => {
    // Most branches are one commit long: no process is needed to see where they began.
    if ((await parentsOf(repository, other)).includes(one)) return one;
    if ((await parentsOf(repository, one)).includes(other)) return other;
    return await text(repository, ['merge-base', one, other], { accept: [0, 1] });
  };
  return {
    path,
    text,
    ref,
    remember,
    object,
    inspect,
    close() {
      for (const one of readers.values()) one.close();
    },
    mergeBase: (repository, one, other) =>
      remember(repository, `merge-base ${one} ${other}`, () => mergeBase(repository, one, other)),
    run,
    async init(repository) {
      await mkdir(root, { recursive: true });
      await runGit(root, [
        'init',
        '--bare',
        '--quiet',
        '--template=',
        `--initial-branch=${repository.defaultBranch}`,
        path(repository),
      ]);
      await appendFile(join(path(repository), 'config'), repositoryConfig);
    },
    async remove(repository) {
      readers.get(repository.id)?.close();
      readers.delete(repository.id);
      await rm(path(repository), { recursive: true, force: true });
    },
    async commit(repository, revision) {
      const exists = await stat(path(repository)).catch(() => undefined);
      if (exists === undefined || revision === '' || revision.startsWith('-')) return undefined;
      // Git itself takes a full object name for the object, whatever refs are called.
      if (/^[0-9a-f]{40}$/.test(revision)) return await byName(repository, revision);
      for (const candidate of [`refs/heads/${revision}`, `refs/tags/${revision}`]) {
        const sha = await ref(repository, candidate);
        if (sha !== undefined) return sha;
      }
      // Only names and SHAs: no `@{…}`, `^`, `~` or `:` expressions, as Gitea.
      return /^(refs\/[^\s:~^?*[\\]+|HEAD|[0-9a-f]{4,40})$/.test(revision)
        ? ref(repository, revision)
        : undefined;
    },
  };
}
