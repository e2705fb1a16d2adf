import type { ForgeContext } from '../context.ts';
import { zeroSha } from '../git/git-repositories.ts';
import type { RefUpdate } from '../protection/push-decision.ts';
import { ruleFor } from '../protection/rules.ts';
import type { PullRow, RepositoryRow, UserRow } from '../store/rows.ts';
import { firePull } from '../webhooks/pull-events.ts';
import { fetchHead } from './head.ts';
import { baseRepository } from './pulls.ts';
import { addEntry } from './timeline.ts';

/** Moves the open pull requests of a branch to its new head: timeline, stale reviews, webhook. */
export async function synchronisePulls(
  forge: ForgeContext,
  doer: UserRow,
  head: RepositoryRow,
  branch: string,
  update: RefUpdate,
): Promise<void> {
  const pulls = forge.store.pulls.list({ headRepositoryId: head.id, headBranch: branch, state: 'open' });
  for (const pull of pulls) {
    if (pull.headSha !== update.after) await movePull(forge, doer, head, pull, update.after);
  }
}

async function movePull(
  forge: ForgeContext,
  doer: UserRow,
  head: RepositoryRow,
  pull: PullRow,
  sha: string,
): Promise<void> {
  const { git, store } = forge;
  const base = baseRepository(forge, pull);
  await fetchHead(forge, pull, head);
  const baseSha = (await git.ref(base, `refs/heads/${pull.baseBranch}`)) ?? pull.baseSha;
  const mergeBase = await git.mergeBase(base, baseSha, sha);
  const lost = await git.text(base, ['rev-list', '--max-count=1', pull.headSha, `^${sha}`]);
  const added = await git.text(base, ['rev-list', '--reverse', sha, `^${pull.headSha}`, `^${baseSha}`]);
  const isChanged =
    (await diff(forge, base, pull.mergeBase, pull.headSha)) !== (await diff(forge, base, mergeBase, sha));
  const moved = store.transaction(() => {
    addEntry(forge, doer, pull, 'push', {
      data: {
        commits: added.split('\n').filter(Boolean),
        forced: lost !== '',
        before: pull.headSha,
        after: sha,
      },
    });
    if (isChanged) outdateReviews(forge, doer, pull, base);
    return store.pulls.update(pull.id, { headSha: sha, baseSha, mergeBase, updated: forge.now() });
  });
  await firePull(forge, doer, moved, 'synchronized', { before: pull.headSha, after: sha });
}

/** What a pull request changes, as text: reviews stay fresh where a push (a merge of the base) leaves it alone. */
async function diff(forge: ForgeContext, base: RepositoryRow, from: string, to: string): Promise<string> {
  return from === ''
    ? to
    : forge.git.text(base, ['diff', '--no-color', '--full-index', '--binary', from, to]);
}

/** Reviews of what is no longer there turn stale; where the branch's rule says so, approvals are dismissed. */
function outdateReviews(forge: ForgeContext, doer: UserRow, pull: PullRow, base: RepositoryRow): void {
  const rule = ruleFor(forge, base, pull.baseBranch)?.rule;
  for (const review of forge.store.reviews.list({
    pullId: pull.id,
    state: ['APPROVED', 'REQUEST_CHANGES'],
  })) {
    const isDismissed = rule?.dismiss_stale_approvals === true && review.state === 'APPROVED';
    if (isDismissed && !review.isDismissed) {
      addEntry(forge, doer, pull, 'dismiss', {
        body: 'New commits pushed, approval review dismissed automatically according to repository settings',
        reviewId: review.id,
      });
    }
    forge.store.reviews.update(review.id, {
      isStale: true,
      isDismissed: review.isDismissed || isDismissed,
      updated: forge.now(),
    });
  }
}

/** Closes the open pull requests whose head or base branch was deleted. */
export async function closePullsOf(
  forge: ForgeContext,
  doer: UserRow,
  repository: RepositoryRow,
  branch: string,
): Promise<void> {
  const { store } = forge;
  const open = { state: 'open' as const };
  const pulls = [
    ...store.pulls.list({ headRepositoryId: repository.id, headBranch: branch, ...open }),
    ...store.pulls.list({ repositoryId: repository.id, baseBranch: branch, ...open }),
  ];
  for (const pull of pulls) {
    const closed = store.transaction(() => {
      addEntry(forge, doer, pull, 'close');
      return store.pulls.update(pull.id, { state: 'closed', closedAt: forge.now(), updated: forge.now() });
    });
    await firePull(forge, doer, closed, 'closed');
  }
}

/** Deletes a branch, as a push of nothing to it would. */
export async function deletedBranch(
  forge: ForgeContext,
  repository: RepositoryRow,
  branch: string,
): Promise<RefUpdate> {
  const ref = `refs/heads/${branch}`;
  const before = (await forge.git.ref(repository, ref)) ?? zeroSha;
  await forge.git.run(repository, ['update-ref', '-d', ref, before]);
  return { ref, before, after: zeroSha };
}
