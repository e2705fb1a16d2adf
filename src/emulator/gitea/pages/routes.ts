import formbody from '@fastify/formbody';
import type { FastifyInstance } from 'fastify';
import type { ForgeContext } from '../context.ts';
import { Refusal } from '../refusal.ts';
import { registerAccountPages } from './account-routes.ts';
import { registerAssets } from './asset-routes.ts';
import { registerCodePages } from './code-routes.ts';
import { registerComparePages } from './compare-routes.ts';
import { isAllowedOrigin } from './cross-origin.ts';
import { notFoundPage, refusedPage } from './owner-pages.ts';
import { SignInRequired, sendPage } from './page-scope.ts';
import { registerPullActions } from './pull-action-routes.ts';
import { registerPullPages } from './pull-routes.ts';
import { registerRepositoryPages } from './repository-routes.ts';
import { viewerOf } from './viewer-of.ts';

/** Registers everything that people see of the forge: its pages, their forms and their assets. */
export async function registerPages(app: FastifyInstance, forge: ForgeContext): Promise<void> {
  await app.register(async (pages) => {
    await pages.register(formbody, { bodyLimit: 1024 * 1024 });

    pages.addHook('onRequest', async (request, reply) => {
      if (!isAllowedOrigin(request, forge.settings.rootUrl)) {
        await reply.code(403).type('text/plain').send('cross-origin request detected\n');
      }
    });
    pages.setErrorHandler((error, request, reply) => {
      const viewer = viewerOf(forge, request);
      if (error instanceof SignInRequired) {
        const back = request.method === 'GET' ? request.url : '/';
        return reply.redirect(`${viewer.subUrl}/user/login?redirect_to=${encodeURIComponent(back)}`, 303);
      }
      if (error instanceof Refusal) {
        if (error.status === 404) return sendPage(reply, viewer, notFoundPage(viewer), 404);
        return sendPage(reply, viewer, refusedPage(error.status, error.message), error.status);
      }
      const status = (error as { statusCode?: number }).statusCode ?? 500;
      if (status >= 500) forge.log.error(`${request.method} ${request.url}: ${(error as Error).stack}`);
      const message = status >= 500 ? 'Something went wrong; the log says more.' : (error as Error).message;
      return sendPage(reply, viewer, refusedPage(status, message), status);
    });
    pages.setNotFoundHandler((request, reply) => {
      const viewer = viewerOf(forge, request);
      return sendPage(reply, viewer, notFoundPage(viewer), 404);
    });

    registerAssets(pages, forge);
    registerAccountPages(pages, forge);
    registerCodePages(pages, forge);
    registerPullPages(pages, forge);
    registerPullActions(pages, forge);
    registerComparePages(pages, forge);
    registerRepositoryPages(pages, forge);
  });
}
