import type { MergedPulls } from '../registry/ports.ts';
import { GiteaError } from './error.ts';
import type { Forge } from './forge.ts';

/** Pull requests and their approvals as the registry asks for them. */
export function createMergedPulls(
  forge: Pick<Forge, 'pull' | 'pullHead' | 'reviews' | 'branch'>,
): MergedPulls {
  return {
    async pull(repository, index) {
      const pull = await forge.pull(repository, index);
      if (!pull) return null;
      const merged = pull.state === 'merged';
      // The head of a merged pull request follows its branch, which anybody may push on: the ref does not.
      const head = merged ? await forge.pullHead(repository, index) : pull.head.sha;
      if (head === null) throw new GiteaError(502, `Gitea does not tell the merged head of #${index}.`);
      return {
        merged,
        mergedInto: pull.base.branch,
        head,
        fork: pull.fork,
        title: pull.title,
        url: pull.url,
        mergedBy: pull.mergedBy,
        mergedAt: pull.mergedAt,
      };
    },

    async approvals(repository, index, commit) {
      const [pull, reviews, branch] = await Promise.all([
        forge.pull(repository, index),
        forge.reviews(repository, index),
        forge.branch(repository, repository.productionBranch),
      ]);
      const latest = new Map(
        reviews
          .filter((review) => review.state === 'APPROVED' || review.state === 'REQUEST_CHANGES')
          .map((review) => [review.reviewer?.id, review]),
      );
      const counted = [...latest.values()].filter(
        (review) =>
          review.state === 'APPROVED' &&
          review.official &&
          !review.stale &&
          !review.dismissed &&
          // Gitea refuses it too: two people, whatever the forge lets pass.
          review.reviewer?.id !== pull?.author?.id &&
          review.commit === commit,
      );
      return {
        branchProtected: branch?.protected === true,
        required: branch?.protected ? branch.requiredApprovals : 0,
        counted: counted.map((review) => review.reviewer?.name ?? 'somebody who left'),
      };
    },
  };
}
