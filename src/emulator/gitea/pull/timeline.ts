import type { ForgeContext } from '../context.ts';
import type { CommentKind, CommentRow, PullRow, UserRow } from '../store/rows.ts';

/** A pull request's comments and events, oldest first. */
export function timeline(forge: ForgeContext, pull: PullRow): CommentRow[] {
  return forge.store.comments.list({ pullId: pull.id });
}

/** Adds an entry to a pull request's timeline. */
export function addEntry(
  forge: ForgeContext,
  doer: UserRow,
  pull: PullRow,
  kind: CommentKind,
  details: Partial<Pick<CommentRow, 'body' | 'reviewId' | 'data'>> = {},
): CommentRow {
  const now = forge.now();
  return forge.store.comments.insert({
    repositoryId: pull.repositoryId,
    pullId: pull.id,
    kind,
    authorId: doer.id,
    body: '',
    reviewId: null,
    data: {},
    ...details,
    created: now,
    updated: now,
  });
}
