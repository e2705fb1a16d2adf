import type { ForgeContext } from '../context.ts';
import { changedFiles } from '../git/diff.ts';
import { pullHeadRef } from '../pull/head.ts';
import { mergeability } from '../pull/mergeability.ts';
import { baseRepository, isDraft } from '../pull/pulls.ts';
import { reviewersOf } from '../pull/reviews.ts';
import { withFieldsOf } from '../release.ts';
import { permission } from '../repository/permission.ts';
import type { PullRow, UserRow } from '../store/rows.ts';
import { pullUrl } from './addresses.ts';
import { repositoryJson } from './repository-json.ts';
import { timestamp, timestampOrNull } from './timestamp.ts';
import { userJson } from './user-json.ts';

/** A pull request as the API shows it to a user. */
export async function pullJson(
  forge: ForgeContext,
  pull: PullRow,
  viewer: UserRow | undefined,
): Promise<Record<string, unknown>> {
  const { store, git } = forge;
  const base = baseRepository(forge, pull);
  const head = pull.headRepositoryId === null ? undefined : store.repositories.get(pull.headRepositoryId);
  const state = await mergeability(forge, pull);
  const mergeBase = pull.isMerged ? pull.mergeBase : state.mergeBase;
  const files = mergeBase === '' ? [] : await changedFiles(git, base, mergeBase, pull.headSha);
  const url = pullUrl(forge, pull);
  const sum = (of: 'additions' | 'deletions') => files.reduce((total, file) => total + file[of], 0);
  const headExists =
    head !== undefined && (await git.ref(head, `refs/heads/${pull.headBranch}`)) !== undefined;
  const merger = pull.mergedBy === null ? undefined : store.users.get(pull.mergedBy);
  const user = userJson(forge, store.users.get(pull.authorId)!, viewer);
  const of = { pullId: pull.id };
  return withFieldsOf(forge.settings.release, 'pull', {
    id: pull.id,
    url,
    number: pull.index,
    user,
    title: pull.title,
    body: pull.body,
    labels: [],
    milestone: null,
    assignee: null,
    assignees: [],
    requested_reviewers: reviewersOf(forge, pull).map((one) => userJson(forge, one, undefined)),
    requested_reviewers_teams: [],
    state: pull.state,
    draft: isDraft(pull),
    is_locked: false,
    comments: store.comments.count({ ...of, kind: 'comment' }),
    review_comments: store.comments.count({ ...of, kind: 'review' }),
    additions: sum('additions'),
    deletions: sum('deletions'),
    changed_files: files.length,
    html_url: url,
    diff_url: `${url}.diff`,
    patch_url: `${url}.patch`,
    mergeable: state.state !== 'conflict' && !isDraft(pull),
    merged: pull.isMerged,
    merged_at: timestampOrNull(pull.mergedAt),
    merge_commit_sha: pull.mergeCommit,
    merged_by: merger === undefined ? null : userJson(forge, merger, undefined),
    allow_maintainer_edit: false,
    base: {
      label: pull.baseBranch,
      ref: pull.baseBranch,
      sha: state.baseSha,
      repo_id: base.id,
      repo: repositoryJson(forge, base, permission(forge, viewer, base)),
    },
    head: {
      label: pull.headBranch,
      ref: headExists ? pull.headBranch : pullHeadRef(pull),
      sha: pull.headSha,
      repo_id: head?.id ?? -1,
      repo: head === undefined ? null : repositoryJson(forge, head, permission(forge, viewer, head)),
    },
    merge_base: mergeBase,
    due_date: null,
    created_at: timestamp(pull.created),
    updated_at: timestamp(pull.updated),
    closed_at: timestampOrNull(pull.closedAt),
    pin_order: 0,
  });
}
