import type { Commit } from '../git/commits.ts';
import { combinedState } from '../pull/statuses.ts';
import type { CommentRow, PullRow, ReviewRow, StatusRow, UserRow } from '../store/rows.ts';
import type { SafeHtml } from '../template/value.ts';
import type { CommentView } from './comment-box.ts';
import { commentBox } from './comment-box.ts';
import { html } from './html.ts';
import { icon } from './icon.ts';
import { avatar, plural, shaLabel, summary, time, userByEmail } from './parts.ts';
import { commitStatus } from './status-icon.ts';
import type { Viewer } from './viewer.ts';

/** A commit of a push with its statuses. */
export interface PushedCommit {
  readonly commit: Commit;
  readonly statuses: readonly StatusRow[];
}

/** What a pull request's timeline shows that is no plain comment. */
export interface EventView {
  readonly entry: CommentRow;
  readonly author: UserRow;
  readonly pull: PullRow;
  readonly repositoryLink: string;
  readonly commits?: readonly PushedCommit[];
  readonly review?: ReviewRow;
  /** Of a review with text. */
  readonly comment?: CommentView;
}

/** An event of the timeline. */
export function timelineEvent(viewer: Viewer, view: EventView): SafeHtml {
  const { entry, pull, repositoryLink } = view;
  switch (entry.kind) {
    case 'push':
      return push(viewer, view);
    case 'review':
      return review(viewer, view);
    case 'merge': {
      const sha = pull.mergeCommit ?? String(entry.data.sha ?? '');
      const what = html`merged commit <a class="ui sha" href="${repositoryLink}/commit/${sha}"><b>${sha.slice(0, 10)}</b></a> into <b>${pull.baseBranch}</b>`;
      return event(viewer, view, 'octicon-git-merge', 'tw-bg-purple tw-text-white', what);
    }
    case 'close':
      return event(
        viewer,
        view,
        'octicon-issue-closed',
        'tw-bg-red tw-text-white',
        html`closed this pull request`,
      );
    case 'reopen':
      return event(
        viewer,
        view,
        'octicon-dot-fill',
        'tw-bg-green tw-text-white',
        html`reopened this pull request`,
      );
    case 'title': {
      const what = html`changed title from <b class="tw-line-through">${String(entry.data.from)}</b> to <b>${String(entry.data.to)}</b>`;
      return event(viewer, view, 'octicon-pencil', '', what);
    }
    case 'dismiss':
      return event(
        viewer,
        view,
        'octicon-x',
        '',
        html`dismissed a review${entry.body !== '' && html`: ${entry.body}`}`,
      );
    default:
      return event(viewer, view, 'octicon-git-branch', '', html`deleted branch <b>${pull.headBranch}</b>`);
  }
}

function event(viewer: Viewer, view: EventView, glyph: string, colours: string, what: SafeHtml): SafeHtml {
  const { author, entry } = view;
  const profile = `${viewer.subUrl}/${author.name}`;
  return html`<div class="timeline-item event" id="issuecomment-${entry.id}">
  <span class="badge ${colours}">${icon(glyph)}</span>
  <a class="avatar-with-link" href="${profile}">${avatar(viewer, author, 20)}</a>
  <span class="comment-text-line"><a class="muted text black tw-font-semibold" href="${profile}">${author.name}</a> ${what} <a id="event-${entry.id}" href="#event-${entry.id}">${time(entry.created)}</a></span>
</div>`;
}

function push(viewer: Viewer, { entry, author, repositoryLink, commits = [] }: EventView): SafeHtml {
  const forced = entry.data.forced === true;
  return html`<div class="timeline-item event" id="issuecomment-${entry.id}">
  <span class="badge">${icon('octicon-repo-push')}</span>
  <span class="comment-text-line"><a class="muted text black tw-font-semibold" href="${viewer.subUrl}/${author.name}">${author.name}</a> ${forced ? 'force-pushed' : `added ${commits.length} ${plural(commits.length, 'commit')}`} ${time(entry.created)}</span>
</div>
<div class="timeline-item commits-list">${commits.map(({ commit, statuses }, index) => {
    const user = userByEmail(viewer, commit.author.email);
    return html`
  <div class="flex-text-block" id="issuecomment-${entry.id}-${index}">
    <span class="badge badge-commit">${icon('octicon-git-commit')}</span>
    ${user !== undefined && html`<a class="avatar" href="${viewer.subUrl}/${user.name}">${avatar(viewer, user, 20)}</a>`}
    <span class="tw-flex-1 tw-font-mono gt-ellipsis" title="${summary(commit.message)}"><a href="${repositoryLink}/commit/${commit.sha}" class="muted">${summary(commit.message)}</a></span>
    <span class="flex-text-block">${commitStatus(combinedState(statuses), statuses)}${shaLabel(repositoryLink, commit.sha)}</span>
  </div>`;
  })}</div>`;
}

const verdicts: Partial<
  Record<ReviewRow['state'], readonly [glyph: string, colours: string, words: string]>
> = {
  APPROVED: ['octicon-check', 'tw-text-white tw-bg-green', 'approved these changes'],
  REQUEST_CHANGES: ['octicon-diff', 'tw-text-white tw-bg-red', 'requested changes'],
};

function review(viewer: Viewer, { entry, author, review: row, comment }: EventView): SafeHtml {
  const verdict = row === undefined ? undefined : verdicts[row.state];
  const [glyph, colours, words] = verdict ?? ['octicon-eye', '', 'reviewed'];
  const profile = `${viewer.subUrl}/${author.name}`;
  return html`<div class="timeline-item-group" id="issuecomment-${entry.id}">
  <div class="timeline-item event">
    ${comment !== undefined && html`<a class="timeline-avatar timeline-avatar-offset" href="${profile}">${avatar(viewer, author, 40)}</a>`}
    <span class="badge ${colours}">${icon(glyph)}</span>
    <span class="comment-text-line"><a class="muted text black tw-font-semibold" href="${profile}">${author.name}</a> ${words} ${time(entry.created)}${row?.isStale && html` <span class="ui label">Stale</span>`}${row?.isDismissed && html` <span class="ui label">Dismissed</span>`}</span>
  </div>
  ${comment !== undefined && html`<div class="timeline-item comment">${commentBox(viewer, comment)}</div>`}
</div>`;
}
