import { isDraft } from '../pull/pulls.ts';
import { repositoryOwner } from '../repository/repositories.ts';
import type { PullRow, RepositoryRow, UserRow } from '../store/rows.ts';
import type { SafeHtml } from '../template/value.ts';
import { diffStats } from './diff-view.ts';
import { html } from './html.ts';
import { icon } from './icon.ts';
import { encodePath, time } from './parts.ts';
import { repositoryLink } from './repository-header.ts';
import type { Viewer } from './viewer.ts';

export type PullTab = 'conversation' | 'commits' | 'files';

/** What every tab of a pull request shows above its content. */
export interface PullSummary {
  readonly repository: RepositoryRow;
  readonly pull: PullRow;
  readonly author: UserRow;
  readonly commitCount: number;
  readonly commentCount: number;
  readonly fileCount: number;
  readonly additions: number;
  readonly deletions: number;
  /** Null where the head's repository is gone. */
  readonly headRepository: RepositoryRow | null;
  readonly headBranchExists: boolean;
  readonly mayEdit: boolean;
}

/** Title, state and branches of a pull request, and its tabs. */
export function pullHeader(viewer: Viewer, summary: PullSummary, tab: PullTab): SafeHtml {
  const { pull, repository } = summary;
  const link = repositoryLink(viewer, repository);
  return html`<div class="tw-hidden" id="issue-page-info" data-issue-index="${pull.index}" data-issue-dependency-search-type="${tab === 'conversation' && 'all'}" data-issue-repo-link="${link}" data-issue-repo-id="${repository.id}"></div>
<div class="issue-title-header">
  <div class="issue-title" id="issue-title-display">
    <h1>${pull.title} <span class="index">#${pull.index}</span></h1>
    <div class="issue-title-buttons">${summary.mayEdit && html`<button id="issue-title-edit-show" type="button" class="ui small basic button">Edit</button>`}</div>
  </div>
  ${
    summary.mayEdit &&
    html`<form class="ui form issue-title tw-hidden" id="issue-title-editor" method="post" action="${link}/issues/${pull.index}/title">
    <div class="ui input tw-flex-1"><input name="title" value="${pull.title}" data-old-title="${pull.title}" maxlength="255" autocomplete="off" aria-label="Title" required></div>
    <div class="issue-title-buttons"><button type="button" class="ui small basic cancel button">Cancel</button><button type="submit" class="ui small primary button">Save</button></div>
  </form>`
  }
  <div class="issue-title-meta">${stateLabel(pull)}<div class="tw-ml-2 tw-flex-1 tw-break-anywhere">${sentence(viewer, summary)}</div></div>
</div>
${tabs(summary, `${link}/pulls/${pull.index}`, tab)}`;
}

/** The coloured label that says what has become of a pull request. */
export function stateLabel(pull: PullRow): SafeHtml {
  if (pull.isMerged) {
    return html`<div class="ui purple label issue-state-label">${icon('octicon-git-merge', 16, 'tw-mr-1')} Merged</div>`;
  }
  if (pull.state === 'closed') {
    return html`<div class="ui red label issue-state-label">${icon('octicon-git-pull-request-closed')} Closed</div>`;
  }
  if (isDraft(pull)) {
    return html`<div class="ui grey label issue-state-label">${icon('octicon-git-pull-request-draft')} Draft</div>`;
  }
  return html`<div class="ui green label issue-state-label">${icon('octicon-git-pull-request')} Open</div>`;
}

function sentence(viewer: Viewer, summary: PullSummary): SafeHtml {
  const { pull, repository, author, commitCount, headRepository } = summary;
  const link = repositoryLink(viewer, repository);
  const base = html`<a href="${link}/src/branch/${encodePath(pull.baseBranch)}">${pull.baseBranch}</a>`;
  const isFork = headRepository !== null && headRepository.id !== repository.id;
  const headName = isFork
    ? `${repositoryOwner(viewer.forge, headRepository).name}:${pull.headBranch}`
    : pull.headBranch;
  const head =
    headRepository !== null && summary.headBranchExists
      ? html`<a href="${repositoryLink(viewer, headRepository)}/src/branch/${encodePath(pull.headBranch)}">${headName}</a>`
      : html`<span class="tw-line-through" data-tooltip-content="Target branch does not exist.">${headName}</span>`;
  if (pull.isMerged) {
    const merger = pull.mergedBy === null ? undefined : viewer.forge.store.users.get(pull.mergedBy);
    return html`<a href="${viewer.subUrl}/${merger?.name}">${merger?.name}</a> <span class="pull-desc">merged ${commitCount} commits from <code>${head}</code> into <code>${base}</code> ${time(pull.mergedAt ?? pull.updated)}</span>`;
  }
  const copy = html`<button class="btn interact-fg" type="button" data-tooltip-content="Copy branch name" aria-label="Copy branch name" data-clipboard-text="${pull.headBranch}">${icon('octicon-copy', 14)}</button>`;
  return html`<span id="pull-desc-display" class="pull-desc"><a href="${viewer.subUrl}/${author.name}">${author.name}</a> wants to merge ${commitCount} commits from <code>${head} ${copy}</code> into <code id="branch_target">${base}</code></span>`;
}

function tabs(summary: PullSummary, link: string, tab: PullTab): SafeHtml {
  const item = (name: PullTab, address: string, glyph: string, text: string, count: number) =>
    html`<a class="item ${tab === name && 'active'}" href="${address}">${icon(glyph)} <span class="resize-for-semibold" data-text="${text}">${text}</span> <span class="ui small label">${count}</span></a>`;
  return html`<div class="ui pull tabs container">
  <div class="ui top attached pull tabular menu">
    ${item('conversation', link, 'octicon-comment-discussion', 'Conversation', summary.commentCount)}
    ${item('commits', `${link}/commits`, 'octicon-git-commit', 'Commits', summary.commitCount)}
    ${item('files', `${link}/files`, 'octicon-diff', 'Files Changed', summary.fileCount)}
    ${diffStats(summary.additions, summary.deletions, 'tw-ml-auto tw-pl-3 tw-font-semibold')}
  </div>
  <div class="ui tabs divider"></div>
</div>`;
}
