import type { ForgeContext } from '../context.ts';
import { zeroSha } from '../git/git-repositories.ts';
import { canMerge } from '../protection/merge-decision.ts';
import { refusePush } from '../protection/push-decision.ts';
import { Refusal } from '../refusal.ts';
import { afterPush } from '../repository/after-push.ts';
import { atLeast, permission } from '../repository/permission.ts';
import type { PullRow, RepositoryRow, UserRow } from '../store/rows.ts';
import { firePull } from '../webhooks/pull-events.ts';
import type { MergeStyle } from './merge-commit.ts';
import { writeMerge } from './merge-commit.ts';
import { baseRepository } from './pulls.ts';
import { deletedBranch } from './synchronise.ts';
import { addEntry } from './timeline.ts';

export interface MergeRequest {
  style: MergeStyle;
  title?: string;
  message?: string;
  /** Refuse when the head is not this commit any more. */
  headCommitId?: string;
  deleteBranch?: boolean;
  /** Merge against the branch's rules; admins only. */
  force?: boolean;
}

/** Merges a pull request, or throws a Refusal with the status and words Gitea's API answers. */
export async function mergePull(
  forge: ForgeContext,
  doer: UserRow,
  pull: PullRow,
  request: MergeRequest,
): Promise<PullRow> {
  const { git, store } = forge;
  const repository = baseRepository(forge, pull);
  const decision = await canMerge(forge, doer, pull);
  const [obstacle] = decision.reasons;
  if (obstacle !== undefined && !(request.force === true && decision.canForce)) {
    if (obstacle.code === 'closed') throw new Refusal(404, 'not found');
    throw new Refusal(405, obstacle.message);
  }
  if (request.headCommitId && request.headCommitId !== pull.headSha) {
    throw new Refusal(409, 'head out of date');
  }
  const { baseSha, mergeBase } = decision.mergeability;
  const commit = await writeMerge(forge, doer, pull, { ...request, baseSha, mergeBase });
  const ref = `refs/heads/${pull.baseBranch}`;
  const moved = await git.run(repository, ['update-ref', ref, commit, baseSha], { accept: [0, 1, 128] });
  if (moved.code !== 0) throw new Refusal(409, 'merge push out of date');

  const now = forge.now();
  const merged = store.transaction(() => {
    addEntry(forge, doer, pull, 'merge', { data: { sha: commit } });
    return store.pulls.update(pull.id, {
      state: 'closed',
      isMerged: true,
      mergedAt: now,
      mergedBy: doer.id,
      mergeCommit: commit,
      baseSha,
      mergeBase,
      closedAt: now,
      updated: now,
    });
  });
  await firePull(forge, doer, merged, 'closed');
  if (commit !== baseSha) {
    await afterPush(forge, doer, repository, [{ ref, before: baseSha, after: commit }]);
  }
  if (request.deleteBranch === true) await deleteHead(forge, doer, merged);
  return merged;
}

/** The repository whose branch is a pull request's head, where the doer may delete that branch. */
export async function deletableHead(
  forge: ForgeContext,
  doer: UserRow | undefined,
  pull: PullRow,
): Promise<RepositoryRow | undefined> {
  const head =
    pull.headRepositoryId === null ? undefined : forge.store.repositories.get(pull.headRepositoryId);
  if (doer === undefined || head === undefined) return undefined;
  if (!atLeast(permission(forge, doer, head), 'write')) return undefined;
  const ref = `refs/heads/${pull.headBranch}`;
  const before = await forge.git.ref(head, ref);
  if (before === undefined) return undefined;
  const refusal = await refusePush(forge, doer, head, { ref, before, after: zeroSha }, {});
  return refusal === undefined ? head : undefined;
}

/** Deletes a pull request's head branch where the doer may; otherwise it stays. */
export async function deleteHead(forge: ForgeContext, doer: UserRow, pull: PullRow): Promise<void> {
  const head = await deletableHead(forge, doer, pull);
  if (head === undefined) return;
  const update = await deletedBranch(forge, head, pull.headBranch);
  addEntry(forge, doer, pull, 'delete_branch', { body: pull.headBranch });
  await afterPush(forge, doer, head, [update]);
}
