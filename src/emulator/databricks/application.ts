import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyError, FastifyInstance } from 'fastify';
import fastify from 'fastify';
import type { WorkspaceContext } from './context.ts';
import { ApiError } from './errors.ts';
import { registerFaultHooks } from './faults/fault-hooks.ts';

/** Largest body that is read into memory, in bytes (raw bodies are streams and have no limit here). */
const jsonLimit = 64 * 1024 * 1024;

/**
 * The HTTP server that rooms register their routes with. JSON is parsed whatever it contains (an empty body is
 * `{}`), every other body arrives as an unread stream, and every error leaves as `{error_code, message}`.
 */
export function createApplication(context: WorkspaceContext): FastifyInstance {
  const app = fastify({
    bodyLimit: jsonLimit,
    forceCloseConnections: true,
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: 4096, ignoreTrailingSlash: true },
    genReqId: () => randomUUID(),
  });

  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, text, done) => {
    try {
      done(null, text === '' ? {} : JSON.parse(text as string));
    } catch {
      done(new ApiError('MALFORMED_REQUEST', 'Request body is not valid JSON.'));
    }
  });
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    (_request, text, done) => {
      done(null, Object.fromEntries(new URLSearchParams(text as string)));
    },
  );
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload));

  app.addHook('onRequest', async (request, reply) => {
    if (!isLoopbackName(request.hostname))
      throw new ApiError(
        'BAD_REQUEST',
        `This workspace answers on loopback only, not as ${request.hostname}.`,
      );
    reply.header('x-databricks-org-id', context.settings.orgId);
    reply.header('x-request-id', request.id);
    if (context.settings.latency.requestMs > 0) await sleep(context.settings.latency.requestMs);
  });
  registerFaultHooks(app, context.failures.faults);

  app.setErrorHandler<FastifyError | ApiError>((error, request, reply) => {
    if (error instanceof ApiError) {
      if (error.retryAfter !== undefined) reply.header('retry-after', String(error.retryAfter));
      return reply.code(error.status).send(error.toBody());
    }
    const status = error.statusCode ?? 500;
    if (status < 500) {
      const code = error.validation ? 'INVALID_PARAMETER_VALUE' : 'BAD_REQUEST';
      return reply.code(status).send({ error_code: code, message: error.message });
    }
    context.log.error({ err: error, method: request.method, url: request.url }, 'request failed');
    return reply
      .code(500)
      .send({ error_code: 'INTERNAL_ERROR', message: `Internal error, request ${request.id}.` });
  });
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?')[0];
    return reply
      .code(404)
      .send({ error_code: 'ENDPOINT_NOT_FOUND', message: `No API found for '${request.method} ${path}'` });
  });
  return app;
}

/** A page of a foreign name that was rebound to 127.0.0.1 gets no answer (DNS rebinding). */
function isLoopbackName(hostname: string): boolean {
  return /^(127(\.\d{1,3}){3}|localhost|[\w-]+\.localhost|\[?::1\]?)$/.test(hostname);
}
