import { pageUserHeader } from '../../contract/address.ts';
import type { App } from './application.ts';

/**
 * Where the backend has an origin of its own (same-site with Gitea, so that its cookie is sent), Gitea's pages may
 * read its answers (Fetch, "CORS protocol"). On Gitea's own origin this does nothing.
 */
export function crossOrigin(app: App, publicUrl: string, giteaUrl: string): void {
  const gitea = new URL(giteaUrl).origin;
  if (gitea === new URL(publicUrl).origin) return;
  app.addHook('onRequest', async (request, reply) => {
    reply.header('vary', 'Origin');
    if (request.headers.origin !== gitea) return;
    reply.header('access-control-allow-origin', gitea);
    reply.header('access-control-allow-credentials', 'true');
    reply.header('access-control-expose-headers', 'retry-after, x-request-id');
  });
  app.options('/*', { schema: { hide: true } }, async (_request, reply) => {
    reply.header('access-control-allow-methods', 'GET, POST, PUT, DELETE');
    reply.header('access-control-allow-headers', `content-type, ${pageUserHeader}`);
    reply.header('access-control-max-age', '600');
    return reply.code(204).send();
  });
}
