import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Person } from '../../../contract/person.ts';
import { GiteaError } from '../../gitea/error.ts';
import type { UserTokens } from '../../identity/ports.ts';
import type { SignInMode } from '../../identity/session-ports.ts';
import type { SignIn, SignInResult } from '../../identity/sign-in.ts';
import { attemptLifetimeMs } from '../../identity/sign-in.ts';
import type { App } from '../application.ts';
import { sessionCookie } from '../session-hook.ts';
import type { SignInOutcome } from '../sign-in-page.ts';
import { signInPage, signInPagePolicy } from '../sign-in-page.ts';

/** What sign-in through HTTP needs. */
export interface AuthRouteServices {
  signIn: Pick<SignIn, 'start' | 'finish'>;
  sessions: {
    start(
      person: Person,
      tokens: UserTokens,
      about: { mode: SignInMode; before: string | undefined; requestId: string },
    ): Promise<{ cookie: string; expiresAt: Date }>;
  };
  cookie: { path: string; secure: boolean };
  giteaUrl: string;
}

const statusOf: Record<SignInOutcome, number> = { 'signed-in': 200, denied: 403, outdated: 400, failed: 502 };

/** `auth/start` and `auth/callback`: works in a popup, and followed by a same-origin fetch. */
export function authRoutes(app: App, services: AuthRouteServices): void {
  const { signIn, sessions, cookie, giteaUrl } = services;
  const giteaOrigin = new URL(giteaUrl).origin;
  const callbackPath = `${cookie.path}auth/callback`;
  const hidden = { httpOnly: true, sameSite: 'lax', secure: cookie.secure } as const;

  function sendPage(reply: FastifyReply, outcome: SignInOutcome, status = statusOf[outcome]): FastifyReply {
    return reply
      .code(status)
      .header('content-security-policy', signInPagePolicy)
      .type('text/html; charset=utf-8')
      .send(signInPage(outcome, giteaOrigin));
  }

  /** Who looks at a window (not a script) is told in words, not in JSON: null then. */
  async function startOrTell(request: FastifyRequest, mode: SignInMode) {
    try {
      return await signIn.start(mode);
    } catch (error) {
      if (request.headers['sec-fetch-dest'] !== 'document') throw error;
      request.log.error({ err: error }, 'sign-in could not start');
      return null;
    }
  }

  app.get(
    '/auth/start',
    {
      schema: {
        summary: 'Start signing in through Gitea',
        querystring: Type.Object(
          { mode: Type.Optional(Type.Union([Type.Literal('silent'), Type.Literal('popup')])) },
          { additionalProperties: false },
        ),
      },
      config: { rateLimit: { max: 60, timeWindow: 60_000 } },
    },
    async (request, reply) => {
      const attempt = await startOrTell(request, request.query.mode ?? 'silent');
      if (attempt === null) return sendPage(reply, 'failed');
      reply.setCookie(attempt.cookie.name, attempt.cookie.value, {
        ...hidden,
        path: callbackPath,
        maxAge: attemptLifetimeMs / 1000,
      });
      return reply.redirect(attempt.location, 302);
    },
  );

  async function finish(
    request: FastifyRequest,
  ): Promise<SignInResult | { outcome: 'failed'; status?: number }> {
    const query = new URL(request.url, giteaOrigin).searchParams;
    try {
      return await signIn.finish(query, (name) => request.cookies[name]);
    } catch (error) {
      // A code that Gitea refuses is the caller's fault, and no fault of anything here.
      const refused = error instanceof GiteaError && error.status >= 400 && error.status < 500;
      request.log[refused ? 'info' : 'error']({ err: error }, 'sign-in failed');
      return refused ? { outcome: 'failed', status: 400 } : { outcome: 'failed' };
    }
  }

  app.get(
    '/auth/callback',
    {
      schema: { summary: 'Where Gitea sends the browser back to' },
      config: { rateLimit: { max: 60, timeWindow: 60_000 } },
    },
    async (request, reply) => {
      const result = await finish(request);
      for (const name of Object.keys(request.cookies)) {
        if (name.startsWith(`${sessionCookie}_`)) reply.clearCookie(name, { ...hidden, path: callbackPath });
      }
      if (result.outcome === 'failed') return sendPage(reply, 'failed', result.status);
      if (result.outcome !== 'signed-in') return sendPage(reply, result.outcome);
      const session = await sessions.start(result.person, result.tokens, {
        mode: result.mode,
        before: request.cookies[sessionCookie],
        requestId: request.id,
      });
      reply.setCookie(sessionCookie, session.cookie, {
        ...hidden,
        path: cookie.path,
        expires: session.expiresAt,
      });
      return sendPage(reply, 'signed-in');
    },
  );
}
