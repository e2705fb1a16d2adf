import picomatch from 'picomatch';
import type { ForgeContext } from '../context.ts';
import type { HookRow, RepositoryRow } from '../store/rows.ts';

export interface FiredEvent {
  /** `X-Gitea-Event`. */
  event: string;
  /** `X-Gitea-Event-Type`. */
  eventType: string;
  /** What a hook must have chosen to get it. */
  subscription: string;
  /** For events of a branch: what the hook's branch filter is held against. */
  branch?: string;
}

/** Records a delivery for every active hook that chose the event. The payload is built only where one did. */
export async function fire(
  forge: ForgeContext,
  repository: RepositoryRow,
  fired: FiredEvent,
  payload: () => unknown,
): Promise<void> {
  const hooks = [
    ...forge.store.hooks.list({ repositoryId: repository.id, isActive: true }),
    ...forge.store.hooks.list({ repositoryId: null, isActive: true }),
  ].filter((hook) => wants(hook, fired));
  if (hooks.length === 0) return;
  const body = JSON.stringify(await payload(), null, 2);
  for (const hook of hooks) forge.webhooks.enqueue(hook, fired.event, fired.eventType, body);
}

function wants(hook: HookRow, fired: FiredEvent): boolean {
  if (!hook.events.includes(fired.subscription)) return false;
  if (fired.branch === undefined || hook.branchFilter === '' || hook.branchFilter === '*') return true;
  return picomatch.isMatch(fired.branch, hook.branchFilter, { dot: true });
}
