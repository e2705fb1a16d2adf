import type { ForgeContext } from '../context.ts';
import { baseRepository, isDraft } from '../pull/pulls.ts';
import { withFieldsOf } from '../release.ts';
import { fullName, repositoryOwner } from '../repository/repositories.ts';
import type { CommentRow, PullRow, ReviewRow, UserRow } from '../store/rows.ts';
import { pullUrl, repositoryApiUrl } from './addresses.ts';
import { timestamp, timestampOrNull } from './timestamp.ts';
import { userJson } from './user-json.ts';

/** A comment as the API shows it, the same to everybody. */
export function commentJson(forge: ForgeContext, comment: CommentRow) {
  const url = pullUrl(forge, forge.store.pulls.get(comment.pullId)!);
  return {
    id: comment.id,
    html_url: `${url}#issuecomment-${comment.id}`,
    pull_request_url: url,
    issue_url: '',
    user: userJson(forge, forge.store.users.get(comment.authorId)!, undefined),
    original_author: '',
    original_author_id: 0,
    body: comment.body,
    assets: [],
    created_at: timestamp(comment.created),
    updated_at: timestamp(comment.updated),
  };
}

/** A review as the API shows it to a user. */
export function reviewJson(forge: ForgeContext, review: ReviewRow, viewer: UserRow | undefined) {
  const url = pullUrl(forge, forge.store.pulls.get(review.pullId)!);
  const entry = forge.store.comments.find({ reviewId: review.id, kind: 'review' });
  return {
    id: review.id,
    user: userJson(forge, forge.store.users.get(review.authorId)!, viewer),
    team: null,
    state: review.state,
    body: review.body,
    commit_id: review.commitSha,
    stale: review.isStale,
    official: review.isOfficial,
    dismissed: review.isDismissed,
    comments_count: 0,
    submitted_at: timestamp(review.created),
    updated_at: timestamp(review.updated),
    html_url: entry === undefined ? '' : `${url}#issuecomment-${entry.id}`,
    pull_request_url: url,
  };
}

/** A pull request seen as an issue. */
export function issueJson(forge: ForgeContext, pull: PullRow, viewer: UserRow | undefined) {
  const repository = baseRepository(forge, pull);
  const url = pullUrl(forge, pull);
  return withFieldsOf(forge.settings.release, 'issue', {
    id: pull.id,
    url: `${repositoryApiUrl(forge, repository)}/issues/${pull.index}`,
    html_url: url,
    number: pull.index,
    user: userJson(forge, forge.store.users.get(pull.authorId)!, viewer),
    original_author: '',
    original_author_id: 0,
    title: pull.title,
    body: pull.body,
    ref: '',
    assets: [],
    labels: [],
    milestone: null,
    assignee: null,
    assignees: null,
    state: pull.state,
    is_locked: false,
    comments: forge.store.comments.count({ pullId: pull.id, kind: 'comment' }),
    created_at: timestamp(pull.created),
    updated_at: timestamp(pull.updated),
    closed_at: timestampOrNull(pull.closedAt),
    due_date: null,
    time_estimate: 0,
    pull_request: {
      merged: pull.isMerged,
      merged_at: timestampOrNull(pull.mergedAt),
      draft: isDraft(pull),
      html_url: url,
    },
    repository: {
      id: repository.id,
      name: repository.name,
      owner: repositoryOwner(forge, repository).name,
      full_name: fullName(forge, repository),
    },
    pin_order: 0,
  });
}
