import type { ForgeContext } from '../context.ts';
import type { RepositoryRow, StatusRow, StatusState, UserRow } from '../store/rows.ts';

export interface NewStatus {
  state: StatusState;
  context?: string;
  description?: string;
  targetUrl?: string;
}

/** Records a commit status. Like Gitea it checks nothing: any writer can post any context. */
export function setStatus(
  forge: ForgeContext,
  creator: UserRow,
  repository: RepositoryRow,
  sha: string,
  input: NewStatus,
): StatusRow {
  return forge.store.statuses.insert({
    repositoryId: repository.id,
    sha,
    state: input.state,
    context: input.context || 'default',
    description: input.description ?? '',
    targetUrl: input.targetUrl ?? '',
    creatorId: creator.id,
    created: forge.now(),
    updated: forge.now(),
  });
}

/** The newest status of each context of a commit, newest first. */
export function latestStatuses(
  forge: ForgeContext,
  repository: Pick<RepositoryRow, 'id'>,
  sha: string,
): StatusRow[] {
  const latest = new Map<string, StatusRow>();
  for (const status of forge.store.statuses.list(
    { repositoryId: repository.id, sha },
    { order: 'id desc' },
  )) {
    if (!latest.has(status.context)) latest.set(status.context, status);
  }
  return [...latest.values()];
}

/** Several statuses as one, as Gitea sums them up: failure, else pending, else success; none is pending. */
export function combinedState(statuses: readonly Pick<StatusRow, 'state'>[]): StatusState {
  if (statuses.some(({ state }) => state === 'error' || state === 'failure')) return 'failure';
  const passed = statuses.filter(({ state }) => state !== 'pending');
  return statuses.length > 0 && passed.length === statuses.length ? 'success' : 'pending';
}
