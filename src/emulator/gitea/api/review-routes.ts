import type { NewReview } from '../pull/reviews.ts';
import { dismissReview, submitReview } from '../pull/reviews.ts';
import { Refusal } from '../refusal.ts';
import type { ReviewRow } from '../store/rows.ts';
import { reviewJson } from '../wire/comment-json.ts';
import { notFound } from './api-error.ts';
import { paged } from './paging.ts';
import { requirePull } from './require.ts';
import type { AddRoute, ApiCall } from './router.ts';

/** What the API calls a review's outcome; some names are older ones that it still takes. */
const events: Record<string, NewReview['state']> = {
  APPROVED: 'APPROVED',
  APPROVE: 'APPROVED',
  REQUEST_CHANGES: 'REQUEST_CHANGES',
  COMMENT: 'COMMENT',
  PENDING: 'PENDING',
  '': 'PENDING',
};

/** Reviews of a pull request. */
export function reviewRoutes(route: AddRoute): void {
  const repo = ['repository'] as const;
  const reviews = '/repos/:owner/:repo/pulls/:index/reviews';
  route('GET', reviews, repo, (call) => {
    const pull = requirePull(call);
    const visible = call.forge.store.reviews
      .list({ pullId: pull.id })
      .filter((one) => one.state !== 'PENDING' || one.authorId === call.user?.id);
    return paged(call, visible).map((one) => reviewJson(call.forge, one, call.user));
  });
  route('POST', reviews, repo, async (call) => {
    const pull = requirePull(call, 'write');
    const event = call.body.text('event') ?? '';
    const state = events[event.toUpperCase()];
    if (state === undefined) throw new Refusal(422, `unknown review event: ${event}`);
    if (Array.isArray(call.body.fields.comments) && call.body.fields.comments.length > 0) {
      throw new Refusal(422, 'line comments are not supported here: leave "comments" out');
    }
    const review = await submitReview(call.forge, call.doer(), pull, {
      state,
      body: call.body.text('body') ?? '',
      commitSha: call.body.text('commit_id'),
    });
    return reviewJson(call.forge, review, call.user);
  });
  route('GET', `${reviews}/:id`, repo, (call) => reviewJson(call.forge, requireReview(call), call.user));
  route('POST', `${reviews}/:id/dismissals`, repo, (call) => {
    const review = requireReview(call);
    const dismissed = dismissReview(call.forge, call.doer(), review, call.body.text('message') ?? '');
    return reviewJson(call.forge, dismissed, call.user);
  });
}

function requireReview(call: ApiCall): ReviewRow {
  const pull = requirePull(call);
  const review = call.forge.store.reviews.get(call.id('id'));
  if (review === undefined || review.pullId !== pull.id) throw notFound();
  return review;
}
