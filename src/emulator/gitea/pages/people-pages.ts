import type { RepositoryRow, UserRow } from '../store/rows.ts';
import { html } from './html.ts';
import type { Page } from './layout.ts';
import { avatar } from './parts.ts';
import { repositoryHeader, repositoryLink } from './repository-header.ts';
import type { Viewer } from './viewer.ts';

/** Who watches, has starred or forked a repository. */
export function peoplePage(
  viewer: Viewer,
  repository: RepositoryRow,
  title: string,
  people: readonly UserRow[],
): Page {
  return {
    title: `${title} - ${repository.name}`,
    classes: 'repository watchers',
    repository,
    facts: { PageIsWatchers: title === 'Watchers' },
    body: html`${repositoryHeader(viewer, repository, 'none')}
<div class="ui container"><h2 class="ui dividing header">${title}</h2>
<ul class="user-cards">${people.map((user) => html`<li class="card"><a class="avatar" href="${viewer.subUrl}/${user.name}">${avatar(viewer, user, 48)}</a><h3 class="name"><a href="${viewer.subUrl}/${user.name}">${user.fullName || user.name}</a></h3></li>`)}</ul></div>`,
  };
}

/** The settings of a repository: only the topics, which decide where an extension shows. */
export function settingsPage(viewer: Viewer, repository: RepositoryRow, saved: boolean): Page {
  const link = repositoryLink(viewer, repository);
  return {
    title: `Settings - ${repository.name}`,
    classes: 'repository settings options',
    repository,
    facts: { PageIsSettingsOptions: true, PageIsRepoSettings: true },
    body: html`${repositoryHeader(viewer, repository, 'settings')}
<div class="ui container">${saved && html`<div class="ui positive message flash-message flash-success"><p>The topics have been saved.</p></div>`}
<h4 class="ui top attached header">Basic Settings</h4>
<div class="ui attached segment"><form class="ui form" method="post" action="${link}/settings">
  <div class="field"><label for="topics">Topics</label><input id="topics" name="topics" value="${repository.topics.join(' ')}"><p class="help">Separated by spaces; lower-case letters, digits and dashes.</p></div>
  <div class="field"><button class="ui primary button">Update Settings</button></div>
</form></div></div>`,
  };
}
