import { atLeast, permission } from '../repository/permission.ts';
import { repositoryOwner } from '../repository/repositories.ts';
import type { RepositoryRow, UserRow } from '../store/rows.ts';
import type { SafeHtml } from '../template/value.ts';
import { hook } from './hooks.ts';
import { html } from './html.ts';
import { icon } from './icon.ts';
import type { Viewer } from './viewer.ts';
import { accessOf } from './viewer.ts';

export type RepositoryTab = 'code' | 'issues' | 'pulls' | 'settings' | 'none';

/** The address of a repository's home without the root address: Gitea's RepoLink. */
export function repositoryLink(viewer: Viewer, repository: RepositoryRow): string {
  const owner = repositoryOwner(viewer.forge, repository);
  return `${viewer.subUrl}/${encodeURIComponent(owner.name)}/${encodeURIComponent(repository.name)}`;
}

/** Who is told about a repository: its owner, else everybody with write access by name (nobody can choose yet). */
export function watchersOf(viewer: Viewer, repository: RepositoryRow): UserRow[] {
  const owner = repositoryOwner(viewer.forge, repository);
  if (owner.kind === 'user') return [owner];
  return viewer.forge.store.users
    .list({ kind: 'user' })
    .filter((user) => atLeast(permission(viewer.forge, user, repository), 'admin'));
}

/** Name, counters and tabs above every page of a repository. */
export function repositoryHeader(viewer: Viewer, repository: RepositoryRow, tab: RepositoryTab): SafeHtml {
  const { store } = viewer.forge;
  const owner = repositoryOwner(viewer.forge, repository);
  const link = repositoryLink(viewer, repository);
  const openPulls = store.pulls.count({ repositoryId: repository.id, state: 'open' });
  const watchers = watchersOf(viewer, repository).length;
  const forks = store.repositories.list({ forkOf: repository.id }).length;
  const parent = repository.forkOf === null ? undefined : store.repositories.get(repository.forkOf);
  const item = (name: RepositoryTab, address: string, glyph: string, text: string, count = 0) =>
    html`<a class="${tab === name && 'active '}item" href="${link}${address}">${icon(glyph)} ${text}${count > 0 && html` <span class="ui small label">${count}</span>`}</a>`;
  return html`<div class="secondary-nav">
  <div class="ui container">
    <div class="repo-header">
      <div class="flex-item tw-items-center">
        <div class="flex-item-leading">${icon(repository.forkOf === null ? 'octicon-repo' : 'octicon-repo-forked', 24)}</div>
        <div class="flex-item-main">
          <div class="flex-item-title tw-text-18"><a class="muted tw-font-normal" href="${viewer.subUrl}/${owner.name}">${owner.name}</a>/<a class="muted" href="${link}">${repository.name}</a></div>
          ${parent !== undefined && html`<div class="flex-item-body">forked from <a href="${repositoryLink(viewer, parent)}">${repositoryOwner(viewer.forge, parent).name}/${parent.name}</a></div>`}
        </div>
        <div class="flex-item-trailing">
          ${repository.isArchived && html`<span class="ui basic label">Archived</span>`}
          ${repository.isPrivate && html`<span class="ui basic label not-mobile">Private</span><div class="repo-icon only-mobile" data-tooltip-content="Private">${icon('octicon-lock', 18)}</div>`}
        </div>
      </div>
      <div class="flex-text-block tw-flex-wrap">
        <a class="ui compact small basic button" href="${link}.rss" data-tooltip-content="RSS Feed">${icon('octicon-rss')}</a>
        ${counter('Watch', 'octicon-eye', `${link}/watchers`, watchers)}
        ${counter('Star', 'octicon-star', `${link}/stars`, 0)}
        ${counter('Fork', 'octicon-repo-forked', `${link}/forks`, forks)}
      </div>
    </div>
  </div>
  ${tabBar(
    viewer,
    html`
      <div class="overflow-menu-items">
        ${item('code', tab === 'code' ? '' : '/src/', 'octicon-code', 'Code')}
        ${item('issues', '/issues', 'octicon-issue-opened', 'Issues')}
        ${item('pulls', '/pulls', 'octicon-git-pull-request', 'Pull Requests', openPulls)}
        ${unavailable(link)}
        ${hook('extra_tabs')}
        ${atLeast(accessOf(viewer, repository), 'admin') && html`<span class="item-flex-space"></span>${item('settings', '/settings', 'octicon-tools', 'Settings')}`}
      </div>
    `,
  )}
  <div class="ui tabs divider"></div>
</div>`;
}

function tabBar(viewer: Viewer, items: SafeHtml): SafeHtml {
  return viewer.forge.settings.release.tabBar === 'container'
    ? html`<overflow-menu class="ui container secondary pointing tabular top attached borderless menu tw-pt-0 tw-my-0">${items}</overflow-menu>`
    : html`<div class="ui container">
    <overflow-menu class="ui secondary pointing menu">${items}</overflow-menu>
  </div>`;
}

/** Tabs that Gitea shows and the emulator has no pages for: they look the same and answer 404. */
function unavailable(link: string): SafeHtml {
  const tabs: [string, string, string][] = [
    ['/actions', 'octicon-play', 'Actions'],
    ['/packages', 'octicon-package', 'Packages'],
    ['/projects', 'octicon-project', 'Projects'],
    ['/releases', 'octicon-tag', 'Releases'],
    ['/wiki', 'octicon-book', 'Wiki'],
    ['/activity', 'octicon-pulse', 'Activity'],
  ];
  return html`${tabs.map(([path, glyph, text]) => html`<a class="item" href="${link}${path}">${icon(glyph)} ${text}</a>\n        `)}`;
}

function counter(text: string, glyph: string, address: string, count: number): SafeHtml {
  return html`<div class="ui labeled button"><a class="ui compact small basic button" href="${address}" aria-label="${text}">${icon(glyph)}<span class="not-mobile" aria-hidden="true">${text}</span></a><a class="ui basic label" href="${address}">${count}</a></div>`;
}
