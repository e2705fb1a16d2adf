import type { ForgeContext } from '../context.ts';
import { Refusal } from '../refusal.ts';
import { atLeast, permission } from '../repository/permission.ts';
import type { CommentRow, PullRow, UserRow } from '../store/rows.ts';
import { fireComment } from '../webhooks/pull-events.ts';
import { baseRepository } from './pulls.ts';
import { addEntry } from './timeline.ts';

/** Comments on a pull request; reading it is enough. */
export async function createComment(
  forge: ForgeContext,
  doer: UserRow,
  pull: PullRow,
  body: string,
): Promise<CommentRow> {
  const repository = baseRepository(forge, pull);
  if (!atLeast(permission(forge, doer, repository, 'repo.pulls'), 'read'))
    throw new Refusal(404, 'not found');
  if (repository.isArchived) throw new Refusal(423, `${repository.name} is archived`);
  if (body.trim() === '') throw new Refusal(422, '[Body]: Required');
  const comment = forge.store.transaction(() => {
    const entry = addEntry(forge, doer, pull, 'comment', { body });
    forge.store.pulls.update(pull.id, { updated: forge.now() });
    return entry;
  });
  await fireComment(forge, doer, comment, 'created');
  return comment;
}

/** Changes a comment's text: its author may, and every writer of pull requests. */
export async function editComment(
  forge: ForgeContext,
  doer: UserRow,
  comment: CommentRow,
  body: string,
): Promise<CommentRow> {
  requireWriter(forge, doer, comment);
  const changed = forge.store.comments.update(comment.id, { body, updated: forge.now() });
  if (changed.body !== comment.body) await fireComment(forge, doer, changed, 'edited', comment.body);
  return changed;
}

/** Removes a comment. */
export async function deleteComment(forge: ForgeContext, doer: UserRow, comment: CommentRow): Promise<void> {
  requireWriter(forge, doer, comment);
  await fireComment(forge, doer, comment, 'deleted');
  forge.store.transaction(() => {
    forge.store.reactions.remove({ commentId: comment.id });
    forge.store.comments.remove({ id: comment.id });
  });
}

function requireWriter(forge: ForgeContext, doer: UserRow, comment: CommentRow): void {
  const pull = forge.store.pulls.get(comment.pullId)!;
  const access = permission(forge, doer, baseRepository(forge, pull), 'repo.pulls');
  if (doer.id !== comment.authorId && !atLeast(access, 'write')) throw new Refusal(403, '');
}
