import type { Commit } from '../git/commits.ts';
import type { UserRow } from '../store/rows.ts';
import type { SafeHtml } from '../template/value.ts';
import { html } from './html.ts';
import { icon } from './icon.ts';
import type { Viewer } from './viewer.ts';

/** A user's avatar, `size` in CSS pixels. */
export function avatar(
  viewer: Viewer,
  user: Pick<UserRow, 'avatar' | 'name'>,
  size: number,
  classes = '',
): SafeHtml {
  return html`<img loading="lazy" alt class="ui avatar tw-align-middle ${classes}" src="${viewer.subUrl}/avatars/${user.avatar}?size=${size * 2}" title="${user.name}" width="${size}" height="${size}">`;
}

/** A point in time (seconds since the epoch, or RFC 3339) that the browser shows relative to now. */
export function time(at: number | string): SafeHtml {
  const date = typeof at === 'number' ? new Date(at * 1000) : new Date(at);
  const iso = date.toISOString().replace('.000Z', 'Z');
  return html`<relative-time prefix="" tense="past" datetime="${iso}" data-tooltip-content data-tooltip-interactive="true">${iso.slice(0, 19).replace('T', ' ')} +00:00</relative-time>`;
}

/** The user that a commit's e-mail belongs to. */
export function userByEmail(viewer: Viewer, email: string): UserRow | undefined {
  return viewer.forge.store.users.find({ kind: 'user', email });
}

/** The author of a commit: avatar and name, linked where it is a user of the forge. */
export function commitAuthor(viewer: Viewer, commit: Commit, size = 24): SafeHtml {
  const user = userByEmail(viewer, commit.author.email);
  if (user === undefined) return html`${icon('octicon-person', size)} <strong>${commit.author.name}</strong>`;
  return html`${avatar(viewer, user, size)} <a class="muted author-wrapper" title="${user.name}" href="${viewer.subUrl}/${user.name}"><strong>${user.fullName || user.name}</strong></a>`;
}

/** The first line of a commit message. */
export function summary(message: string): string {
  return message.split('\n', 1)[0] ?? '';
}

/** The rest of a commit message, without blank lines at its ends. */
export function description(message: string): string {
  return message.slice(summary(message).length).trim();
}

/** A short SHA as a label that links to the commit. */
export function shaLabel(repositoryLink: string, sha: string): SafeHtml {
  return html`<a href="${repositoryLink}/commit/${sha}" class="ui label commit-id-short " rel="nofollow">${sha.slice(0, 10)}</a>`;
}

/** A path with each segment encoded. */
export function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}

/** How many of something: `1 branch`, `2 branches`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return count === 1 ? one : many;
}
