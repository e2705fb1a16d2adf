import { findOwner } from '../account/users.ts';
import type { ForgeContext } from '../context.ts';
import { Refusal } from '../refusal.ts';
import { atLeast, permission } from '../repository/permission.ts';
import type { PullRow, RepositoryRow, UserRow } from '../store/rows.ts';
import { firePull } from '../webhooks/pull-events.ts';
import { fetchHead } from './head.ts';
import { addEntry } from './timeline.ts';

export interface NewPull {
  /** `branch`, or `owner:branch` of a fork. */
  head: string;
  base: string;
  title: string;
  body?: string;
}

/** Opens a pull request; whoever can read both sides may. */
export async function createPull(
  forge: ForgeContext,
  doer: UserRow,
  repository: RepositoryRow,
  input: NewPull,
): Promise<PullRow> {
  const { store, git } = forge;
  const { head, headBranch } = findHead(forge, doer, repository, input.head);
  if (input.title.trim() === '') throw new Refusal(422, '[Title]: Required');
  const baseSha = await git.ref(repository, `refs/heads/${input.base}`);
  if (baseSha === undefined) throw new Refusal(404, `branch does not exist [name: ${input.base}]`);
  const headSha = await git.ref(head, `refs/heads/${headBranch}`);
  if (headSha === undefined) throw new Refusal(404, `branch does not exist [name: ${headBranch}]`);
  if (head.id === repository.id && headBranch === input.base) {
    throw new Refusal(422, 'Invalid PullRequest: There are no changes between the head and the base');
  }
  const now = forge.now();
  const inserted = store.transaction(() => {
    const open = store.pulls.find({
      repositoryId: repository.id,
      headRepositoryId: head.id,
      headBranch,
      baseBranch: input.base,
      state: 'open',
    });
    if (open !== undefined) {
      throw new Refusal(
        409,
        `pull request already exists for these targets [id: ${open.id}, issue_id: ${open.id}, ` +
          `head_repo_id: ${head.id}, base_repo_id: ${repository.id}, head_branch: ${headBranch}, base_branch: ${input.base}]`,
      );
    }
    const { nextIndex } = store.repositories.get(repository.id)!;
    store.repositories.update(repository.id, { nextIndex: nextIndex + 1 });
    return store.pulls.insert({
      repositoryId: repository.id,
      index: nextIndex,
      headRepositoryId: head.id,
      headBranch,
      headSha,
      baseBranch: input.base,
      baseSha,
      mergeBase: '',
      authorId: doer.id,
      title: input.title,
      body: input.body ?? '',
      state: 'open',
      isMerged: false,
      mergedAt: null,
      mergedBy: null,
      mergeCommit: null,
      closedAt: null,
      created: now,
      updated: now,
    });
  });
  try {
    await fetchHead(forge, inserted, head);
  } catch (error) {
    store.pulls.remove({ id: inserted.id });
    throw error;
  }
  const mergeBase = await git.mergeBase(repository, baseSha, headSha);
  const commits = await git.text(repository, ['rev-list', '--reverse', `${baseSha}..${headSha}`]);
  const pull = store.transaction(() => {
    addEntry(forge, doer, inserted, 'push', {
      data: {
        commits: commits.split('\n').filter(Boolean),
        forced: false,
        before: mergeBase,
        after: headSha,
      },
    });
    return store.pulls.update(inserted.id, { mergeBase });
  });
  await firePull(forge, doer, pull, 'opened');
  return pull;
}

function findHead(forge: ForgeContext, doer: UserRow, base: RepositoryRow, name: string) {
  const colon = name.indexOf(':');
  if (colon === -1) return { head: base, headBranch: name };
  const ownerName = name.slice(0, colon).split('/')[0]!;
  const owner = findOwner(forge, ownerName);
  const head =
    owner?.id === base.ownerId
      ? base
      : forge.store.repositories
          .list({ ownerId: owner?.id ?? -1 })
          .find((one) => one.forkOf === base.id || base.forkOf === one.id);
  if (head === undefined || !atLeast(permission(forge, doer, head), 'read')) {
    throw new Refusal(404, `repository does not exist or is no fork [owner: ${ownerName}]`);
  }
  return { head, headBranch: name.slice(colon + 1) };
}
