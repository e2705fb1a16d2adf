import type { FastifyInstance } from 'fastify';
import { signIn, signOut } from '../account/sessions.ts';
import { findOwner } from '../account/users.ts';
import type { ForgeContext } from '../context.ts';
import { Refusal } from '../refusal.ts';
import { atLeast, permission } from '../repository/permission.ts';
import { visibleRepositories } from '../repository/repositories.ts';
import { profilePage, repositoriesPage } from './owner-pages.ts';
import { pageScope, redirect, sendPage } from './page-scope.ts';
import { safeRedirect } from './redirect-target.ts';
import { signInPage } from './sign-in-page.ts';

/** Home, Explore, profiles, and signing in and out. */
export function registerAccountPages(app: FastifyInstance, forge: ForgeContext): void {
  app.get('/', (request, reply) => {
    const { viewer } = pageScope(forge, request);
    const title = viewer.user === undefined ? 'Explore Repositories' : 'Dashboard';
    const page = repositoriesPage(viewer, title, visibleRepositories(forge, viewer.user));
    return sendPage(reply, viewer, page);
  });

  app.get('/explore/repos', (request, reply) => {
    const { viewer } = pageScope(forge, request);
    const page = repositoriesPage(viewer, 'Explore Repositories', visibleRepositories(forge, viewer.user));
    return sendPage(reply, viewer, page);
  });

  app.get('/user/login', (request, reply) => {
    const { viewer, query } = pageScope(forge, request);
    const redirectTo = safeRedirect(query.redirect_to, viewer.subUrl);
    if (viewer.user !== undefined) return redirect(reply, redirectTo);
    const page = signInPage({ subUrl: viewer.subUrl, redirectTo, name: '', refused: false });
    return sendPage(reply, viewer, page);
  });

  app.post('/user/login', async (request, reply) => {
    const { viewer, form, query } = pageScope(forge, request);
    const redirectTo = safeRedirect(form.redirect_to ?? query.redirect_to, viewer.subUrl);
    const name = form.user_name ?? '';
    const session = await signIn(forge, name, form.password ?? '');
    if (session === undefined) {
      return sendPage(reply, viewer, signInPage({ subUrl: viewer.subUrl, redirectTo, name, refused: true }));
    }
    return redirect(reply.header('set-cookie', session.setCookie), redirectTo);
  });

  app.post('/user/logout', (request, reply) => {
    const { viewer } = pageScope(forge, request);
    return redirect(reply.header('set-cookie', signOut(forge, request)), `${viewer.subUrl}/`);
  });

  app.get('/:owner', (request, reply) => {
    const { viewer, parameters } = pageScope(forge, request);
    const owner = findOwner(forge, parameters.owner ?? '');
    if (owner === undefined) throw new Refusal(404, 'not found');
    const repositories = forge.store.repositories
      .list({ ownerId: owner.id })
      .filter((repository) => atLeast(permission(forge, viewer.user, repository), 'read'));
    return sendPage(reply, viewer, profilePage(viewer, owner, repositories));
  });
}
