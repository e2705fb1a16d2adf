import type { FastifyInstance } from 'fastify';
import type { ForgeContext } from '../context.ts';
import { createComment, deleteComment, editComment } from '../pull/comments.ts';
import type { MergeStyle } from '../pull/merge-commit.ts';
import { mergeStyles } from '../pull/merge-commit.ts';
import { deleteHead, mergePull } from '../pull/merge-pull.ts';
import { closePull, editPull, reopenPull } from '../pull/pulls.ts';
import { submitReview } from '../pull/reviews.ts';
import { updatePull } from '../pull/update-pull.ts';
import { Refusal } from '../refusal.ts';
import type { ReviewState } from '../store/rows.ts';
import { markdownOf } from './load-markdown.ts';
import type { PageScope } from './page-scope.ts';
import { pageScope, redirect } from './page-scope.ts';
import { repositoryLink } from './repository-header.ts';

const reviewStates: Readonly<Record<string, Exclude<ReviewState, 'REQUEST_REVIEW'>>> = {
  approve: 'APPROVED',
  reject: 'REQUEST_CHANGES',
  comment: 'COMMENT',
};

/** What people do in a pull request's pages. Each ends with a redirect to the conversation. */
export function registerPullActions(app: FastifyInstance, forge: ForgeContext): void {
  const place = (scope: PageScope) => {
    const user = scope.user();
    const repository = scope.repository('repo.pulls');
    return { user, repository, pull: scope.pull(repository), link: repositoryLink(scope.viewer, repository) };
  };

  app.post('/:owner/:repository/issues/:index/comments', async (request, reply) => {
    const scope = pageScope(forge, request);
    const { user, pull, link } = place(scope);
    const body = scope.form.content ?? '';
    const { status } = scope.form;
    let target = `${link}/pulls/${pull.index}`;
    if (body.trim() !== '') {
      const comment = await createComment(forge, user, pull, body);
      target += `#issuecomment-${comment.id}`;
    } else if (status !== 'close' && status !== 'reopen') {
      throw new Refusal(422, 'Write something before commenting.');
    }
    if (status === 'close') await closePull(forge, user, pull);
    if (status === 'reopen') await reopenPull(forge, user, pull);
    return redirect(reply, target);
  });

  app.post('/:owner/:repository/issues/:index/title', async (request, reply) => {
    const scope = pageScope(forge, request);
    const { user, pull, link } = place(scope);
    const title = (scope.form.title ?? '').trim();
    if (title === '') throw new Refusal(422, 'A title is needed.');
    await editPull(forge, user, pull, { title });
    return redirect(reply, `${link}/pulls/${pull.index}`);
  });

  app.post('/:owner/:repository/issues/:index/content', async (request, reply) => {
    const scope = pageScope(forge, request);
    const { user, repository, pull, link } = place(scope);
    await editPull(forge, user, pull, { body: scope.form.content ?? '' });
    if (!acceptsJson(request.headers.accept)) return redirect(reply, `${link}/pulls/${pull.index}`);
    return { content: (await markdownOf(scope.viewer, repository, scope.form.content ?? '')).html };
  });

  app.post('/:owner/:repository/comments/:comment', async (request, reply) => {
    const scope = pageScope(forge, request);
    const { comment, pull, link, repository, user } = findComment(scope);
    const edited = await editComment(forge, user, comment, scope.form.content ?? '');
    if (!acceptsJson(request.headers.accept)) {
      return redirect(reply, `${link}/pulls/${pull.index}#issuecomment-${comment.id}`);
    }
    return { content: (await markdownOf(scope.viewer, repository, edited.body)).html };
  });

  app.post('/:owner/:repository/comments/:comment/delete', async (request, reply) => {
    const scope = pageScope(forge, request);
    const { comment, pull, link, user } = findComment(scope);
    await deleteComment(forge, user, comment);
    return redirect(reply, `${link}/pulls/${pull.index}`);
  });

  const findComment = (scope: PageScope) => {
    const user = scope.user();
    const repository = scope.repository('repo.pulls');
    const comment = forge.store.comments.get(Number(scope.parameters.comment));
    const pull = comment && forge.store.pulls.get(comment.pullId);
    if (comment === undefined || pull === undefined || comment.repositoryId !== repository.id) {
      throw new Refusal(404, 'not found');
    }
    return { user, repository, comment, pull, link: repositoryLink(scope.viewer, repository) };
  };

  app.post('/:owner/:repository/pulls/:index/files/reviews/submit', async (request, reply) => {
    const scope = pageScope(forge, request);
    const { user, pull, link } = place(scope);
    const state = reviewStates[scope.form.type ?? ''];
    if (state === undefined) throw new Refusal(422, 'type must be approve, comment or reject');
    const body = scope.form.content ?? '';
    await submitReview(forge, user, pull, { state, body, commitSha: scope.form.commit_id });
    return redirect(reply, `${link}/pulls/${pull.index}`);
  });

  app.post('/:owner/:repository/pulls/:index/merge', async (request, reply) => {
    const scope = pageScope(forge, request);
    const { user, pull, link } = place(scope);
    const { form } = scope;
    const style = form.do as MergeStyle;
    if (!mergeStyles.includes(style)) throw new Refusal(422, `do must be one of ${mergeStyles.join(', ')}`);
    await mergePull(forge, user, pull, {
      style,
      title: form.merge_title_field,
      message: form.merge_message_field?.replaceAll('\r\n', '\n'),
      headCommitId: form.head_commit_id,
      deleteBranch: form.delete_branch_after_merge === 'on' || form.delete_branch_after_merge === 'true',
      force: form.force_merge === 'true',
    });
    return redirect(reply, `${link}/pulls/${pull.index}`);
  });

  app.post('/:owner/:repository/pulls/:index/cleanup', async (request, reply) => {
    const { user, pull, link } = place(pageScope(forge, request));
    if (pull.state !== 'closed') throw new Refusal(422, 'An open pull request needs its branch.');
    await deleteHead(forge, user, pull);
    return redirect(reply, `${link}/pulls/${pull.index}`);
  });

  app.post('/:owner/:repository/pulls/:index/update', async (request, reply) => {
    const { user, pull, link } = place(pageScope(forge, request));
    await updatePull(forge, user, pull);
    return redirect(reply, `${link}/pulls/${pull.index}`);
  });

  app.post('/:owner/:repository/markup', async (request, reply) => {
    const scope = pageScope(forge, request);
    scope.user();
    const repository = scope.repository('repo.pulls');
    const content = await markdownOf(scope.viewer, repository, scope.form.text ?? '');
    return reply.type('text/html; charset=utf-8').send(content.html);
  });
}

function acceptsJson(accept: string | undefined): boolean {
  return accept?.includes('application/json') ?? false;
}
