import type { UserRow } from '../store/rows.ts';
import type { SafeHtml } from '../template/value.ts';
import { html } from './html.ts';
import { icon } from './icon.ts';
import { avatar, time } from './parts.ts';
import type { Viewer } from './viewer.ts';

/** A comment as it stands in the timeline. */
export interface CommentView {
  /** The element's id: `issue-3` for the description, `issuecomment-7` else. */
  readonly id: string;
  readonly author: UserRow;
  readonly created: number;
  /** Words after the author's name instead of "commented …". */
  readonly says?: string;
  readonly roles: readonly string[];
  readonly body: SafeHtml;
  readonly raw: string;
  /** Absent where the viewer may not edit. */
  readonly editUrl?: string;
  readonly deleteUrl?: string;
  readonly pullLink: string;
}

const roleHints: Readonly<Record<string, string>> = {
  Author: 'This user is the author.',
  Owner: 'This user is the owner of this repository.',
  Collaborator: 'This user has been invited to collaborate on the repository.',
  Member: 'This user is a member of the organization owning this repository.',
};

/** Header and body of a comment, without the timeline's avatar. */
export function commentBox(viewer: Viewer, comment: CommentView): SafeHtml {
  const { author, id } = comment;
  const profile = `${viewer.subUrl}/${author.name}`;
  return html`<div class="content comment-container">
  <div class="comment-header avatar-content-left-arrow" role="heading" aria-level="3">
    <div class="comment-header-left">
      <a class="inline-timeline-avatar" href="${profile}">${avatar(viewer, author, 24)}</a>
      <span class="${id.startsWith('issue-') ? 'text grey muted-links' : 'comment-text-line'}"><a class="muted text black tw-font-semibold" href="${profile}">${author.name}</a> ${comment.says ?? html`commented <a href="#${id}">${time(comment.created)}</a>`}</span>
    </div>
    <div class="comment-header-right">
      ${comment.roles.map((role) => html`<div class="ui basic label role-label" data-tooltip-content="${roleHints[role]}">${role}</div>`)}
      <div class="item action ui dropdown jump pointing top right context-dropdown" tabindex="0" role="button" aria-haspopup="menu" aria-label="More">
        <a class="context-menu muted">${icon('octicon-kebab-horizontal')}</a>
        <div class="menu">
          <div class="item context" data-clipboard-text-type="url" data-clipboard-text="${comment.pullLink}#${id}">Copy Link</div>
          ${comment.editUrl !== undefined && html`<div class="divider"></div><div class="item context edit-content">Edit</div>`}
          ${comment.deleteUrl !== undefined && html`<div class="item context delete-comment link-action" data-url="${comment.deleteUrl}" data-confirm="Are you sure you want to delete this comment?">Delete</div>`}
        </div>
      </div>
    </div>
  </div>
  <div class="ui attached segment comment-body" role="article">
    <div class="render-content markup">${comment.raw.trim() === '' ? html`<span class="no-content">No description provided.</span>` : comment.body}</div>
    <div id="${id}-raw" class="raw-content tw-hidden">${comment.raw}</div>
    <div class="edit-content-zone tw-hidden" data-update-url="${comment.editUrl}"></div>
  </div>
</div>`;
}

/** A comment with its avatar in the timeline. */
export function timelineComment(viewer: Viewer, comment: CommentView, first = false): SafeHtml {
  const { firstComment } = viewer.forge.settings.release;
  return html`<div id="${comment.id}" class="timeline-item comment${first && ` ${firstComment}`}">
  <a class="timeline-avatar" href="${viewer.subUrl}/${comment.author.name}">${avatar(viewer, comment.author, 40)}</a>
  ${commentBox(viewer, comment)}
</div>`;
}
