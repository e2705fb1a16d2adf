import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ForgeContext } from '../context.ts';
import { findPull } from '../pull/pulls.ts';
import { Refusal } from '../refusal.ts';
import { atLeast, permission } from '../repository/permission.ts';
import { findRepository } from '../repository/repositories.ts';
import type { PullRow, RepositoryRow, UserRow } from '../store/rows.ts';
import type { Page } from './layout.ts';
import { renderPage } from './layout.ts';
import type { Viewer } from './viewer.ts';
import { viewerOf } from './viewer-of.ts';

/** Parameters of a page's address. */
export type Parameters = Readonly<Record<string, string>>;

/** What a page's handler works with. Nothing that the viewer may not see comes out of it: 404 instead. */
export interface PageScope {
  readonly viewer: Viewer;
  readonly parameters: Parameters;
  readonly query: Readonly<Record<string, string | undefined>>;
  readonly form: Readonly<Record<string, string | undefined>>;
  /** The signed-in user; anybody else is sent to sign in. */
  user(): UserRow;
  repository(unit?: string): RepositoryRow;
  pull(repository: RepositoryRow): PullRow;
}

/** Somebody must sign in first. */
export class SignInRequired extends Error {
  override readonly name = 'SignInRequired';
}

/** Reads a request for its handler. */
export function pageScope(forge: ForgeContext, request: FastifyRequest): PageScope {
  const viewer = viewerOf(forge, request);
  const parameters = request.params as Parameters;
  const form = (request.body ?? {}) as Record<string, unknown>;
  return {
    viewer,
    parameters,
    query: single(request.query as Record<string, unknown>),
    form: single(form),
    user() {
      if (viewer.user === undefined) throw new SignInRequired('sign in first');
      return viewer.user;
    },
    repository(unit = 'repo.code') {
      const found = findRepository(forge, parameters.owner ?? '', parameters.repository ?? '');
      if (found === undefined || !atLeast(permission(forge, viewer.user, found, unit), 'read')) {
        throw new Refusal(404, 'not found');
      }
      return found;
    },
    pull(repository) {
      const found = findPull(forge, repository, Number(parameters.index));
      if (found === undefined) throw new Refusal(404, 'not found');
      return found;
    },
  };
}

function single(values: Record<string, unknown>): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      String(Array.isArray(value) ? (value.at(-1) ?? '') : value),
    ]),
  );
}

/** Sends a page with the headers of Gitea's own. */
export function sendPage(reply: FastifyReply, viewer: Viewer, page: Page, status = 200): FastifyReply {
  return reply
    .code(status)
    .header('content-type', 'text/html; charset=utf-8')
    .header('cache-control', 'max-age=0, private, must-revalidate, no-transform')
    .header('x-frame-options', 'SAMEORIGIN')
    .header('x-content-type-options', 'nosniff')
    .send(renderPage(viewer, page));
}

/** Goes on to another page of the forge after something was done. */
export function redirect(reply: FastifyReply, address: string): FastifyReply {
  return reply.redirect(address, 303);
}
