import type { ForgeContext } from '../context.ts';
import { fullName } from '../repository/repositories.ts';
import type { PullRow, RepositoryRow } from '../store/rows.ts';

/** The repository's page, without a trailing slash. */
export function repositoryUrl(forge: ForgeContext, repository: RepositoryRow): string {
  return `${forge.settings.rootUrl}${fullName(forge, repository)}`;
}

/** The repository in the API, without a trailing slash. */
export function repositoryApiUrl(forge: ForgeContext, repository: RepositoryRow): string {
  return `${forge.settings.rootUrl}api/v1/repos/${fullName(forge, repository)}`;
}

/** The pull request's page. */
export function pullUrl(forge: ForgeContext, pull: PullRow): string {
  return `${repositoryUrl(forge, forge.store.repositories.get(pull.repositoryId)!)}/pulls/${pull.index}`;
}

/** A path inside a repository, each segment escaped for an address. */
export function escapePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}
