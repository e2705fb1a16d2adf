import type { Release } from '../release.ts';
import type { PullRow } from '../store/rows.ts';
import type { SafeHtml } from '../template/value.ts';
import { html } from './html.ts';
import { icon } from './icon.ts';

/** What stands in the merge box's place once a pull request is closed. */
export interface ClosedBoxView {
  readonly pull: PullRow;
  /** RepoLink/pulls/N. */
  readonly pullLink: string;
  readonly mayDeleteBranch: boolean;
  readonly release: Release;
}

/** Says how a pull request ended, and offers to delete its branch. */
export function closedBox({ pull, pullLink, mayDeleteBranch, release }: ClosedBoxView): SafeHtml {
  const [title, text, colour] = pull.isMerged
    ? [
        'Pull request merged',
        html`The branch <code>${pull.headBranch}</code> is not needed any more.`,
        'purple',
      ]
    : ['Pull request closed', html`Reopen it to merge it.`, 'grey'];
  return html`<div class="timeline-item comment ${release.mergeBox}">
  <div class="timeline-avatar text ${colour}">${icon('octicon-git-merge', 40)}</div>
  <div class="content"><div class="ui attached segment merge-section avatar-content-left-arrow flex-items-block">
    <div class="item item-section text tw-flex-1">
      <div class="item-section-left"><h3 class="tw-mb-2">${title}</h3><div class="merge-section-info">${text}</div></div>
      ${mayDeleteBranch && html`<div class="item-section-right"><button type="button" class="ui button link-action delete-branch-after-merge" data-url="${pullLink}/cleanup">Delete Branch</button></div>`}
    </div>
  </div></div>
</div>`;
}
