import type { ForgeContext } from '../context.ts';
import { isOfficialReviewer } from '../protection/rules.ts';
import { Refusal } from '../refusal.ts';
import { atLeast, permission } from '../repository/permission.ts';
import type { PullRow, ReviewRow, ReviewState, UserRow } from '../store/rows.ts';
import { fireReview } from '../webhooks/pull-events.ts';
import { baseRepository, mayWritePull } from './pulls.ts';
import { addEntry } from './timeline.ts';

export interface NewReview {
  state: Exclude<ReviewState, 'REQUEST_REVIEW'>;
  body: string;
  /** The commit that was looked at; the head where absent. */
  commitSha?: string;
}

/** Reviews a pull request. A person's newest approval or rejection is the one that counts. */
export async function submitReview(
  forge: ForgeContext,
  doer: UserRow,
  pull: PullRow,
  input: NewReview,
): Promise<ReviewRow> {
  const { store } = forge;
  const repository = baseRepository(forge, pull);
  if (!atLeast(permission(forge, doer, repository, 'repo.pulls'), 'read'))
    throw new Refusal(404, 'not found');
  const isVerdict = input.state === 'APPROVED' || input.state === 'REQUEST_CHANGES';
  if (isVerdict && doer.id === pull.authorId) {
    throw new Refusal(
      422,
      `${input.state === 'APPROVED' ? 'approve' : 'reject'} your own pull is not allowed`,
    );
  }
  if (isVerdict && pull.state === 'closed') throw new Refusal(422, 'pull request is closed');
  if (input.body.trim() === '' && (input.state === 'COMMENT' || input.state === 'REQUEST_CHANGES')) {
    throw new Refusal(422, 'review body is empty');
  }
  const now = forge.now();
  const review = store.transaction(() => {
    if (isVerdict) {
      for (const earlier of store.reviews.list({ pullId: pull.id, authorId: doer.id, isOfficial: true })) {
        store.reviews.update(earlier.id, { isOfficial: false });
      }
      store.reviews.remove({ pullId: pull.id, authorId: doer.id, state: 'REQUEST_REVIEW' });
    }
    const commitSha = input.commitSha || pull.headSha;
    const row = store.reviews.insert({
      repositoryId: pull.repositoryId,
      pullId: pull.id,
      authorId: doer.id,
      state: input.state,
      body: input.body,
      commitSha,
      isOfficial: isVerdict && isOfficialReviewer(forge, doer, repository, pull.baseBranch),
      isStale: commitSha !== pull.headSha,
      isDismissed: false,
      created: now,
      updated: now,
    });
    if (input.state !== 'PENDING')
      addEntry(forge, doer, pull, 'review', { body: input.body, reviewId: row.id });
    store.pulls.update(pull.id, { updated: now });
    return row;
  });
  if (input.state !== 'PENDING') await fireReview(forge, doer, review);
  return review;
}

/** Takes an approval or a rejection out of force. */
export function dismissReview(
  forge: ForgeContext,
  doer: UserRow,
  review: ReviewRow,
  message: string,
): ReviewRow {
  const pull = forge.store.pulls.get(review.pullId)!;
  if (!atLeast(permission(forge, doer, baseRepository(forge, pull)), 'admin')) {
    throw new Refusal(403, 'Must be repo admin');
  }
  if (review.state !== 'APPROVED' && review.state !== 'REQUEST_CHANGES') {
    throw new Refusal(
      422,
      "not need to dismiss this review because it's type is not Approve or change request",
    );
  }
  return forge.store.transaction(() => {
    addEntry(forge, doer, pull, 'dismiss', { body: message, reviewId: review.id });
    return forge.store.reviews.update(review.id, { isDismissed: true, updated: forge.now() });
  });
}

/** Asks people to review; they show up as `REQUEST_REVIEW` until they do. */
export function requestReviews(
  forge: ForgeContext,
  doer: UserRow,
  pull: PullRow,
  reviewers: UserRow[],
): ReviewRow[] {
  if (!mayWritePull(forge, doer, pull)) throw new Refusal(403, "Doer can't choose reviewer");
  const repository = baseRepository(forge, pull);
  return reviewers.map((reviewer) => {
    if (reviewer.id === pull.authorId) throw new Refusal(422, "poster of pr can't be reviewer");
    if (!atLeast(permission(forge, reviewer, repository), 'read')) {
      throw new Refusal(422, `Reviewer can't read [user_id: ${reviewer.id}, repo_name: ${repository.name}]`);
    }
    const asked = forge.store.reviews.find({
      pullId: pull.id,
      authorId: reviewer.id,
      state: 'REQUEST_REVIEW',
    });
    return (
      asked ??
      forge.store.reviews.insert({
        repositoryId: pull.repositoryId,
        pullId: pull.id,
        authorId: reviewer.id,
        state: 'REQUEST_REVIEW',
        body: '',
        commitSha: '',
        isOfficial: isOfficialReviewer(forge, reviewer, repository, pull.baseBranch),
        isStale: false,
        isDismissed: false,
        created: forge.now(),
        updated: forge.now(),
      })
    );
  });
}

/** Whoever was asked for, or gave, a verdict: the newest entry of each person. */
export function reviewersOf(forge: ForgeContext, pull: PullRow): UserRow[] {
  const reviews = forge.store.reviews.list({
    pullId: pull.id,
    state: ['APPROVED', 'REQUEST_CHANGES', 'REQUEST_REVIEW'],
  });
  return [...new Set(reviews.map((one) => one.authorId))].map((id) => forge.store.users.get(id)!);
}
