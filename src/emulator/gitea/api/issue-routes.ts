import { createComment, deleteComment, editComment } from '../pull/comments.ts';
import { closePull, editPull, findPull, reopenPull } from '../pull/pulls.ts';
import { Refusal } from '../refusal.ts';
import type { CommentRow, PullRow } from '../store/rows.ts';
import { commentJson, issueJson } from '../wire/comment-json.ts';
import { timestamp } from '../wire/timestamp.ts';
import { userJson } from '../wire/user-json.ts';
import { notFound } from './api-error.ts';
import { paged } from './paging.ts';
import { requirePull, requireRepository } from './require.ts';
import type { AddRoute, ApiCall } from './router.ts';

/** `[ui] REACTIONS`. */
const reactions = ['+1', '-1', 'laugh', 'hooray', 'confused', 'heart', 'rocket', 'eyes'];

/** Pull requests seen as issues: comments and reactions. This forge has no other issues. */
export function issueRoutes(route: AddRoute): void {
  const issue = ['issue'] as const;
  const one = '/repos/:owner/:repo/issues/:index';
  const comment = '/repos/:owner/:repo/issues/comments/:id';

  route('GET', '/repos/:owner/:repo/issues', issue, (call) => {
    const repositoryId = requireRepository(call).id;
    const state = call.query('state') ?? 'open';
    const all =
      call.query('type') === 'issues'
        ? []
        : call.forge.store.pulls.list({ repositoryId }, { order: 'id desc' });
    const matching = all.filter((pull) => state === 'all' || pull.state === state);
    return paged(call, matching).map((pull) => issueJson(call.forge, pull, call.user));
  });
  route('GET', one, issue, (call) => issueJson(call.forge, requirePull(call), call.user));
  route('PATCH', one, issue, async (call) => {
    const doer = call.doer();
    let pull = await editPull(call.forge, doer, requirePull(call, 'write'), {
      title: call.body.text('title') || undefined,
      body: call.body.text('body'),
    });
    const state = call.body.text('state');
    if (state === 'closed') pull = await closePull(call.forge, doer, pull);
    if (state === 'open' && pull.state === 'closed') pull = await reopenPull(call.forge, doer, pull);
    return call.created(issueJson(call.forge, pull, call.user));
  });

  route('GET', `${one}/comments`, issue, (call) => {
    const comments = call.forge.store.comments.list({ pullId: commentedPull(call).id, kind: 'comment' });
    // Unpaginated, as in Gitea.
    call.reply.header('X-Total-Count', String(comments.length));
    return comments.map((row) => commentJson(call.forge, row));
  });
  route('POST', `${one}/comments`, issue, async (call) => {
    const doer = call.doer();
    const row = await createComment(call.forge, doer, commentedPull(call), call.body.required('body'));
    return call.created(commentJson(call.forge, row));
  });
  route('GET', '/repos/:owner/:repo/issues/comments', issue, (call) => {
    const repositoryId = requireRepository(call, 'read', { unit: 'repo.pulls' }).id;
    const [since, before] = [timeOf(call, 'since', 0), timeOf(call, 'before', Number.POSITIVE_INFINITY)];
    const comments = call.forge.store.comments
      .list({ repositoryId, kind: 'comment' }, { order: 'created, id' })
      .filter(({ updated }) => updated >= since && updated <= before);
    return paged(call, comments).map((row) => commentJson(call.forge, row));
  });
  route('GET', comment, issue, (call) => commentJson(call.forge, requireComment(call)));
  route('PATCH', comment, issue, async (call) => {
    const doer = call.doer();
    const row = await editComment(call.forge, doer, requireComment(call), call.body.required('body'));
    return commentJson(call.forge, row);
  });
  route('DELETE', comment, issue, async (call) => {
    await deleteComment(call.forge, call.doer(), requireComment(call));
  });

  const targets = [
    [
      comment,
      (call: ApiCall) => ({ commentId: requireComment(call).id, pullId: requireComment(call).pullId }),
    ],
    [one, (call: ApiCall) => ({ commentId: null, pullId: requirePull(call).id })],
  ] as const;
  for (const [path, target] of targets) {
    route('GET', `${path}/reactions`, issue, (call) =>
      call.forge.store.reactions.list(target(call)).map((row) => reactionJson(call, row)),
    );
    route('POST', `${path}/reactions`, issue, (call) => {
      const reaction = { ...target(call), userId: call.doer().id, content: call.body.required('content') };
      if (!reactions.includes(reaction.content)) {
        throw new Refusal(403, `'${reaction.content}' is not an allowed reaction`);
      }
      const { reactions: table } = call.forge.store;
      const existing = table.find(reaction);
      if (existing !== undefined) return call.created(reactionJson(call, existing), 200);
      return call.created(reactionJson(call, table.insert({ ...reaction, created: call.forge.now() })));
    });
    route('DELETE', `${path}/reactions`, issue, (call) => {
      const content = call.body.required('content');
      call.forge.store.reactions.remove({ ...target(call), userId: call.doer().id, content });
      return call.empty(200);
    });
  }
}

/** The pull request that comments belong to. An unknown number is a 500 with a blank message, as recorded. */
function commentedPull(call: ApiCall): PullRow {
  const repository = requireRepository(call, 'read', { unit: 'repo.pulls' });
  const pull = findPull(call.forge, repository, call.id('index'));
  if (pull === undefined) throw new Error(`comments of an unknown issue ${call.param('index')}`);
  return pull;
}

/** Seconds since the epoch of an RFC 3339 time in the query. */
function timeOf(call: ApiCall, name: string, otherwise: number): number {
  const text = call.query(name);
  if (!text) return otherwise;
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw new Refusal(422, `parsing time "${text}"`);
  return Math.floor(time / 1000);
}

function requireComment(call: ApiCall): CommentRow {
  const repository = requireRepository(call, 'read', { unit: 'repo.pulls' });
  const comment = call.forge.store.comments.get(call.id('id'));
  if (comment === undefined || comment.repositoryId !== repository.id || comment.kind !== 'comment') {
    throw notFound();
  }
  return comment;
}

function reactionJson(call: ApiCall, row: { userId: number; content: string; created: number }) {
  return {
    user: userJson(call.forge, call.forge.store.users.get(row.userId)!, call.user),
    content: row.content,
    created_at: timestamp(row.created),
  };
}
