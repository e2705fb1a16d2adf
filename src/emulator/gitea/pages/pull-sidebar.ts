import type { PullRow, ReviewRow, UserRow } from '../store/rows.ts';
import type { SafeHtml } from '../template/value.ts';
import { html } from './html.ts';
import { icon } from './icon.ts';
import { avatar } from './parts.ts';
import type { Viewer } from './viewer.ts';

export interface PullSidebarView {
  readonly pull: PullRow;
  readonly fullName: string;
  readonly repositoryLink: string;
  /** The newest verdict or request of each person. */
  readonly reviewers: readonly { readonly user: UserRow; readonly review: ReviewRow }[];
  readonly participants: readonly UserRow[];
}

const looks: Record<ReviewRow['state'], readonly [glyph: string, colour: string, words: string]> = {
  APPROVED: ['octicon-check', 'green', 'Approved'],
  REQUEST_CHANGES: ['octicon-diff', 'red', 'Changes requested'],
  REQUEST_REVIEW: ['octicon-dot-fill', 'yellow', 'Review requested'],
  COMMENT: ['octicon-comment', 'grey', 'Commented'],
  PENDING: ['octicon-dot', 'grey', 'Pending'],
};

/** The column to the right of a conversation. */
export function pullSidebar(viewer: Viewer, view: PullSidebarView): SafeHtml {
  const { pull, repositoryLink } = view;
  const reference = `${view.fullName}#${pull.index}`;
  return html`<div class="issue-content-right ui segment">
  ${combo(
    'Reviewers',
    `${repositoryLink}/issues/request_review?issue_ids=${pull.index}`,
    html`<div class="ui relaxed list flex-items-block">${
      view.reviewers.length === 0
        ? html`<span class="item empty-list">No Reviewers</span>`
        : view.reviewers.map((one) => reviewer(viewer, one))
    }</div>`,
  )}
  <div class="divider"></div>
  ${combo('Labels', `${repositoryLink}/issues/labels?issue_ids=${pull.index}`, empty('labels-list', 'No Label'))}
  <div class="divider"></div>
  ${combo('Milestone', `${repositoryLink}/issues/milestone?issue_ids=${pull.index}`, empty('', 'No Milestone'))}
  <div class="divider"></div>
  ${combo('Assignees', `${repositoryLink}/issues/assignee?issue_ids=${pull.index}`, empty('', 'No Assignees'))}
  <div class="divider"></div>
  <span class="text"><strong>${view.participants.length} Participants</strong></span>
  <div class="ui list tw-flex tw-flex-wrap">${view.participants.map((user) => html`<a href="${viewer.subUrl}/${user.name}" data-tooltip-content="${user.name}">${avatar(viewer, user, 20, 'tw-my-0.5 tw-mr-1')}</a>`)}</div>
  <div class="divider"></div>
  <div class="flex-text-block" data-tooltip-content="${reference}">
    <span class="tw-flex-1 gt-ellipsis">Reference: ${reference}</span>
    <button class="ui compact tiny icon button" type="button" aria-label="Copy reference" data-clipboard-text="${reference}">${icon('octicon-copy', 14)}</button>
  </div>
</div>`;
}

function combo(title: string, updateUrl: string, content: SafeHtml): SafeHtml {
  return html`<div class="issue-sidebar-combo" data-update-url="${updateUrl}"><div class="full-width"><span class="fixed-text"><strong>${title}</strong></span></div>${content}</div>`;
}

function empty(classes: string, text: string): SafeHtml {
  return html`<div class="ui list ${classes}"><span class="item empty-list">${text}</span></div>`;
}

function reviewer(viewer: Viewer, { user, review }: PullSidebarView['reviewers'][number]): SafeHtml {
  const [glyph, colour, words] = looks[review.state];
  return html`<div class="item"><div class="flex-text-inline tw-flex-1"><a class="muted flex-text-inline tw-gap-2" href="${viewer.subUrl}/${user.name}">${avatar(viewer, user, 20)} ${user.name}</a></div><div class="flex-text-inline">${review.isStale && html`<span data-tooltip-content="Stale">${icon('octicon-hourglass', 16, 'text grey')}</span>`}<span data-tooltip-content="${words}">${icon(glyph, 16, `text ${colour}`)}</span></div></div>`;
}
