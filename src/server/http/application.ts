import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify';
import type { Access, Viewer } from '../permission/access.ts';
import type { GuardService } from './guard.ts';

/** The Fastify instance as route modules see it: schemas are TypeBox, types follow from them. */
export type App = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

/** Registers the routes of one room. Its services are bound by whoever lists it: `(app) => runRoutes(app, services)`. */
export type RouteModule = (app: App) => void;

declare module 'fastify' {
  interface FastifyRequest {
    /** Who is signed in; null: nobody. Set on every request below the API. */
    viewer: Viewer | null;
    /** What the guard found. Reading it on a route without a guard is a programming error and throws. */
    readonly access: Access;
    /** Written by the guard; read `access` instead. */
    guardedAccess: Access | null;
  }
  interface FastifyInstance {
    guardService: GuardService;
  }
}
