import { countCommits } from '../git/commits.ts';
import { changedFiles } from '../git/diff.ts';
import { mayWritePull } from '../pull/pulls.ts';
import type { PullRow, RepositoryRow } from '../store/rows.ts';
import type { PullSummary } from './pull-header.ts';
import type { Viewer } from './viewer.ts';

/** The range of a pull request's commits: what its head has beyond the merge base. */
export function commitRange(pull: PullRow): string {
  return pull.mergeBase === '' ? pull.headSha : `${pull.mergeBase}..${pull.headSha}`;
}

/** What every tab of a pull request shows. */
export async function loadPullSummary(
  viewer: Viewer,
  repository: RepositoryRow,
  pull: PullRow,
): Promise<PullSummary> {
  const { forge, user } = viewer;
  const head =
    pull.headRepositoryId === null ? null : (forge.store.repositories.get(pull.headRepositoryId) ?? null);
  const [files, commitCount, headRef] = await Promise.all([
    pull.mergeBase === '' ? [] : changedFiles(forge.git, repository, pull.mergeBase, pull.headSha),
    countCommits(forge.git, repository, [commitRange(pull)]),
    head === null ? undefined : forge.git.ref(head, `refs/heads/${pull.headBranch}`),
  ]);
  const sum = (key: 'additions' | 'deletions') => files.reduce((total, file) => total + file[key], 0);
  return {
    repository,
    pull,
    author: forge.store.users.get(pull.authorId)!,
    commitCount,
    commentCount: forge.store.comments
      .list({ pullId: pull.id, kind: ['comment', 'review'] })
      .filter((entry) => entry.kind === 'comment' || entry.body !== '').length,
    fileCount: files.length,
    additions: sum('additions'),
    deletions: sum('deletions'),
    headRepository: head,
    headBranchExists: headRef !== undefined,
    mayEdit: user !== undefined && mayWritePull(forge, user, pull),
  };
}
