import type { ForgeContext } from '../context.ts';
import type { Commit } from '../git/commits.ts';
import { listCommits, readCommit } from '../git/commits.ts';
import { applyCommit, mergeTrees } from '../git/merge-trees.ts';
import { signatureEnvironment } from '../git/signature.ts';
import { Refusal } from '../refusal.ts';
import { fullName } from '../repository/repositories.ts';
import type { PullRow, RepositoryRow, UserRow } from '../store/rows.ts';
import { baseRepository } from './pulls.ts';

/** Gitea's merge styles, by the API's names. */
export const mergeStyles = ['merge', 'rebase', 'rebase-merge', 'squash', 'fast-forward-only'] as const;
export type MergeStyle = (typeof mergeStyles)[number];

interface MergePlan {
  style: MergeStyle;
  title?: string;
  message?: string;
  baseSha: string;
  mergeBase: string;
}

/** Writes the commits of a merge into the base repository and gives the new head of its base branch. */
export async function writeMerge(
  forge: ForgeContext,
  doer: UserRow,
  pull: PullRow,
  plan: MergePlan,
): Promise<string> {
  const repository = baseRepository(forge, pull);
  switch (plan.style) {
    case 'fast-forward-only':
      if (plan.mergeBase !== plan.baseSha) throw new Refusal(409, 'fast-forward-only merge is not possible');
      return pull.headSha;
    case 'rebase':
      return rebase(forge, doer, repository, pull, plan);
    case 'rebase-merge': {
      const head = await rebase(forge, doer, repository, pull, plan);
      return commitTree(forge, repository, `${head}^{tree}`, [plan.baseSha, head], text(forge, pull, plan), {
        author: doer,
        committer: doer,
      });
    }
    case 'squash':
    case 'merge': {
      const merged = await mergeTrees(forge.git, repository, plan.baseSha, pull.headSha);
      if (merged.conflictedFiles.length > 0) throw conflict(merged.conflictedFiles);
      const isSquash = plan.style === 'squash';
      const parents = isSquash ? [plan.baseSha] : [plan.baseSha, pull.headSha];
      const author = isSquash ? forge.store.users.get(pull.authorId)! : doer;
      return commitTree(forge, repository, merged.tree, parents, text(forge, pull, plan), {
        author,
        committer: doer,
      });
    }
  }
}

/** Gitea's message where none was given. */
export function defaultMergeTitle(forge: ForgeContext, pull: PullRow, style: MergeStyle): string {
  if (style === 'squash') return `${pull.title} (#${pull.index})`;
  const head =
    pull.headRepositoryId === null || pull.headRepositoryId === pull.repositoryId
      ? ''
      : `${fullName(forge, forge.store.repositories.get(pull.headRepositoryId)!)}:`;
  return `Merge pull request '${pull.title}' (#${pull.index}) from ${head}${pull.headBranch} into ${pull.baseBranch}`;
}

function text(forge: ForgeContext, pull: PullRow, plan: MergePlan): string {
  const title = plan.title || defaultMergeTitle(forge, pull, plan.style);
  return plan.message ? `${title}\n\n${plan.message}` : title;
}

async function rebase(
  forge: ForgeContext,
  doer: UserRow,
  repository: RepositoryRow,
  pull: PullRow,
  plan: MergePlan,
): Promise<string> {
  if (plan.mergeBase === plan.baseSha) {
    const merges = await forge.git.text(repository, [
      'rev-list',
      '--merges',
      '--count',
      `${plan.baseSha}..${pull.headSha}`,
    ]);
    if (merges === '0') return pull.headSha;
  }
  const range = [`${plan.baseSha}..${pull.headSha}`, '--no-merges', '--reverse', '--topo-order'];
  let onto = plan.baseSha;
  for (const commit of await listCommits(forge.git, repository, range)) {
    onto = await pick(forge, doer, repository, onto, commit);
  }
  return onto;
}

async function pick(
  forge: ForgeContext,
  doer: UserRow,
  repository: RepositoryRow,
  onto: string,
  commit: Commit,
): Promise<string> {
  const applied = await applyCommit(forge.git, repository, onto, {
    sha: commit.sha,
    parent: commit.parents[0],
  });
  if (applied.conflictedFiles.length > 0) throw conflict(applied.conflictedFiles);
  const before = await readCommit(forge.git, repository, onto);
  if (before.tree === applied.tree) return onto;
  return commitTree(forge, repository, applied.tree, [onto], commit.message, {
    author: commit.author,
    committer: doer,
  });
}

async function commitTree(
  forge: ForgeContext,
  repository: RepositoryRow,
  tree: string,
  parents: string[],
  message: string,
  people: { author: UserRow | { name: string; email: string; date: string }; committer: UserRow },
): Promise<string> {
  const args = ['commit-tree', tree, ...parents.flatMap((parent) => ['-p', parent]), '-F', '-'];
  const env = signatureEnvironment({ ...people, at: forge.now() });
  const input = message.endsWith('\n') ? message : `${message}\n`;
  return forge.git.text(repository, args, { env, input });
}

function conflict(files: string[]): Refusal {
  return new Refusal(409, `Merge Conflict: ${files.join(', ')}`);
}
