import type { ForgeContext } from '../context.ts';
import { baseRepository } from '../pull/pulls.ts';
import { permission } from '../repository/permission.ts';
import type { CommentRow, PullRow, ReviewRow, UserRow } from '../store/rows.ts';
import { commentJson, issueJson } from '../wire/comment-json.ts';
import { pullJson } from '../wire/pull-json.ts';
import { repositoryJson } from '../wire/repository-json.ts';
import { userJson } from '../wire/user-json.ts';
import { fire } from './fire.ts';

export type PullAction = 'opened' | 'edited' | 'closed' | 'reopened' | 'synchronized';

/**
 * Tells hooks that a pull request was opened, pushed to, closed (also by a merge) or opened again.
 * @param range the head's commits before and after a push
 */
export async function firePull(
  forge: ForgeContext,
  doer: UserRow,
  pull: PullRow,
  action: PullAction,
  range?: { readonly before: string; readonly after: string },
): Promise<void> {
  const repository = baseRepository(forge, pull);
  const isSync = action === 'synchronized';
  const eventType = isSync ? 'pull_request_sync' : 'pull_request';
  await fire(forge, repository, { event: 'pull_request', eventType, subscription: eventType }, async () => ({
    action,
    ...(forge.settings.release.pushRange ? range : {}),
    number: pull.index,
    ...(action === 'edited' ? { changes: { added_labels: null, removed_labels: null } } : {}),
    pull_request: {
      ...(await pullJson(forge, pull, doer)),
      // Gitea starts its conflict check only after this event: a receiver must ask again.
      ...(isSync ? { mergeable: false } : {}),
    },
    requested_reviewer: null,
    repository: repositoryJson(forge, repository, isSync ? 'owner' : permission(forge, doer, repository)),
    sender: userJson(forge, doer, undefined),
    commit_id: '',
    review: null,
  }));
}

/** Tells hooks about a comment on a pull request. */
export async function fireComment(
  forge: ForgeContext,
  doer: UserRow,
  comment: CommentRow,
  action: 'created' | 'edited' | 'deleted',
  before = '',
): Promise<void> {
  const pull = forge.store.pulls.get(comment.pullId)!;
  const repository = baseRepository(forge, pull);
  await fire(
    forge,
    repository,
    { event: 'issue_comment', eventType: 'pull_request_comment', subscription: 'pull_request_comment' },
    async () => ({
      action,
      issue: issueJson(forge, pull, doer),
      pull_request: await pullJson(forge, pull, doer),
      comment: commentJson(forge, comment),
      ...(action === 'edited'
        ? { changes: { body: { from: before }, added_labels: null, removed_labels: null } }
        : {}),
      repository: repositoryJson(forge, repository, permission(forge, doer, repository)),
      sender: userJson(forge, doer, undefined),
      is_pull: true,
    }),
  );
}

/** Tells hooks about a review. The repository in it shows no permissions at all, as recorded. */
export async function fireReview(forge: ForgeContext, doer: UserRow, review: ReviewRow): Promise<void> {
  const pull = forge.store.pulls.get(review.pullId)!;
  const repository = baseRepository(forge, pull);
  const verdict = { APPROVED: 'approved', REQUEST_CHANGES: 'rejected' }[review.state as string] ?? 'comment';
  const eventType = `pull_request_review_${verdict}`;
  await fire(
    forge,
    repository,
    { event: `pull_request_${verdict}`, eventType, subscription: 'pull_request_review' },
    async () => ({
      action: 'reviewed',
      number: pull.index,
      pull_request: await pullJson(forge, pull, doer),
      requested_reviewer: userJson(forge, doer, undefined),
      repository: repositoryJson(forge, repository, 'none'),
      sender: userJson(forge, doer, undefined),
      commit_id: '',
      review: { type: eventType, content: review.body },
    }),
  );
}
