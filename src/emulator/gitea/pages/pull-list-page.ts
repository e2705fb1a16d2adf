import { isDraft } from '../pull/pulls.ts';
import type { PullRow, RepositoryRow, UserRow } from '../store/rows.ts';
import type { SafeHtml } from '../template/value.ts';
import { diffFiles, diffSummary } from './diff-view.ts';
import { editor } from './editor.ts';
import type { ListedCommit } from './history-pages.ts';
import { commitTable } from './history-pages.ts';
import { html } from './html.ts';
import { icon } from './icon.ts';
import type { Page } from './layout.ts';
import { avatar, encodePath, time } from './parts.ts';
import type { PatchFile } from './patch.ts';
import { repositoryHeader, repositoryLink } from './repository-header.ts';
import type { Viewer } from './viewer.ts';

export interface PullListView {
  readonly repository: RepositoryRow;
  readonly pulls: readonly {
    readonly pull: PullRow;
    readonly author: UserRow;
    readonly status: SafeHtml | undefined;
  }[];
  readonly state: 'open' | 'closed';
  readonly openCount: number;
  readonly closedCount: number;
}

/** The pull requests of a repository. */
export function pullListPage(viewer: Viewer, view: PullListView): Page {
  const { repository } = view;
  const link = repositoryLink(viewer, repository);
  const tab = (state: 'open' | 'closed', glyph: string, count: number, text: string) =>
    html`<a class="item${view.state === state && ' active'}" href="${link}/pulls?state=${state}">${icon(glyph)} ${count} ${text}</a>`;
  return {
    title: `Pull Requests - ${repository.name}`,
    classes: 'repository issue-list',
    repository,
    facts: { PageIsPullList: true },
    body: html`${repositoryHeader(viewer, repository, 'pulls')}
<div class="ui container">
  <div class="list-header flex-text-block"><div class="small-menu-items ui compact tiny menu list-header-toggle flex-items-block">${tab('open', 'octicon-git-pull-request', view.openCount, 'Open')}${tab('closed', 'octicon-issue-closed', view.closedCount, 'Closed')}</div><div class="tw-flex-1"></div><a class="ui small button primary" href="${link}/compare/${encodePath(repository.defaultBranch)}">New Pull Request</a></div>
  <div id="issue-list" class="flex-list flex-divided-list">${view.pulls.length === 0 && html`<div class="item empty-placeholder">Nothing here.</div>`}${view.pulls.map(
    ({ pull, author, status }) => {
      const [glyph, colour] = pull.isMerged
        ? ['octicon-git-merge', 'purple']
        : pull.state === 'closed'
          ? ['octicon-git-pull-request-closed', 'red']
          : isDraft(pull)
            ? ['octicon-git-pull-request-draft', 'grey']
            : ['octicon-git-pull-request', 'green'];
      return html`
    <div class="item flex-item"><div class="flex-item-leading">${icon(glyph ?? '', 16, `text ${colour}`)}</div><div class="flex-item-main">
      <div class="flex-item-title"><a class="tw-no-underline issue-title" href="${link}/pulls/${pull.index}">${pull.title}</a> ${status}</div>
      <div class="flex-item-body"><span>#${pull.index} opened ${time(pull.created)} by <a class="muted" href="${viewer.subUrl}/${author.name}">${author.name}</a></span> <span class="branches flex-text-inline"><span class="branch">${pull.baseBranch}</span> « <span class="branch">${pull.headBranch}</span></span></div>
    </div></div>`;
    },
  )}</div>
</div>`,
  };
}

export interface CompareView {
  readonly repository: RepositoryRow;
  readonly base: string;
  /** Branch, or `owner:branch` of a fork. */
  readonly head: string;
  readonly branches: readonly string[];
  readonly commits: readonly ListedCommit[];
  readonly files: readonly PatchFile[];
  readonly sourceLink: string;
  /** The open pull request of the two branches. */
  readonly existing: PullRow | undefined;
}

/** Two branches beside each other, and the form that opens a pull request from them. */
export function comparePage(viewer: Viewer, view: CompareView): Page {
  const { repository, base, head, commits } = view;
  const link = repositoryLink(viewer, repository);
  const chooser = (label: string, current: string, address: (branch: string) => string) =>
    html`<div class="ui dropdown basic small button" tabindex="0" role="button" aria-haspopup="menu">${label}: <strong>${current}</strong> ${icon('octicon-triangle-down', 14, 'dropdown icon')}<div class="menu">${view.branches.map((branch) => html`<a class="item" href="${address(branch)}">${branch}</a>`)}</div></div>`;
  return {
    title: `Comparing ${base}...${head} - ${repository.name}`,
    classes: 'repository file diff compare pull',
    repository,
    facts: { PageIsComparePull: true },
    body: html`${repositoryHeader(viewer, repository, 'pulls')}
<div class="ui container fluid padded">
  <h2 class="ui header">New Pull Request</h2>
  <div class="ui segment choose branch flex-text-block tw-flex-wrap">${icon('octicon-git-compare')} ${chooser('merge into', base, (branch) => `${link}/compare/${encodePath(branch)}...${encodePath(head)}`)} ${icon('octicon-arrow-left')} ${chooser('pull from', head, (branch) => `${link}/compare/${encodePath(base)}...${encodePath(branch)}`)}</div>
  ${
    commits.length === 0
      ? html`<div class="ui segment">${base === head ? 'Choose two different branches.' : 'These branches are equal. There is no need to create a pull request.'}</div>`
      : html`${view.existing !== undefined ? existing(link, view.existing) : viewer.user !== undefined && newPullForm(viewer, view, link)}
  ${commitTable(viewer, link, commits)}
  <div class="diff-detail-box"><div class="tw-flex tw-items-center tw-flex-wrap tw-gap-2 tw-ml-0.5">${diffSummary(view.files)}</div></div>
  ${diffFiles(view.files, view.sourceLink)}`
  }
</div>`,
  };
}

function existing(link: string, pull: PullRow): SafeHtml {
  return html`<div class="ui segment flex-text-block">A pull request between these branches already exists: <a href="${link}/pulls/${pull.index}">${pull.title} #${pull.index}</a></div>`;
}

function newPullForm(viewer: Viewer, view: CompareView, link: string): SafeHtml {
  const { user } = viewer;
  const title = view.commits.at(-1)?.commit.message.split('\n', 1)[0] ?? view.head;
  return html`<div class="issue-content"><div class="issue-content-left"><div class="ui timeline"><div class="timeline-item comment form">
    ${user !== undefined && html`<a class="timeline-avatar" href="${viewer.subUrl}/${user.name}">${avatar(viewer, user, 40)}</a>`}
    <div class="content"><div class="ui segment avatar-content-left-arrow">
      <form class="ui form" id="new-issue" action="${link}/compare/${encodePath(view.base)}...${encodePath(view.head)}" method="post">
        <div class="field"><input name="title" id="issue_title" placeholder="Title" aria-label="Title" value="${title}" maxlength="255" required></div>
        <div class="field">${editor(link, 'Leave a comment', 'custom-init')}</div>
        <div class="flex-text-block tw-justify-end"><button class="ui primary button">Create Pull Request</button></div>
      </form>
    </div></div>
  </div></div></div></div>`;
}
