import type { SafeHtml } from '../template/value.ts';
import { html } from './html.ts';
import { icon } from './icon.ts';
import { encodePath } from './parts.ts';
import type { HomeView } from './repository-home.ts';
import type { Viewer } from './viewer.ts';

/** What releases without a sidebar show above the files: description and topics. */
export function aboveFiles({ repository }: HomeView): SafeHtml {
  return html`<div class="repo-description">${description(repository.description)}</div>
<div class="tw-flex tw-items-center tw-flex-wrap tw-gap-2 tw-my-2" id="repo-topics">${topics(repository.topics)}</div>`;
}

/** The column to the right of the files, as the release lays it out; undefined where it has none. */
export function homeSidebar(viewer: Viewer, view: HomeView, link: string): SafeHtml | undefined {
  const search = html`<form class="ignore-dirty tw-flex tw-flex-1" action="${link}/search" method="get"><div class="ui small action input tw-flex-1"><input name="q" size="10" placeholder="Search code…" aria-label="Search code"><button class="ui small icon button" aria-label="Search…">${icon('octicon-search')}</button></div></form>`;
  const about = html`<div class="repo-description tw-break-anywhere tw-gap-2">${description(view.repository.description)}</div>
      <div id="repo-topics" class="flex-text-block tw-flex-wrap tw-gap-1 tw-my-1 tw-text-text">${topics(view.repository.topics)}</div>
      ${facts(view, link)}`;
  const shares = view.languages.length > 0 ? languages(view) : undefined;
  switch (viewer.forge.settings.release.homeSidebar) {
    case 'none':
      return undefined;
    case 'list':
      return html`<div class="repo-home-sidebar-top">
  ${search}
  <div class="flex-list"><div class="flex-item"><div class="flex-item-main">
    <div class="flex-item-title">Description</div>
    <div class="flex-item-body tw-text-15"><div class="tw-flex tw-flex-col tw-gap-2 tw-mt-2">
      ${about}
    </div></div>
  </div></div></div>
</div>
<div class="repo-home-sidebar-bottom">${shares && html`<div class="flex-list"><div class="flex-item"><div class="flex-item-main"><div class="flex-item-title">Languages</div><div class="flex-item-body">${shares}</div></div></div></div>`}</div>`;
    case 'sections':
      return html`<div class="repo-home-sidebar-top flex-relaxed-list">
  ${search}
  <div class="flex-relaxed-list"><div class="repo-home-sidebar-header">Description</div>
      ${about}
  </div>
</div>
<div class="repo-home-sidebar-bottom flex-relaxed-list">${shares && html`<div class="divider"></div><div class="repo-home-sidebar-header">Languages</div><div>${shares}</div>`}</div>`;
  }
}

function description(text: string): SafeHtml {
  return text === '' ? html`<span class="no-description text-italic">No Description</span>` : html`${text}`;
}

function topics(names: readonly string[]): SafeHtml {
  return html`${names.map((topic) => html`<a class="repo-topic ui large label gt-ellipsis" href="#">${topic}</a>`)}`;
}

function facts({ repository, readme, place }: HomeView, link: string): SafeHtml {
  const size =
    repository.size >= 1024 ? [(repository.size / 1024).toFixed(1), 'MiB'] : [repository.size, 'KiB'];
  return html`${readme !== undefined && html`<a class="flex-text-block muted" href="${link}/src/branch/${encodePath(place.name)}/${encodePath(readme.name)}">${icon('octicon-book')} Readme</a>`}
      <span class="flex-text-block muted">${icon('octicon-database')} <b>${size[0]}</b> ${size[1]}</span>`;
}

function languages({ languages: shares }: HomeView): SafeHtml {
  return html`<div class="language-stats">${shares.map((one) => html`<div class="bar" style="width: ${one.percent}%; background-color: ${one.colour}" data-tooltip-content="${one.name}"></div>`)}</div>
      <div class="language-stats-details">${shares.map((one) => html`<div class="item"><i class="color-icon" style="background-color: ${one.colour}"></i> <span class="tw-font-semibold">${one.name}</span> ${one.percent}%</div>`)}</div>`;
}
