import type { ForgeContext } from '../context.ts';
import { zeroSha } from '../git/git-repositories.ts';
import type { RefUpdate } from '../protection/push-decision.ts';
import { closePullsOf, synchronisePulls } from '../pull/synchronise.ts';
import type { RepositoryRow, UserRow } from '../store/rows.ts';
import { fireCreate, fireDelete, firePush } from '../webhooks/repository-events.ts';
import { refreshRepository } from './refresh-repository.ts';

/** What follows when refs have changed: the repository's row, its pull requests and the webhooks. */
export async function afterPush(
  forge: ForgeContext,
  doer: UserRow,
  repository: RepositoryRow,
  updates: readonly RefUpdate[],
): Promise<void> {
  let current = await adoptFirstBranch(forge, repository, updates);
  current = await refreshRepository(forge, current, { touch: true });
  for (const update of updates) {
    const isBranch = update.ref.startsWith('refs/heads/');
    if (!isBranch && !update.ref.startsWith('refs/tags/')) continue;
    const branch = update.ref.slice('refs/heads/'.length);
    if (update.after === zeroSha) {
      if (isBranch) await closePullsOf(forge, doer, current, branch);
      await fireDelete(forge, doer, current, update);
      continue;
    }
    if (update.before === zeroSha) await fireCreate(forge, doer, current, update);
    await firePush(forge, doer, current, update);
    if (isBranch) await synchronisePulls(forge, doer, current, branch, update);
  }
}

/** The first branch pushed to an empty repository becomes its default branch where that does not exist. */
async function adoptFirstBranch(
  forge: ForgeContext,
  repository: RepositoryRow,
  updates: readonly RefUpdate[],
): Promise<RepositoryRow> {
  const first = updates.find((one) => one.ref.startsWith('refs/heads/') && one.after !== zeroSha);
  const current = forge.store.repositories.get(repository.id)!;
  if (!current.isEmpty || first === undefined) return current;
  if ((await forge.git.ref(current, `refs/heads/${current.defaultBranch}`)) !== undefined) return current;
  await forge.git.run(current, ['symbolic-ref', 'HEAD', first.ref]);
  return forge.store.repositories.update(current.id, {
    defaultBranch: first.ref.slice('refs/heads/'.length),
  });
}
