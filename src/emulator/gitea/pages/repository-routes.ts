import type { FastifyInstance } from 'fastify';
import type { ForgeContext } from '../context.ts';
import { Refusal } from '../refusal.ts';
import { atLeast, permission } from '../repository/permission.ts';
import { repositoryOwner } from '../repository/repositories.ts';
import { pageScope, redirect, sendPage } from './page-scope.ts';
import { peoplePage, settingsPage } from './people-pages.ts';
import { repositoryLink, watchersOf } from './repository-header.ts';

/** Gitea's rule for a topic. */
const topicPattern = /^[a-z0-9][-.a-z0-9]{0,34}$/;

/** Watchers, stars, forks and settings of a repository. */
export function registerRepositoryPages(app: FastifyInstance, forge: ForgeContext): void {
  app.get('/:owner/:repository/watchers', (request, reply) => {
    const { viewer, repository: find } = pageScope(forge, request);
    const repository = find('repo.pulls');
    return sendPage(
      reply,
      viewer,
      peoplePage(viewer, repository, 'Watchers', watchersOf(viewer, repository)),
    );
  });

  app.get('/:owner/:repository/stars', (request, reply) => {
    const { viewer, repository: find } = pageScope(forge, request);
    return sendPage(reply, viewer, peoplePage(viewer, find(), 'Stargazers', []));
  });

  app.get('/:owner/:repository/forks', (request, reply) => {
    const { viewer, repository: find } = pageScope(forge, request);
    const repository = find();
    const owners = forge.store.repositories
      .list({ forkOf: repository.id })
      .filter((fork) => atLeast(permission(forge, viewer.user, fork), 'read'))
      .map((fork) => repositoryOwner(forge, fork));
    return sendPage(reply, viewer, peoplePage(viewer, repository, 'Forks', owners));
  });

  app.get('/:owner/:repository/settings', (request, reply) => {
    const scope = pageScope(forge, request);
    const repository = scope.repository();
    requireAdmin(forge, scope.user().id, repository);
    return sendPage(reply, scope.viewer, settingsPage(scope.viewer, repository, scope.query.saved === '1'));
  });

  app.post('/:owner/:repository/settings', (request, reply) => {
    const scope = pageScope(forge, request);
    const repository = scope.repository();
    requireAdmin(forge, scope.user().id, repository);
    const topics = [
      ...new Set(
        (scope.form.topics ?? '')
          .toLowerCase()
          .split(/[\s,]+/)
          .filter((topic) => topic !== ''),
      ),
    ];
    const wrong = topics.find((topic) => !topicPattern.test(topic));
    if (wrong !== undefined) {
      throw new Refusal(422, `“${wrong}” is no topic: up to 35 lower-case letters, digits, dashes and dots.`);
    }
    if (topics.length > 25) throw new Refusal(422, 'At most 25 topics.');
    forge.store.repositories.update(repository.id, { topics });
    return redirect(reply, `${repositoryLink(scope.viewer, repository)}/settings?saved=1`);
  });
}

function requireAdmin(
  forge: ForgeContext,
  userId: number,
  repository: Parameters<typeof permission>[2],
): void {
  if (!atLeast(permission(forge, forge.store.users.get(userId), repository), 'admin')) {
    throw new Refusal(404, 'not found');
  }
}
