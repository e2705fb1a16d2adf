import { Type } from 'typebox';
import type { EventHub } from '../../events/hub.ts';
import type { StreamOptions } from '../../events/stream.ts';
import { eventStream } from '../../events/stream.ts';
import type { AccessCheck } from '../../permission/access.ts';
import type { App } from '../application.ts';
import { signedIn } from '../guard.ts';
import { ProblemError } from '../problem.ts';
import type { SessionLookup } from '../session-hook.ts';
import { anotherUser, sessionCookie } from '../session-hook.ts';

/** What live updates need. */
export interface EventRouteServices {
  hub: EventHub;
  access: AccessCheck;
  sessions: SessionLookup;
  stream?: StreamOptions;
}

const mostRepositories = 50;

/** Network and Gitea faults do not end a stream: only a clear "no" does. */
function isRefusal(error: unknown): boolean {
  return error instanceof ProblemError && (error.code === 'not-found' || error.code === 'signed-out');
}

/** `events?repositories=1,2`: what changed, as server-sent events, for as long as it may be seen. */
export function eventRoutes(app: App, { hub, access, sessions, stream }: EventRouteServices): void {
  app.get(
    '/events',
    {
      schema: {
        summary: 'Changes of repositories, as they happen',
        querystring: Type.Object(
          {
            repositories: Type.String({
              pattern: `^[1-9]\\d{0,15}(,[1-9]\\d{0,15}){0,${mostRepositories - 1}}$`,
              description: 'ids, separated by commas',
            }),
            user: Type.Optional(
              Type.Integer({
                description: 'whom the page shows: EventSource sends no header that could say it',
              }),
            ),
          },
          { additionalProperties: false },
        ),
      },
    },
    async (request, reply) => {
      const viewer = signedIn(request);
      if ((request.query.user ?? viewer.user.id) !== viewer.user.id) throw anotherUser();
      const cookie = request.cookies[sessionCookie] ?? '';
      const asked = [...new Set(request.query.repositories.split(',').map(Number))];
      const checks = await Promise.allSettled(asked.map((id) => access.check(viewer, id)));
      const visible = asked.filter((_, position) => checks[position]?.status === 'fulfilled');
      if (visible.length === 0) {
        const first = checks.find((check) => check.status === 'rejected');
        throw first?.reason ?? new ProblemError('not-found', 'None of these repositories may be seen here.');
      }
      async function stillAllowed(repository: number): Promise<boolean> {
        try {
          const current = await sessions.viewer(cookie, 'look');
          if (current === null) return false;
          await access.check(current, repository);
          return true;
        } catch (error) {
          return !isRefusal(error);
        }
      }
      const given = request.headers['last-event-id'];
      const lastId = typeof given === 'string' && given !== '' ? given : null;
      return reply
        .type('text/event-stream')
        .header('x-accel-buffering', 'no')
        .send(eventStream(hub, visible, stillAllowed, stream, lastId));
    },
  );
}
