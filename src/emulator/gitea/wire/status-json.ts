import type { ForgeContext } from '../context.ts';
import { combinedState } from '../pull/statuses.ts';
import type { Access, RepositoryRow, StatusRow } from '../store/rows.ts';
import { repositoryApiUrl } from './addresses.ts';
import { repositoryJson } from './repository-json.ts';
import { timestamp } from './timestamp.ts';
import { userJson } from './user-json.ts';

/** A commit status as the API shows it; the state is under `status`. */
export function statusJson(forge: ForgeContext, repository: RepositoryRow, status: StatusRow) {
  return {
    id: status.id,
    status: status.state,
    target_url: status.targetUrl,
    description: status.description,
    url: `${repositoryApiUrl(forge, repository)}/statuses/${status.sha}`,
    context: status.context,
    creator: userJson(forge, forge.store.users.get(status.creatorId)!, undefined),
    created_at: timestamp(status.created),
    updated_at: timestamp(status.updated),
  };
}

/** A commit's newest statuses and what they come to. */
export function combinedStatusJson(
  forge: ForgeContext,
  repository: RepositoryRow,
  sha: string,
  statuses: StatusRow[],
  access: Access,
) {
  const commitUrl = `${repositoryApiUrl(forge, repository)}/commits/${sha}`;
  return {
    state: statuses.length === 0 ? '' : combinedState(statuses),
    sha: statuses.length === 0 ? '' : sha,
    total_count: statuses.length,
    statuses: statuses.length === 0 ? null : statuses.map((one) => statusJson(forge, repository, one)),
    repository: statuses.length === 0 ? null : repositoryJson(forge, repository, access),
    commit_url: statuses.length === 0 ? '' : commitUrl,
    url: statuses.length === 0 ? '' : `${commitUrl}/status`,
  };
}
