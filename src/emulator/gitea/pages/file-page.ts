import type { SafeHtml } from '../template/value.ts';
import { highlight } from './highlight.ts';
import { html } from './html.ts';
import { icon } from './icon.ts';
import type { Page } from './layout.ts';
import { encodePath } from './parts.ts';
import { repositoryHeader, repositoryLink } from './repository-header.ts';
import type { HomeView, RefPlace } from './repository-home.ts';
import { branchSelector } from './repository-home.ts';
import type { Viewer } from './viewer.ts';

export interface FileView extends Pick<HomeView, 'repository' | 'fullName' | 'branches'> {
  readonly place: RefPlace;
  readonly content: Buffer;
  /** Markdown files are shown rendered. */
  readonly rendered: SafeHtml | undefined;
}

/** A file of a repository, highlighted; Markdown rendered; others can be downloaded. */
export function filePage(viewer: Viewer, view: FileView): Page {
  const { repository, place, content } = view;
  const link = repositoryLink(viewer, repository);
  const source = `${link}/src/${place.kind}/${encodePath(place.name)}`;
  const raw = `${link}/raw/${place.kind}/${encodePath(place.name)}/${encodePath(place.path)}`;
  const parts = place.path.split('/');
  const binary = content.subarray(0, 8000).includes(0);
  const title = `${view.fullName}/${place.path}`;
  return {
    title: `${title} at ${place.name} - ${repository.name}`,
    label: title,
    classes: 'repository file list',
    repository,
    facts: {
      PageIsViewCode: true,
      BranchName: place.name,
      CommitID: place.sha,
      TreePath: place.path,
      IsViewFile: true,
    },
    body: html`${repositoryHeader(viewer, repository, 'code')}
<div class="ui container"><div class="repo-view-content">
  <div class="repo-button-row"><div class="repo-button-row-left">${branchSelector(link, view)}
    <span class="breadcrumb repo-path tw-ml-1"><a class="section" href="${source}">${repository.name}</a>${parts.map((part, index) => html`<span class="breadcrumb-divider">/</span>${index === parts.length - 1 ? html`<span class="active section">${part}</span>` : html`<span class="section"><a href="${source}/${encodePath(parts.slice(0, index + 1).join('/'))}">${part}</a></span>`}`)}</span>
  </div></div>
  <div class="tab-size-4 non-diff-file-content">
    <h4 class="file-header ui top attached header tw-flex tw-items-center tw-justify-between tw-flex-wrap">
      <div class="file-header-left tw-flex tw-items-center tw-py-2 tw-pr-4">${icon('octicon-file', 16, 'tw-mr-2')}<strong>${parts.at(-1)}</strong><span class="text light-2 tw-ml-2">${content.length} B</span></div>
      <div class="file-header-right file-actions flex-text-block tw-flex-wrap"><a class="ui mini basic button" href="${raw}">Raw</a></div>
    </h4>
    <div class="ui bottom attached table unstackable segment">${
      view.rendered !== undefined
        ? html`<div class="file-view markup markdown">${view.rendered}</div>`
        : binary
          ? html`<div class="file-view tw-p-4"><a href="${raw}">View Raw</a></div>`
          : html`<div class="file-view code-view">${codeTable(place.path, content.toString('utf8'))}</div>`
    }</div>
  </div>
</div></div>`,
  };
}

function codeTable(path: string, code: string): SafeHtml {
  const lines = highlight(path, code.replace(/\n$/, ''));
  return html`<table class="chroma"><tbody>${lines.map(
    (
      line,
      index,
    ) => html`<tr><td class="lines-num"><span id="L${index + 1}" data-line-number="${index + 1}"></span></td><td class="lines-code chroma"><code class="code-inner">${line}</code></td></tr>
`,
  )}</tbody></table>`;
}
