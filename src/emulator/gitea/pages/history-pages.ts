import type { Commit } from '../git/commits.ts';
import { combinedState } from '../pull/statuses.ts';
import type { RepositoryRow, StatusRow } from '../store/rows.ts';
import type { SafeHtml } from '../template/value.ts';
import { diffFiles, diffSummary } from './diff-view.ts';
import { html } from './html.ts';
import { icon } from './icon.ts';
import type { Page } from './layout.ts';
import { commitAuthor, description, encodePath, shaLabel, summary, time } from './parts.ts';
import type { PatchFile } from './patch.ts';
import { repositoryHeader, repositoryLink } from './repository-header.ts';
import { commitStatus } from './status-icon.ts';
import type { Viewer } from './viewer.ts';

/** A commit with its checks, as lists show it. */
export interface ListedCommit {
  readonly commit: Commit;
  readonly statuses: readonly StatusRow[];
}

/** A table of commits: author, SHA, message and date. */
export function commitTable(viewer: Viewer, link: string, commits: readonly ListedCommit[]): SafeHtml {
  return html`<div class="ui attached segment commit-table"><table id="commits-table" class="ui very basic table unstackable">
<thead><tr><th class="three wide">Author</th><th class="two wide sha">SHA1</th><th class="eight wide message">Message</th><th class="two wide right aligned">Date</th></tr></thead>
<tbody class="commit-list">${commits.map(
    ({ commit, statuses }) => html`
<tr><td class="author"><div class="flex-text-inline">${commitAuthor(viewer, commit, 24)}</div></td><td class="sha">${shaLabel(link, commit.sha)}</td><td class="message"><span class="message-wrapper gt-ellipsis"><a class="muted commit-summary" href="${link}/commit/${commit.sha}">${summary(commit.message)}</a></span> ${commitStatus(combinedState(statuses), statuses)}</td><td class="right aligned">${time(commit.author.date)}</td></tr>`,
  )}</tbody></table></div>`;
}

/** The commits of a branch. */
export function commitsPage(
  viewer: Viewer,
  view: {
    repository: RepositoryRow;
    branch: string;
    commits: readonly ListedCommit[];
    total: number;
    page: number;
    pageSize: number;
  },
): Page {
  const { repository, branch, page } = view;
  const link = repositoryLink(viewer, repository);
  const address = `${link}/commits/branch/${encodePath(branch)}`;
  return {
    title: `Commits - ${branch} - ${repository.name}`,
    classes: 'repository commits',
    repository,
    facts: { PageIsCommits: true, PageIsViewCode: true, BranchName: branch },
    body: html`${repositoryHeader(viewer, repository, 'code')}
<div class="ui container">
  <h4 class="ui top attached header commits-header"><div class="commits-table-left tw-flex tw-items-center">${view.total} Commits (${branch})</div></h4>
  ${commitTable(viewer, link, view.commits)}
  <div class="center page buttons tw-mt-4">${page > 1 && html`<a class="ui button" href="${address}?page=${page - 1}">Newer</a>`} ${page * view.pageSize < view.total && html`<a class="ui button" href="${address}?page=${page + 1}">Older</a>`}</div>
</div>`,
  };
}

/** One commit: message, who, parents and changes. */
export function commitPage(
  viewer: Viewer,
  view: {
    repository: RepositoryRow;
    commit: Commit;
    statuses: readonly StatusRow[];
    files: readonly PatchFile[];
  },
): Page {
  const { repository, commit, statuses, files } = view;
  const link = repositoryLink(viewer, repository);
  const text = description(commit.message);
  const title = `${summary(commit.message)} · ${commit.sha.slice(0, 10)}`;
  return {
    title: `${title} - ${repository.name}`,
    label: title,
    classes: 'repository diff',
    repository,
    facts: { PageIsDiff: true, CommitID: commit.sha },
    body: html`${repositoryHeader(viewer, repository, 'none')}
<div class="ui container fluid padded">
  <div class="ui top attached header clearing segment tw-relative commit-header">
    <div class="tw-flex tw-gap-1">
      <h3 class="tw-mb-0 tw-flex-1"><span class="commit-summary" title="${summary(commit.message)}">${summary(commit.message)}</span> ${commitStatus(combinedState(statuses), statuses)}</h3>
      <div class="commit-header-buttons"><a class="ui primary tiny button" href="${link}/src/commit/${commit.sha}">Browse Source</a></div>
    </div>
    ${text !== '' && html`<pre class="commit-body">${text}</pre>`}
  </div>
  <div class="ui bottom attached segment flex-text-block tw-flex-wrap">
    <div class="flex-text-inline">${commitAuthor(viewer, commit, 20)}</div>
    <span class="text grey">${time(commit.author.date)}</span>
    <div class="tw-flex-1"></div>
    <div class="flex-text-inline tw-gap-5">
      ${commit.parents.map((parent) => html`<div class="flex-text-inline"><span>parent</span> ${shaLabel(link, parent)}</div>`)}
      <div class="flex-text-inline"><span>commit</span> ${shaLabel(link, commit.sha)}</div>
    </div>
  </div>
  <div>
    <div class="diff-detail-box"><div class="tw-flex tw-items-center tw-flex-wrap tw-gap-2 tw-ml-0.5">${diffSummary(files)}</div></div>
    ${diffFiles(files, `${link}/src/commit/${commit.sha}`)}
  </div>
</div>`,
  };
}

/** Branches or tags, each linked. */
export function refsPage(
  viewer: Viewer,
  repository: RepositoryRow,
  kind: 'Branches' | 'Tags',
  names: readonly string[],
): Page {
  const link = repositoryLink(viewer, repository);
  const type = kind === 'Tags' ? 'tag' : 'branch';
  return {
    title: `${kind} - ${repository.name}`,
    classes: 'repository branches',
    repository,
    facts: { PageIsBranches: kind === 'Branches', PageIsViewCode: true },
    body: html`${repositoryHeader(viewer, repository, 'code')}
<div class="ui container"><h4 class="ui top attached header">${kind}</h4><div class="ui attached segment"><div class="flex-divided-list">${
      names.length === 0
        ? html`<div class="item">None yet.</div>`
        : names.map(
            (name) =>
              html`<div class="item flex-text-block">${icon(type === 'tag' ? 'octicon-tag' : 'octicon-git-branch')} <a class="gt-ellipsis" href="${link}/src/${type}/${encodePath(name)}">${name}</a>${name === repository.defaultBranch && html` <span class="ui basic label">default</span>`}<span class="tw-flex-1"></span>${type === 'branch' && name !== repository.defaultBranch && html`<a class="ui small basic button" href="${link}/compare/${encodePath(repository.defaultBranch)}...${encodePath(name)}">New Pull Request</a>`}</div>`,
          )
    }</div></div></div>`,
  };
}
