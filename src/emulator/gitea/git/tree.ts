import type { RepositoryRow } from '../store/rows.ts';
import type { GitRepositories } from './git-repositories.ts';

export interface TreeEntry {
  mode: string;
  type: 'blob' | 'tree' | 'commit';
  sha: string;
  /** Bytes; 0 for trees and submodules. */
  size: number;
  path: string;
}

/** A commit's or tree's entries, optionally below a path, optionally of the whole tree. */
export async function listTree(
  git: GitRepositories,
  repository: Pick<RepositoryRow, 'id'>,
  revision: string,
  options: { path?: string; recursive?: boolean } = {},
): Promise<TreeEntry[]> {
  const flags = options.recursive ? ['-r', '-t'] : [];
  const path = options.path === undefined ? [] : ['--', options.path];
  const listing = await git.text(repository, [
    'ls-tree',
    '-l',
    '-z',
    '--full-tree',
    ...flags,
    revision,
    ...path,
  ]);
  return listing
    .split('\0')
    .filter((line) => line !== '')
    .map((line) => {
      const [, mode, type, sha, size, name] = /^(\d+) (\w+) ([0-9a-f]+) +(\d+|-)\t(.*)$/s.exec(line)!;
      return {
        mode: mode!,
        type: type as TreeEntry['type'],
        sha: sha!,
        size: Number(size) || 0,
        path: name!,
      };
    });
}

/** A blob's bytes. */
export async function readBlob(
  git: GitRepositories,
  repository: Pick<RepositoryRow, 'id'>,
  sha: string,
): Promise<Buffer> {
  return (await git.run(repository, ['cat-file', 'blob', sha])).stdout;
}
