import type { ScopeLevel } from '../account/scopes.ts';
import { findPull } from '../pull/pulls.ts';
import { Refusal } from '../refusal.ts';
import { atLeast, permission } from '../repository/permission.ts';
import { findRepository } from '../repository/repositories.ts';
import type { Access, PullRow, RepositoryRow, UserRow } from '../store/rows.ts';
import { notFound } from './api-error.ts';
import type { ApiCall } from './router.ts';

const refusals: Partial<Record<Access, string>> = {
  write: 'user should have a permission to write to a repo',
  admin: 'user should be an owner or a collaborator with admin write of a repository',
};

/**
 * The repository of `/repos/{owner}/{repo}/…` (or a given one), if the caller reaches a level of access: 404 when
 * it cannot even be read, 401 and 403 for more than reading.
 */
export function requireRepository(
  call: ApiCall,
  level: 'read' | 'write' | 'admin' = 'read',
  options: { repository?: RepositoryRow; unit?: string } = {},
): RepositoryRow {
  const repository =
    options.repository ?? findRepository(call.forge, call.param('owner'), call.param('repo'));
  if (repository === undefined) throw notFound();
  const access = permission(call.forge, call.user, repository, options.unit);
  if (!atLeast(access, 'read')) throw notFound();
  if (repository.isPrivate && call.identity?.scopes.includes('public-only')) {
    throw new Refusal(403, 'token scope is limited to public repos');
  }
  if (level !== 'read') call.doer();
  if (!atLeast(access, level)) throw new Refusal(403, refusals[level] ?? '');
  if (level === 'write' && repository.isArchived) throw new Refusal(423, 'repository is archived');
  return repository;
}

/** The pull request of `…/pulls/{index}`. */
export function requirePull(call: ApiCall, level: ScopeLevel = 'read'): PullRow {
  const repository = requireRepository(call, 'read', { unit: 'repo.pulls' });
  const pull = findPull(call.forge, repository, call.id('index'));
  if (pull === undefined) throw notFound();
  if (level === 'write') call.doer();
  return pull;
}

/** The caller, who must be a site admin. */
export function requireSiteAdmin(call: ApiCall): UserRow {
  const doer = call.doer();
  if (!doer.isAdmin) throw new Refusal(403, 'user should be the site admin');
  return doer;
}
