import { Session } from '../../../contract/session.ts';
import { GiteaError } from '../../gitea/error.ts';
import type { AccessCheck } from '../../permission/access.ts';
import type { App } from '../application.ts';
import { signedIn } from '../guard.ts';
import { sessionCookie } from '../session-hook.ts';

/** What the routes of the session need. */
export interface SessionRouteServices {
  sessions: { end(cookie: string, requestId: string): Promise<void> };
  access: Pick<AccessCheck, 'confirm'>;
  /** Where the cookie counts. */
  cookie: { path: string; secure: boolean };
}

/** `session`: who is signed in, and sign-out. */
export function sessionRoutes(app: App, { sessions, access, cookie }: SessionRouteServices): void {
  app.get(
    '/session',
    { schema: { summary: 'Who is signed in', response: { 200: Session } } },
    async (request) => {
      const viewer = signedIn(request);
      await access.confirm(viewer).catch((error: unknown) => {
        // While Gitea is away nobody is signed out by it.
        if (!(error instanceof GiteaError)) throw error;
      });
      const { user, expiresAt } = viewer;
      return { user, expiresAt };
    },
  );

  app.delete('/session', { schema: { summary: 'Sign out of the backend' } }, async (request, reply) => {
    const value = request.cookies[sessionCookie];
    if (value !== undefined) await sessions.end(value, request.id);
    reply.clearCookie(sessionCookie, { ...cookie, httpOnly: true, sameSite: 'lax' });
    return reply.code(204).send();
  });
}
