import type { FastifyRequest } from 'fastify';
import { pageUserHeader } from '../../contract/address.ts';
import type { Viewer } from '../permission/access.ts';
import { recordRefusal } from './guard.ts';
import { ProblemError } from './problem.ts';

/** Name of the session's cookie. */
export const sessionCookie = 'gitea_databricks';

/** Port: who belongs to a cookie's value; null when the session ended or never was. */
export interface SessionLookup {
  /** @param use `look` does not keep the session alive */
  viewer(cookie: string, use?: 'look'): Promise<Viewer | null>;
}

/** An onRequest hook that puts the viewer on the request. */
export function sessionHook(sessions: SessionLookup) {
  return async function findViewer(request: FastifyRequest): Promise<void> {
    const cookie = request.cookies[sessionCookie];
    if (!cookie) return;
    const viewer = await sessions.viewer(cookie);
    if (viewer === null) return;
    request.viewer = viewer;
  };
}

/**
 * A preParsing hook (after the rate limit, since refusals are recorded): a page that shows somebody else as signed
 * in than the session belongs to is refused, so that nobody acts in another's name after Gitea's user changed.
 */
export async function checkPageUser(request: FastifyRequest): Promise<void> {
  const { viewer } = request;
  if (viewer === null) return;
  const pageUser = request.headers[pageUserHeader];
  if (pageUser === undefined || pageUser === String(viewer.user.id)) return;
  if (request.method !== 'GET') {
    await recordRefusal(request.server.guardService, request, 'session of another user', null, {
      pageUser: String(pageUser).slice(0, 20),
    });
  }
  request.viewer = null;
  throw anotherUser();
}

/** Whoever looks at the page is not told whose session it is. */
export function anotherUser(): ProblemError {
  return new ProblemError(
    'session-of-another-user',
    'This page shows another user than the one who is signed in here. Sign in again to go on as the page’s user.',
  );
}
