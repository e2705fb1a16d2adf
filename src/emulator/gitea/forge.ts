import type { FastifyInstance } from 'fastify';
import fastify from 'fastify';
import type { NewUser } from './account/users.ts';
import { createUser } from './account/users.ts';
import { registerApi } from './api/api-routes.ts';
import type { ForgeContext } from './context.ts';
import type { ForgeLog } from './forge-log.ts';
import { silentLog } from './forge-log.ts';
import { openGitRepositories } from './git/git-repositories.ts';
import { installPushHooks } from './git/push-hooks.ts';
import { registerGitRoutes } from './http/git-routes.ts';
import { registerOauthRoutes } from './oauth/oauth-routes.ts';
import { registerPages } from './pages/routes.ts';
import type { ForgeVersion } from './releases.ts';
import { releases } from './releases.ts';
import type { UserRow } from './store/rows.ts';
import { openStore } from './store/store.ts';
import { openWebhookQueue } from './webhooks/webhook-queue.ts';

export interface ForgeOptions {
  /** Everything the forge keeps; a second start continues from it. */
  dataDir: string;
  /** The public address. */
  rootUrl: string;
  /** Gitea's custom folder: `templates/custom/*.tmpl`, `public/assets/**`. */
  customDir: string;
  /** 1.26 by default: the one that was recorded. */
  version?: ForgeVersion;
  log?: ForgeLog;
}

export interface Forge {
  /** The public address with a trailing slash. */
  readonly url: string;
  /** For tests and pages; everything else goes through HTTP. */
  readonly context: ForgeContext;
  /** Starts to answer; gives the port it got (0 asks for a free one). */
  listen(address: { port: number; host?: string }): Promise<number>;
  /** Stops answering and sending, and closes the store. */
  close(): Promise<void>;
  /** What `gitea admin user create` does; everything else goes through the public API. */
  createUser(user: NewUser): Promise<UserRow>;
  /** Resolves when every webhook that was caused so far has been sent. */
  webhooksSent(): Promise<void>;
}

/** Makes a Gitea-compatible forge over real git repositories. It listens nowhere until told to. */
export async function createForge(options: ForgeOptions): Promise<Forge> {
  const { dataDir, customDir, version = '1.26', log = silentLog } = options;
  const rootUrl = options.rootUrl.endsWith('/') ? options.rootUrl : `${options.rootUrl}/`;
  const store = openStore(dataDir);
  const now = () => Math.floor(Date.now() / 1000);
  const forge: ForgeContext = {
    settings: { rootUrl, release: releases[version], customDir, dataDir },
    store,
    git: openGitRepositories(dataDir),
    webhooks: openWebhookQueue(store, releases[version], log, now),
    log,
    now,
  };
  const app = await makeServer(forge);
  return {
    url: rootUrl,
    context: forge,
    async listen({ port, host = '127.0.0.1' }) {
      await app.listen({ port, host });
      forge.webhooks.resume();
      return (app.server.address() as { port: number }).port;
    },
    async close() {
      await app.close();
      await forge.webhooks.close();
      forge.git.close();
      store.close();
    },
    createUser: (user) => createUser(forge, user),
    webhooksSent: () => forge.webhooks.idle(),
  };
}

async function makeServer(forge: ForgeContext): Promise<FastifyInstance> {
  const hooksPath = await installPushHooks(forge.settings.dataDir);
  const app = fastify({
    // Kept-alive connections of a proxy must not hold up `close()`.
    forceCloseConnections: true,
    bodyLimit: 8 * 1024 * 1024,
  });
  app.addHook('onSend', async (_request, reply) => {
    reply.header('X-Frame-Options', 'SAMEORIGIN').header('X-Content-Type-Options', 'nosniff');
  });
  registerApi(app, forge);
  registerOauthRoutes(app, forge);
  registerGitRoutes(app, forge, hooksPath);
  await app.register(async (scope) => {
    await registerPages(scope, forge);
  });
  return app;
}
