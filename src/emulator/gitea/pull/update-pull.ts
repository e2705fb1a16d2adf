import type { ForgeContext } from '../context.ts';
import { mergeTrees } from '../git/merge-trees.ts';
import { signatureEnvironment } from '../git/signature.ts';
import { Refusal } from '../refusal.ts';
import { afterPush } from '../repository/after-push.ts';
import { atLeast, permission } from '../repository/permission.ts';
import type { PullRow, UserRow } from '../store/rows.ts';
import { pullHeadRef } from './head.ts';
import { mergeability } from './mergeability.ts';
import { baseRepository } from './pulls.ts';

/** Merges the base branch into a pull request's head branch ("Update branch"). */
export async function updatePull(forge: ForgeContext, doer: UserRow, pull: PullRow): Promise<void> {
  const { git, store } = forge;
  const base = baseRepository(forge, pull);
  const head = pull.headRepositoryId === null ? undefined : store.repositories.get(pull.headRepositoryId);
  if (pull.state === 'closed' || head === undefined) throw new Refusal(422, 'pull request is closed');
  if (!atLeast(permission(forge, doer, head), 'write')) throw new Refusal(403, '');
  const { baseSha, mergeBase } = await mergeability(forge, pull);
  if (mergeBase === baseSha) return;
  const merged = await mergeTrees(git, base, pull.headSha, baseSha);
  if (merged.conflictedFiles.length > 0) {
    throw new Refusal(409, `merge failed because of conflict: ${merged.conflictedFiles.join(', ')}`);
  }
  const message = `Merge branch '${pull.baseBranch}' into ${pull.headBranch}`;
  const commit = await git.text(
    base,
    ['commit-tree', merged.tree, '-p', pull.headSha, '-p', baseSha, '-m', message],
    { env: signatureEnvironment({ author: doer, committer: doer, at: forge.now() }) },
  );
  const ref = `refs/heads/${pull.headBranch}`;
  if (head.id !== base.id) {
    // The new commit lies in the base repository; the fork takes it from there.
    await git.run(base, ['update-ref', `${pullHeadRef(pull)}-update`, commit]);
    const source = `${pullHeadRef(pull)}-update`;
    await git.run(head, ['fetch', '--quiet', '--no-tags', git.path(base), `${source}:${ref}`]);
    await git.run(base, ['update-ref', '-d', source]);
  } else await git.run(base, ['update-ref', ref, commit, pull.headSha]);
  await afterPush(forge, doer, head, [{ ref, before: pull.headSha, after: commit }]);
}
