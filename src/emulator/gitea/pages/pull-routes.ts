import type { FastifyInstance } from 'fastify';
import type { ForgeContext } from '../context.ts';
import { listCommits } from '../git/commits.ts';
import { combinedState, latestStatuses } from '../pull/statuses.ts';
import { loadConversation, loadMergeBox } from './load-conversation.ts';
import { commitRange, loadPullSummary } from './load-pull.ts';
import { mergeBox } from './merge-box.ts';
import { pageScope, redirect, sendPage } from './page-scope.ts';
import { parsePatch, patchArguments } from './patch.ts';
import { pullListPage } from './pull-list-page.ts';
import { conversationPage, pullCommitsPage, pullFilesPage } from './pull-pages.ts';
import { repositoryLink } from './repository-header.ts';
import { commitStatus } from './status-icon.ts';

/** Reading pull requests: the list and the three tabs. */
export function registerPullPages(app: FastifyInstance, forge: ForgeContext): void {
  app.get('/:owner/:repository/pulls', (request, reply) => {
    const { viewer, repository: find, query } = pageScope(forge, request);
    const repository = find('repo.pulls');
    const state = query.state === 'closed' ? 'closed' : 'open';
    const { store } = forge;
    const rows = store.pulls.list({ repositoryId: repository.id, state }, { order: 'id desc', limit: 100 });
    const pulls = rows.map((pull) => {
      const statuses = latestStatuses(forge, repository, pull.headSha);
      return {
        pull,
        author: store.users.get(pull.authorId)!,
        status: commitStatus(combinedState(statuses), statuses),
      };
    });
    const count = (which: 'open' | 'closed') =>
      store.pulls.count({ repositoryId: repository.id, state: which });
    const view = {
      repository,
      pulls,
      state,
      openCount: count('open'),
      closedCount: count('closed'),
    } as const;
    return sendPage(reply, viewer, pullListPage(viewer, view));
  });

  // References in text (`#3`) point here, as in Gitea.
  app.get('/:owner/:repository/issues/:index', (request, reply) => {
    const scope = pageScope(forge, request);
    const repository = scope.repository('repo.pulls');
    const pull = scope.pull(repository);
    return redirect(reply, `${repositoryLink(scope.viewer, repository)}/pulls/${pull.index}`);
  });

  app.get('/:owner/:repository/pulls/:index', async (request, reply) => {
    const scope = pageScope(forge, request);
    const repository = scope.repository('repo.pulls');
    const summary = await loadPullSummary(scope.viewer, repository, scope.pull(repository));
    const view = await loadConversation(scope.viewer, summary);
    return sendPage(reply, scope.viewer, conversationPage(scope.viewer, view));
  });

  app.get('/:owner/:repository/pulls/:index/merge_box', async (request, reply) => {
    const { viewer, repository: find, pull: findPull } = pageScope(forge, request);
    const repository = find('repo.pulls');
    const pull = findPull(repository);
    if (pull.state === 'closed') return reply.code(204).send();
    const box = mergeBox(await loadMergeBox(viewer, { repository, pull }));
    return reply.type('text/html; charset=utf-8').send(box.html);
  });

  app.get('/:owner/:repository/pulls/:index/commits', async (request, reply) => {
    const { viewer, repository: find, pull: findPull } = pageScope(forge, request);
    const repository = find('repo.pulls');
    const pull = findPull(repository);
    const summary = await loadPullSummary(viewer, repository, pull);
    const commits = await listCommits(forge.git, repository, [commitRange(pull)]);
    const listed = commits.map((commit) => ({
      commit,
      statuses: latestStatuses(forge, repository, commit.sha),
    }));
    return sendPage(reply, viewer, pullCommitsPage(viewer, summary, listed));
  });

  app.get('/:owner/:repository/pulls/:index/files', async (request, reply) => {
    const { viewer, repository: find, pull: findPull } = pageScope(forge, request);
    const repository = find('repo.pulls');
    const pull = findPull(repository);
    const summary = await loadPullSummary(viewer, repository, pull);
    const patch =
      pull.mergeBase === ''
        ? ''
        : await forge.git.text(repository, ['diff', ...patchArguments, pull.mergeBase, pull.headSha]);
    return sendPage(reply, viewer, pullFilesPage(viewer, summary, parsePatch(patch)));
  });
}
