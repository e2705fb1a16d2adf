import type { Commit } from '../git/commits.ts';
import type { RepositoryRow } from '../store/rows.ts';
import type { SafeHtml } from '../template/value.ts';
import { aboveFiles, homeSidebar } from './home-sidebar.ts';
import { html } from './html.ts';
import { icon } from './icon.ts';
import type { LanguageShare } from './language-shares.ts';
import type { Page } from './layout.ts';
import { commitAuthor, encodePath, plural, shaLabel, summary, time } from './parts.ts';
import type { TreeEntry } from './repository-files.ts';
import { repositoryHeader, repositoryLink } from './repository-header.ts';
import type { Viewer } from './viewer.ts';

/** Where in a repository a code page is. */
export interface RefPlace {
  readonly kind: 'branch' | 'tag' | 'commit';
  readonly name: string;
  readonly sha: string;
  readonly path: string;
}

export interface HomeView {
  readonly repository: RepositoryRow;
  readonly fullName: string;
  readonly place: RefPlace;
  readonly entries: readonly TreeEntry[];
  readonly latest: Commit | undefined;
  readonly readme: { readonly name: string; readonly content: SafeHtml } | undefined;
  readonly branches: readonly string[];
  readonly tagCount: number;
  readonly commitCount: number;
  readonly languages: readonly LanguageShare[];
  readonly mayWrite: boolean;
}

/** A folder of a repository; at its root with the sidebar, where the release has one. */
export function homePage(viewer: Viewer, view: HomeView): Page {
  const { repository, place } = view;
  const link = repositoryLink(viewer, repository);
  const atRoot = place.path === '';
  const source = `${link}/src/${place.kind}/${encodePath(place.name)}`;
  const hasSidebar = viewer.forge.settings.release.homeSidebar !== 'none';
  const title = repository.description === '' ? view.fullName : `${view.fullName}: ${repository.description}`;
  return {
    title: `${title} - ${repository.name}`,
    label: title,
    classes:
      `repository file list ${atRoot && place.name === repository.defaultBranch ? '' : 'quickstart'}`.trim(),
    repository,
    description: `${repository.name} - ${repository.description}`,
    facts: {
      PageIsViewCode: true,
      BranchName: place.name,
      CommitID: place.sha,
      TreePath: place.path,
      IsViewBranch: place.kind === 'branch',
    },
    body: html`${repositoryHeader(viewer, repository, 'code')}
<div class="ui container">
${atRoot && !hasSidebar && aboveFiles(view)}
<div class="${atRoot && hasSidebar ? 'repo-grid-filelist-sidebar' : 'repo-grid-filelist-only'}">
<div class="repo-home-filelist">
  ${atRoot && counts(link, view)}
  <div class="repo-button-row">
    <div class="repo-button-row-left">${branchSelector(link, view)}
      <a id="new-pull-request" role="button" class="ui compact basic button" href="${link}/compare/${encodePath(repository.defaultBranch)}...${encodePath(place.name)}" data-tooltip-content="New Pull Request" aria-label="New Pull Request">${icon('octicon-git-pull-request')}</a>
      ${!atRoot && breadcrumbs(source, view)}
    </div>
    <div class="repo-button-row-right">${clonePanel(viewer, view, link)}</div>
  </div>
  ${fileTable(viewer, view, source, link)}
  ${view.readme !== undefined && readmeBox(view.readme)}
</div>
${atRoot && homeSidebar(viewer, view, link)}
</div>
</div>`,
  };
}

function counts(link: string, view: HomeView): SafeHtml {
  const branches = view.branches.length;
  return html`<div class="ui segments repository-summary tw-my-0"><div class="ui segment sub-menu repository-menu">
    <a class="item muted" href="${link}/commits/branch/${encodePath(view.place.name)}">${icon('octicon-history')} <b>${view.commitCount}</b> ${plural(view.commitCount, 'Commit')}</a>
    <a class="item muted" href="${link}/branches">${icon('octicon-git-branch')} <b>${branches}</b> ${plural(branches, 'Branch', 'Branches')}</a>
    <a class="item muted" href="${link}/tags">${icon('octicon-tag')} <b>${view.tagCount}</b> ${plural(view.tagCount, 'Tag')}</a>
  </div></div>`;
}

/** The menu that changes the branch; in Gitea a script draws it, here it is there from the start. */
export function branchSelector(
  link: string,
  { place, branches, repository }: Pick<HomeView, 'place' | 'branches' | 'repository'>,
): SafeHtml {
  const name = place.kind === 'commit' ? place.sha.slice(0, 10) : place.name;
  return html`<div data-global-init="initRepoBranchTagSelector" data-current-repo-default-branch="${repository.defaultBranch}" data-current-repo-link="${link}" data-current-tree-path="${place.path}" data-current-ref-type="${place.kind}" data-current-ref-short-name="${place.name}">
<div class="ui dropdown custom branch-selector-dropdown ellipsis-text-items" tabindex="0" role="button" aria-haspopup="menu" aria-label="Branch">
  <div class="ui compact button branch-dropdown-button"><span class="flex-text-block gt-ellipsis">${icon(place.kind === 'tag' ? 'octicon-tag' : 'octicon-git-branch')} <strong class="tw-inline-block gt-ellipsis">${name}</strong></span>${icon('octicon-triangle-down', 14, 'dropdown icon')}</div>
  <div class="menu">${branches.map((branch) => html`<a class="item ${branch === place.name && 'selected'}" href="${link}/src/branch/${encodePath(branch)}/${encodePath(place.path)}">${branch}${branch === repository.defaultBranch && html` <span class="ui basic label">default</span>`}</a>`)}</div>
</div></div>`;
}

function breadcrumbs(source: string, { place, repository }: HomeView): SafeHtml {
  const parts = place.path.split('/');
  return html`<span class="breadcrumb repo-path tw-ml-1"><a class="section" href="${source}" title="${repository.name}">${repository.name}</a>${parts.map((part, index) => html`<span class="breadcrumb-divider">/</span>${index === parts.length - 1 ? html`<span class="active section">${part}</span>` : html`<span class="section"><a href="${source}/${encodePath(parts.slice(0, index + 1).join('/'))}">${part}</a></span>`}`)}</span>`;
}

function clonePanel(viewer: Viewer, view: HomeView, link: string): SafeHtml {
  const url = new URL(`${link}.git`, viewer.forge.settings.rootUrl).href;
  const archive = `/api/v1/repos${link.slice(viewer.subUrl.length)}/archive/${encodePath(view.place.name)}`;
  return html`<button type="button" class="ui compact primary button js-btn-clone-panel" aria-expanded="false">${icon('octicon-code')} <span>Code</span> ${icon('octicon-triangle-down', 14, 'dropdown icon')}</button>
<div class="clone-panel-popup tippy-target">
  <div class="flex-text-block clone-panel-field">${icon('octicon-terminal')} Clone</div>
  <div class="clone-panel-field"><div class="ui input tiny action"><input size="30" class="repo-clone-url js-clone-url" value="${url}" readonly aria-label="Clone address"><button type="button" class="ui small compact icon button" data-clipboard-text="${url}" data-tooltip-content="Copy URL" aria-label="Copy URL">${icon('octicon-copy', 14)}</button></div></div>
  <div class="flex-items-block clone-panel-list"><a class="item muted archive-link" href="${viewer.subUrl}${archive}.zip" rel="nofollow">${icon('octicon-file-zip')} Download ZIP</a><a class="item muted archive-link" href="${viewer.subUrl}${archive}.tar.gz" rel="nofollow">${icon('octicon-file-zip')} Download TAR.GZ</a></div>
</div>`;
}

function fileTable(viewer: Viewer, view: HomeView, source: string, link: string): SafeHtml {
  const { latest } = view;
  const glyphs = {
    folder: 'octicon-file-directory-fill',
    file: 'octicon-file',
    link: 'octicon-file-symlink-file',
    submodule: 'octicon-file-submodule',
  };
  const commitLink = (commit: Commit | undefined) =>
    commit !== undefined &&
    html`<a href="${link}/commit/${commit.sha}" class="muted">${summary(commit.message)}</a>`;
  return html`<div id="repo-files-table">
  ${
    latest !== undefined &&
    html`<div class="repo-file-line repo-file-last-commit"><div class="latest-commit">${commitAuthor(viewer, latest)} ${shaLabel(link, latest.sha)} <span class="grey commit-summary" title="${summary(latest.message)}"><span class="message-wrapper">${commitLink(latest)}</span></span></div><div>${time(latest.committer.date)}</div></div>`
  }
  ${view.place.path !== '' && html`<a class="repo-file-line parent-link silenced" href="${source}/${encodePath(view.place.path.split('/').slice(0, -1).join('/'))}">${icon('octicon-reply')} ..</a>`}
  ${view.entries.map(
    (entry) => html`
  <div class="repo-file-item">
    <div class="repo-file-cell name muted-links">${icon(glyphs[entry.kind], 16, `git-entry-icon ${entry.kind === 'folder' ? 'text primary' : ''}`)} <a class="entry-name" href="${source}/${encodePath(entry.path)}" title="${entry.name}">${entry.name}</a></div>
    <div class="repo-file-cell message commit-summary">${commitLink(entry.commit)}</div>
    <div class="repo-file-cell age">${entry.commit !== undefined && time(entry.commit.committer.date)}</div>
  </div>`,
  )}
</div>`;
}

function readmeBox(readme: NonNullable<HomeView['readme']>): SafeHtml {
  return html`<div id="readme" class="tab-size-4 non-diff-file-content">
  <h4 class="file-header ui top attached header tw-flex tw-items-center tw-justify-between tw-flex-wrap"><div class="file-header-left tw-flex tw-items-center tw-py-2 tw-pr-4">${icon('octicon-book', 16, 'tw-mr-2')}<strong><a class="muted" href="#readme">${readme.name}</a></strong></div></h4>
  <div class="ui bottom attached table unstackable segment"><div class="file-view markup markdown">${readme.content}</div></div>
</div>`;
}
