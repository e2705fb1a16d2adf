import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ScopeCategory } from '../account/scopes.ts';
import { allows } from '../account/scopes.ts';
import type { ForgeContext } from '../context.ts';
import type { Identity } from '../http/identify.ts';
import { identify } from '../http/identify.ts';
import { Refusal } from '../refusal.ts';
import type { UserRow } from '../store/rows.ts';
import { sendApiError } from './api-error.ts';
import { Body } from './body.ts';

/** One call of the API. */
export interface ApiCall {
  forge: ForgeContext;
  request: FastifyRequest;
  reply: FastifyReply;
  identity: Identity | undefined;
  /** Whoever the call comes from; undefined: nobody. */
  user: UserRow | undefined;
  /** `user`, or 401. */
  doer(): UserRow;
  param(name: string): string;
  /** A numeric path segment, or 404. */
  id(name: string): number;
  query(name: string): string | undefined;
  body: Body;
  /** Answers with this status instead of 200. */
  created(value: unknown, status?: number): unknown;
  /** Answers with this status and no body; handlers that give undefined answer 204. */
  empty(status: number): undefined;
}

/** Answers a call: a value is sent as JSON with 200, undefined as an empty 204. */
export type ApiHandler = (call: ApiCall) => unknown;
type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** Adds a route under `/api/v1`; a token needs the categories' scopes, `read:` for GET, else `write:`. */
export type AddRoute = (
  method: Method,
  path: string,
  categories: readonly ScopeCategory[],
  handler: ApiHandler,
) => void;

/** Mounts the API: authentication, scopes, lenient JSON bodies, Gitea's error envelope. */
export function mountApi(
  app: FastifyInstance,
  forge: ForgeContext,
  addRoutes: readonly ((route: AddRoute) => void)[],
): void {
  app.register(
    async (scope) => {
      scope.removeAllContentTypeParsers();
      scope.addContentTypeParser('*', { parseAs: 'string' }, (_request, text, done) => {
        try {
          done(null, text === '' ? undefined : JSON.parse(String(text)));
        } catch (error) {
          done(new Refusal(422, String(error)));
        }
      });
      scope.setErrorHandler((error, _request, reply) => sendApiError(forge, reply, error));
      scope.setNotFoundHandler((_request, reply) =>
        sendApiError(forge, reply, new Refusal(404, 'not found')),
      );
      scope.addHook('onRequest', async (_request, reply) => {
        reply.serializer((payload: unknown) => `${JSON.stringify(payload)}\n`);
        reply.header('Content-Type', 'application/json;charset=utf-8');
        reply.header('Cache-Control', 'max-age=0, private, must-revalidate, no-transform');
      });
      const route: AddRoute = (method, path, categories, handler) => {
        scope.route({
          method,
          url: path,
          exposeHeadRoute: false,
          handler: async (request, reply) => {
            const identity = await identify(forge, request.headers.authorization);
            if (identity === 'invalid') throw new Refusal(401, 'invalid username, password or token');
            if (identity !== undefined) requireScopes(identity, categories, method);
            const call = apiCall(forge, request, reply, identity);
            reply.code(204);
            const value = await handler(call);
            if (value === undefined) return reply.removeHeader('Content-Type').send();
            return reply.code(reply.statusCode === 204 ? 200 : reply.statusCode).send(value);
          },
        });
      };
      for (const add of addRoutes) add(route);
    },
    { prefix: '/api/v1' },
  );
}

function requireScopes(identity: Identity, categories: readonly ScopeCategory[], method: Method): void {
  const level = method === 'GET' ? 'read' : 'write';
  const missing = categories.filter((category) => !allows(identity.scopes, category, level));
  if (missing.length === 0) return;
  const required = categories.map((category) => `${level}:${category}`).join(' ');
  throw new Refusal(
    403,
    `token does not have at least one of required scope(s), required=[${required}], token scope=${identity.scopes.join(',')}`,
  );
}

function apiCall(
  forge: ForgeContext,
  request: FastifyRequest,
  reply: FastifyReply,
  identity: Identity | undefined,
): ApiCall {
  const params = request.params as Record<string, string>;
  const query = request.query as Record<string, string | string[]>;
  return {
    forge,
    request,
    reply,
    identity,
    user: identity?.user,
    doer() {
      if (identity === undefined) throw new Refusal(401, 'token is required');
      return identity.user;
    },
    param: (name) => params[name] ?? '',
    id(name) {
      if (!/^\d{1,15}$/.test(params[name] ?? '')) throw new Refusal(404, 'not found');
      return Number(params[name]);
    },
    query(name) {
      const value = query[name];
      return Array.isArray(value) ? value[0] : value;
    },
    body: new Body(request.body),
    created(value, status = 201) {
      reply.code(status);
      return value;
    },
    empty(status) {
      reply.code(status);
      return undefined;
    },
  };
}
