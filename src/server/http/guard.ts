import type { FastifyRequest } from 'fastify';
import type { AuditLog } from '../audit/entry.ts';
import type { Access, AccessCheck, Right, Viewer } from '../permission/access.ts';
import { HiddenRepository } from '../permission/access-check.ts';
import { ProblemError } from './problem.ts';

/** What guards need; the app carries it. */
export interface GuardService {
  access: AccessCheck;
  /** Refusals are recorded here. */
  audit: AuditLog;
}

const words: Record<Right, string> = {
  view: 'view',
  train: 'train',
  release: 'release',
  audit: 'read the audit log',
  administer: 'look after what could not be delivered',
};

/** The viewer of a request. @throws ProblemError `signed-out` when nobody is signed in */
export function signedIn(request: FastifyRequest): Viewer {
  if (request.viewer === null) {
    throw new ProblemError('signed-out', 'You are not signed in here. Sign in with your Gitea account.');
  }
  return request.viewer;
}

/**
 * Records that somebody who is signed in was refused.
 *
 * @param subject what was refused, in words: "release", "POST runs"
 */
export async function recordRefusal(
  service: GuardService,
  request: FastifyRequest,
  subject: string,
  repository: number | null,
  detail: Record<string, unknown>,
): Promise<void> {
  const viewer = request.viewer;
  if (viewer === null) return;
  await service.audit.append({
    action: 'permission.refused',
    outcome: 'refused',
    actor: { kind: 'person', id: viewer.user.id, name: viewer.user.name },
    subject,
    repository,
    detail: { method: request.method, route: request.routeOptions.url ?? '', ...detail },
    requestId: request.id,
  });
}

/**
 * A preHandler of the permission matrix for routes with a `:repository` parameter (Gitea's id): asks Gitea what this user may do there now
 * and puts the answer on `request.access`, or refuses. Refusals of signed-in people are recorded.
 *
 * @param right what the route needs
 */
export function guard(right: Right): (request: FastifyRequest) => Promise<void> {
  return async function checkRight(request) {
    const viewer = signedIn(request);
    const repository = repositoryParameter(request);
    const service = request.server.guardService;
    const access = await accessOf(request, viewer, repository);
    request.guardedAccess = access;
    const permission = right === 'view' ? null : access[right];
    if (permission === null || permission.allowed) return;
    await recordRefusal(service, request, words[right], repository, {
      code: permission.code,
      reason: permission.reason,
    });
    throw new ProblemError('permission-missing', permission.reason);
  };
}

async function accessOf(request: FastifyRequest, viewer: Viewer, repository: number): Promise<Access> {
  const service = request.server.guardService;
  try {
    return await service.access.check(viewer, repository);
  } catch (error) {
    if (error instanceof HiddenRepository) {
      await recordRefusal(service, request, words.view, repository, { code: 'read-missing' });
    }
    throw error;
  }
}

function repositoryParameter(request: FastifyRequest): number {
  const { repository } = request.params as { repository?: unknown };
  const id = Number(repository);
  if (!Number.isSafeInteger(id) || id < 1) {
    throw new ProblemError(
      'not-found',
      'There is no such repository. Its id is the number that Gitea gave it.',
    );
  }
  return id;
}

/** Reads what the guard found. */
export function guardedAccess(request: FastifyRequest): Access {
  const access = request.guardedAccess;
  if (access === null) throw new Error(`${request.method} ${request.routeOptions.url} has no guard`);
  return access;
}
