import type { RepositoryRow } from '../store/rows.ts';
import type { GitRepositories } from './git-repositories.ts';
import type { TreeLine } from './object-format.ts';
import { parseCommit, parseTree } from './object-format.ts';

type Repository = Pick<RepositoryRow, 'id'>;

export interface TreeEntry {
  mode: string;
  type: 'blob' | 'tree' | 'commit';
  sha: string;
  /** Bytes; 0 for trees and submodules. */
  size: number;
  path: string;
}

/** A commit's or tree's entries (full object name), optionally below a path, optionally of the whole tree. */
export async function listTree(
  git: GitRepositories,
  repository: Repository,
  revision: string,
  options: { path?: string; recursive?: boolean } = {},
): Promise<TreeEntry[]> {
  const root = await treeOf(git, repository, revision);
  if (root === undefined) throw new Error(`${revision} is neither a commit nor a tree`);
  const lists = options.path?.endsWith('/') === true || options.path === undefined;
  const steps = (options.path ?? '').split('/').filter((step) => step !== '');
  let folder = root;
  let prefix = '';
  for (const [index, step] of steps.entries()) {
    const entry = (await linesOf(git, repository, folder)).find(({ name }) => name === step);
    if (entry === undefined) return [];
    const path = `${prefix}${step}`;
    if (index === steps.length - 1 && !lists) return [await withSize(git, repository, entry, path)];
    if (entry.type !== 'tree') return [];
    folder = entry.sha;
    prefix = `${path}/`;
  }
  return await entriesBelow(git, repository, folder, prefix, options.recursive === true);
}

async function entriesBelow(
  git: GitRepositories,
  repository: Repository,
  folder: string,
  prefix: string,
  recursive: boolean,
): Promise<TreeEntry[]> {
  const lists = (await linesOf(git, repository, folder)).map(async (line) => {
    const path = `${prefix}${line.name}`;
    const entry = await withSize(git, repository, line, path);
    if (line.type !== 'tree' || !recursive) return [entry];
    return [entry, ...(await entriesBelow(git, repository, line.sha, `${path}/`, true))];
  });
  return (await Promise.all(lists)).flat();
}

async function withSize(
  git: GitRepositories,
  repository: Repository,
  { mode, type, sha }: TreeLine,
  path: string,
): Promise<TreeEntry> {
  const size = type === 'blob' ? ((await git.inspect(repository, sha))?.size ?? 0) : 0;
  return { mode, type, sha, size, path };
}

async function linesOf(git: GitRepositories, repository: Repository, tree: string): Promise<TreeLine[]> {
  const object = await git.object(repository, tree);
  if (object?.type !== 'tree') throw new Error(`tree ${tree} does not exist`);
  return parseTree(object.content);
}

/** The tree of a commit, or the tree itself. */
async function treeOf(git: GitRepositories, repository: Repository, revision: string) {
  const object = await git.object(repository, revision);
  if (object?.type === 'commit') return parseCommit(revision, object.content).tree;
  return object?.type === 'tree' ? revision : undefined;
}

/** A blob's bytes. */
export async function readBlob(git: GitRepositories, repository: Repository, sha: string): Promise<Buffer> {
  const object = await git.object(repository, sha);
  if (object?.type !== 'blob') throw new Error(`blob ${sha} does not exist`);
  return object.content;
}
