import { randomUUID } from 'node:crypto';
import cookie from '@fastify/cookie';
import rateLimit from '@fastify/rate-limit';
import swagger from '@fastify/swagger';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox';
import type { FastifyBaseLogger, FastifyRequest } from 'fastify';
import fastify, { LogController } from 'fastify';
import type { Logger } from 'pino';
import { apiPath } from '../../contract/address.ts';
import type { Access } from '../permission/access.ts';
import type { Acts } from '../permission/matrix.ts';
import { routeActs } from '../permission/matrix.ts';
import type { App, RouteModule } from './application.ts';
import { crossOrigin } from './cross-origin.ts';
import { handleError } from './error-handler.ts';
import type { GuardService } from './guard.ts';
import { guardedAccess } from './guard.ts';
import { guardByMatrix } from './matrix-guard.ts';
import { UnmatchedRequests } from './not-found.ts';
import { originCheck } from './origin-check.ts';
import { ProblemError } from './problem.ts';
import type { RateLimits } from './rate-limits.ts';
import { defaultRateLimits } from './rate-limits.ts';
import type { RefusedCallers } from './refused-callers.ts';
import { harden } from './security-headers.ts';
import type { SessionLookup } from './session-hook.ts';
import { checkPageUser, sessionHook } from './session-hook.ts';
import { refuseUnreadable } from './unreadable.ts';

/** What the app is made of; `main` supplies it. */
export interface AppServices {
  /** With a trailing slash; everything is mounted under its path. */
  publicUrl: string;
  /** Gitea's public address: changes are accepted from its pages. */
  giteaUrl: string;
  log: Logger;
  sessions: SessionLookup;
  guard: GuardService;
  refusedCallers: RefusedCallers;
  /** Mounted under `api/v1/`: behind session, Origin check and rate limits; guarded by the permission matrix. */
  api: RouteModule[];
  /** Mounted under the public URL itself, without any of these: sign-in, issuer, webhook, health. */
  root: RouteModule[];
  /** Addresses of proxies whose `X-Forwarded-For` is believed; loopback by default. */
  trustedProxies?: string[];
  /** What is not named has its default. */
  rateLimits?: Partial<RateLimits>;
  /** Milliseconds within which a request must have arrived, headers and body; 30 s by default. */
  requestTimeout?: number;
  /** Acts of routes that are not the product's: tests register some. */
  furtherActs?: Acts;
}

function tooManyRequests(ttlMs: number): ProblemError {
  return new ProblemError('too-many-requests', `Too many requests: wait ${Math.ceil(ttlMs / 1000)} s.`, {
    retryAfter: ttlMs / 1000,
  });
}

/** Bodies of the API are small JSON documents. */
const bodyLimit = 64 * 1024;

/**
 * The HTTP application, not yet listening. Every error of every route is a problem document (RFC 9457);
 * bodies are checked strictly, parameters and queries are read as the types that their schemas name.
 */
export async function createApp(services: AppServices): Promise<App> {
  const { publicUrl, log } = services;
  const base = new URL(publicUrl).pathname.replace(/\/$/, '');
  const limits = { ...defaultRateLimits, ...services.rateLimits };
  const { requestTimeout = 30_000 } = services;
  const app: App = fastify({
    loggerInstance: log as FastifyBaseLogger,
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    // One line per request, written below, instead of Fastify's two.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit,
    requestTimeout,
    http: {
      headersTimeout: Math.min(requestTimeout, 15_000),
      connectionsCheckingInterval: Math.min(requestTimeout, 5_000),
    },
    clientErrorHandler: refuseUnreadable,
    trustProxy: services.trustedProxies ?? ['127.0.0.0/8', '::1'],
    // Requests under way are answered; whoever stops the backend says how long they may take.
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 300 },
    frameworkErrors: (error, request, reply) => void handleError(error, request, reply),
  }).withTypeProvider<TypeBoxTypeProvider>();
  app.setValidatorCompiler(TypeBoxValidatorCompiler);
  app.removeContentTypeParser('text/plain');

  app.decorate('guardService', services.guard);
  app.decorateRequest('viewer', null);
  app.decorateRequest('guardedAccess', null);
  app.decorateRequest('access', {
    getter(): Access {
      return guardedAccess(this);
    },
  });

  const unmatched = new UnmatchedRequests();
  app.addHook('onRoute', ({ url, method }) => unmatched.note(url, method));
  app.addHook('onRoute', (route) => {
    if (!route.url.includes('/:repository')) return;
    route.preHandler = [limitRepository, ...[route.preHandler ?? []].flat()];
  });
  app.addHook('onRoute', guardByMatrix({ ...routeActs, ...services.furtherActs }, base));
  app.addHook('onSend', async (request, reply) => harden(request, reply));
  app.addHook('onResponse', async (request, reply) => {
    request.log.info({ req: request, res: reply, ms: Math.round(reply.elapsedTime) }, 'answered');
    if (request.viewer === null) services.refusedCallers.count(reply.statusCode, request.ip);
  });
  app.setErrorHandler(handleError);

  await app.register(cookie);
  await app.register(rateLimit, {
    max: ({ viewer }) => (viewer ? limits.user : limits.address),
    timeWindow: 60_000,
    keyGenerator: ({ viewer, ip }) => (viewer ? `user:${viewer.user.id}` : `address:${ip}`),
    enableDraftSpec: true,
    errorResponseBuilder: (_request, { ttl }) => tooManyRequests(ttl),
  });
  const takeOfRepository = app.createRateLimit({
    max: limits.repository,
    timeWindow: 60_000,
    keyGenerator: ({ params }) => `repository:${(params as { repository: string }).repository}`,
  });
  // After the guard (that is put before it, below): whoever may not see a repository uses up nothing of it.
  async function limitRepository(request: FastifyRequest): Promise<void> {
    const taken = await takeOfRepository(request);
    if (!taken.isAllowed && taken.isExceeded) throw tooManyRequests(taken.ttl);
  }
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'gitea-databricks',
        version: '1',
        description: 'Errors are problem documents (RFC 9457).',
      },
      servers: [{ url: new URL(publicUrl).origin }],
    },
  });
  app.setNotFoundHandler({ preHandler: app.rateLimit() }, (request, reply) =>
    unmatched.answer(request, reply),
  );

  await app.register(
    async (root: App) => {
      for (const routes of services.root) routes(root);
      await root.register(
        async (api: App) => {
          crossOrigin(api, publicUrl, services.giteaUrl);
          api.addHook('onRequest', sessionHook(services.sessions));
          api.addHook('preParsing', checkPageUser);
          api.addHook(
            'preParsing',
            originCheck(new Set([publicUrl, services.giteaUrl].map((url) => new URL(url).origin))),
          );
          for (const routes of services.api) routes(api);
          api.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger());
        },
        { prefix: `/${apiPath}` },
      );
    },
    { prefix: base },
  );
  return app;
}
