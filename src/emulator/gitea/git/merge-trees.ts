import type { RepositoryRow } from '../store/rows.ts';
import type { GitRepositories } from './git-repositories.ts';

export interface MergedTree {
  /** The merged tree; with conflict markers in it where files conflict. */
  tree: string;
  /** Empty when the merge is clean. */
  conflictedFiles: string[];
}

/** Merges two commits (full object names) without a work tree (git ≥ 2.38). */
export function mergeTrees(
  git: GitRepositories,
  repository: Pick<RepositoryRow, 'id'>,
  ours: string,
  theirs: string,
): Promise<MergedTree> {
  return git.remember(repository, `merge ${ours} ${theirs}`, () => writeMerge(git, repository, ours, theirs));
}

async function writeMerge(
  git: GitRepositories,
  repository: Pick<RepositoryRow, 'id'>,
  ours: string,
  theirs: string,
): Promise<MergedTree> {
  const args = ['merge-tree', '--write-tree', '--name-only', '--no-messages', '--allow-unrelated-histories'];
  const output = await git.text(repository, [...args, '-z', ours, theirs], { accept: [0, 1] });
  const [tree, ...files] = output.split('\0').filter((field) => field !== '');
  return { tree: tree!.trim(), conflictedFiles: [...new Set(files)] };
}

/**
 * Puts one commit's change onto another commit. `merge-tree --merge-base` needs git 2.40, so three commits
 * made for the purpose tell an older git which base to use.
 */
export async function applyCommit(
  git: GitRepositories,
  repository: Pick<RepositoryRow, 'id'>,
  onto: string,
  commit: { sha: string; parent: string | undefined },
): Promise<MergedTree> {
  const env = {
    GIT_AUTHOR_NAME: 'forge',
    GIT_AUTHOR_EMAIL: 'forge@localhost',
    GIT_COMMITTER_NAME: 'forge',
    GIT_COMMITTER_EMAIL: 'forge@localhost',
  };
  const write = (tree: string, ...parents: string[]) =>
    git.text(
      repository,
      ['commit-tree', tree, ...parents.flatMap((parent) => ['-p', parent]), '-m', 'merge base'],
      { env },
    );
  const emptyTree = await git.text(repository, ['mktree'], { input: '' });
  const base = await write(commit.parent === undefined ? emptyTree : `${commit.parent}^{tree}`);
  const ours = await write(`${onto}^{tree}`, base);
  const theirs = await write(`${commit.sha}^{tree}`, base);
  return mergeTrees(git, repository, ours, theirs);
}
