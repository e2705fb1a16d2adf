import type { RepositoryRow, UserRow } from '../store/rows.ts';
import type { SafeHtml } from '../template/value.ts';
import { html } from './html.ts';
import { icon } from './icon.ts';
import type { Page } from './layout.ts';
import { avatar, time } from './parts.ts';
import { repositoryLink } from './repository-header.ts';
import type { Viewer } from './viewer.ts';

/** The list of repositories that somebody can see: the home page and Explore. */
export function repositoriesPage(
  viewer: Viewer,
  title: string,
  repositories: readonly RepositoryRow[],
): Page {
  return {
    title,
    classes: viewer.user === undefined ? 'explore repositories' : 'dashboard feeds',
    body: html`<div class="ui container"><h2 class="ui header">${title}</h2>${repositoryList(viewer, repositories)}</div>`,
    facts: { PageIsDashboard: viewer.user !== undefined },
  };
}

/** A user's or an organisation's page. */
export function profilePage(viewer: Viewer, owner: UserRow, repositories: readonly RepositoryRow[]): Page {
  const organisation = owner.kind === 'organisation';
  return {
    title: owner.fullName || owner.name,
    classes: organisation ? 'organization profile' : 'user profile',
    body: html`<div class="ui container">
  <div class="flex-item tw-items-center">
    <div class="flex-item-leading">${avatar(viewer, owner, 96)}</div>
    <div class="flex-item-main"><h1 class="ui header">${owner.fullName || owner.name}</h1><div class="text light-1">${owner.fullName !== '' && owner.name} ${owner.description}</div></div>
  </div>
  <div class="divider"></div>
  ${repositoryList(viewer, repositories)}
</div>`,
    facts: { ContextUser: null, PageIsViewRepositories: true },
  };
}

function repositoryList(viewer: Viewer, repositories: readonly RepositoryRow[]): SafeHtml {
  if (repositories.length === 0) {
    return html`<div class="empty-placeholder">${icon('octicon-repo', 48)}<h2>There are no repositories here.</h2></div>`;
  }
  return html`<div class="flex-divided-list flex-list">${repositories.map((repository) => {
    const link = repositoryLink(viewer, repository);
    const [owner, name] = link.slice(viewer.subUrl.length + 1).split('/');
    return html`
  <div class="item flex-item">
    <div class="flex-item-leading">${icon(repository.forkOf === null ? 'octicon-repo' : 'octicon-repo-forked', 24)}</div>
    <div class="flex-item-main">
      <div class="flex-item-title"><a class="name" href="${link}">${decodeURIComponent(owner ?? '')}/${decodeURIComponent(name ?? '')}</a>${repository.isPrivate && html` <span class="ui basic label">Private</span>`}</div>
      <div class="flex-item-body">${repository.description}</div>
      <div class="flex-item-body">${repository.topics.map((topic) => html`<span class="ui label topic">${topic}</span> `)}<span class="text light-2">Updated ${time(repository.updated)}</span></div>
    </div>
  </div>`;
  })}</div>`;
}

/** What stands where there is nothing to see, or nothing for this person. */
export function notFoundPage(viewer: Viewer): Page {
  return {
    title: 'Page Not Found',
    classes: 'status-page-error',
    body: html`<div class="ui container"><div class="status-page-error-title tw-text-center"><h1>404 Not Found</h1></div><div class="tw-text-center"><div class="tw-my-4">The page you are trying to reach either <strong>does not exist</strong> or <strong>you are not authorized</strong> to view it.</div>${viewer.user === undefined && html`<a class="ui primary button" href="${viewer.subUrl}/user/login?redirect_to=${encodeURIComponent(viewer.url)}">Sign In</a>`}</div></div>`,
  };
}

/** A refused action, with the reason. */
export function refusedPage(status: number, message: string): Page {
  return {
    title: `Error ${status}`,
    classes: 'status-page-error',
    body: html`<div class="ui container"><div class="ui negative message flash-message flash-error"><p>${message === '' ? `This is not possible (${status}).` : message}</p></div><button type="button" class="ui button history-back">Back</button></div>`,
  };
}
