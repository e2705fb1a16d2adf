import type { ForgeContext } from '../context.ts';
import { Refusal } from '../refusal.ts';
import { atLeast, permission } from '../repository/permission.ts';
import type { PullRow, RepositoryRow, UserRow } from '../store/rows.ts';
import { firePull } from '../webhooks/pull-events.ts';
import { fetchHead } from './head.ts';
import { addEntry } from './timeline.ts';

/** A title that starts so says that the pull request must not be merged yet. */
const workInProgress = /^(wip:|\[wip\])/i;

/** Whether a pull request is marked as work in progress. */
export function isDraft(pull: PullRow): boolean {
  return workInProgress.test(pull.title);
}

/** The pull request of a repository by its number. */
export function findPull(forge: ForgeContext, repository: RepositoryRow, index: number): PullRow | undefined {
  return forge.store.pulls.find({ repositoryId: repository.id, index });
}

/** The repository that a pull request wants to change. */
export function baseRepository(forge: ForgeContext, pull: PullRow): RepositoryRow {
  return forge.store.repositories.get(pull.repositoryId)!;
}

/** May comment, close and edit: its author, and whoever may write pull requests here. */
export function mayWritePull(forge: ForgeContext, user: UserRow, pull: PullRow): boolean {
  const access = permission(forge, user, baseRepository(forge, pull), 'repo.pulls');
  return atLeast(access, 'write') || (user.id === pull.authorId && atLeast(access, 'read'));
}

/** Closes a pull request without merging it. */
export async function closePull(forge: ForgeContext, doer: UserRow, pull: PullRow): Promise<PullRow> {
  return setState(forge, doer, pull, 'closed');
}

/** Opens a closed pull request again, on its head branch's present commit. */
export async function reopenPull(forge: ForgeContext, doer: UserRow, pull: PullRow): Promise<PullRow> {
  const { store, git } = forge;
  const head = pull.headRepositoryId === null ? undefined : store.repositories.get(pull.headRepositoryId);
  const sha = head && (await git.ref(head, `refs/heads/${pull.headBranch}`));
  if (head === undefined || sha === undefined)
    throw new Refusal(412, 'cannot reopen: the head branch is gone');
  const others = store.pulls.list({
    repositoryId: pull.repositoryId,
    headRepositoryId: head.id,
    headBranch: pull.headBranch,
    baseBranch: pull.baseBranch,
    state: 'open',
  });
  if (others.length > 0)
    throw new Refusal(409, 'cannot reopen: another pull request for these branches is open');
  await fetchHead(forge, pull, head);
  return setState(forge, doer, store.pulls.update(pull.id, { headSha: sha }), 'open');
}

async function setState(
  forge: ForgeContext,
  doer: UserRow,
  pull: PullRow,
  state: PullRow['state'],
): Promise<PullRow> {
  if (pull.isMerged)
    throw new Refusal(412, `cannot change state of this pull request, it was already merged`);
  if (pull.state === state) return pull;
  if (!mayWritePull(forge, doer, pull)) throw new Refusal(403, 'user should have permission to write pulls');
  const now = forge.now();
  const changed = forge.store.transaction(() => {
    addEntry(forge, doer, pull, state === 'closed' ? 'close' : 'reopen');
    return forge.store.pulls.update(pull.id, {
      state,
      closedAt: state === 'closed' ? now : null,
      updated: now,
    });
  });
  await firePull(forge, doer, changed, state === 'closed' ? 'closed' : 'reopened');
  return changed;
}

/** Changes title, description or base branch. */
export async function editPull(
  forge: ForgeContext,
  doer: UserRow,
  pull: PullRow,
  changes: { title?: string; body?: string; baseBranch?: string },
): Promise<PullRow> {
  if (!mayWritePull(forge, doer, pull)) throw new Refusal(403, 'user should have permission to write pulls');
  const { baseBranch = pull.baseBranch } = changes;
  let { baseSha, mergeBase } = pull;
  if (baseBranch !== pull.baseBranch) {
    if (pull.state === 'closed') throw new Refusal(409, 'cannot change the target of a closed pull request');
    const base = baseRepository(forge, pull);
    const sha = await forge.git.ref(base, `refs/heads/${baseBranch}`);
    if (sha === undefined) throw new Refusal(404, 'new base does not exist');
    baseSha = sha;
    mergeBase = await forge.git.mergeBase(base, sha, pull.headSha);
  }
  const title = changes.title ?? pull.title;
  const now = forge.now();
  const changed = forge.store.transaction(() => {
    if (title !== pull.title) addEntry(forge, doer, pull, 'title', { data: { from: pull.title, to: title } });
    return forge.store.pulls.update(pull.id, {
      title,
      body: changes.body ?? pull.body,
      baseBranch,
      baseSha,
      mergeBase,
      updated: now,
    });
  });
  if (title !== pull.title || changed.body !== pull.body || baseBranch !== pull.baseBranch) {
    await firePull(forge, doer, changed, 'edited');
  }
  return changed;
}
