import type { SafeHtml } from '../template/value.ts';
import { closedBox } from './closed-box.ts';
import { diffFiles, diffSummary } from './diff-view.ts';
import { editor } from './editor.ts';
import type { ListedCommit } from './history-pages.ts';
import { commitTable } from './history-pages.ts';
import { html } from './html.ts';
import { icon } from './icon.ts';
import type { Page } from './layout.ts';
import type { ConversationView } from './load-conversation.ts';
import { mergeBox } from './merge-box.ts';
import { avatar } from './parts.ts';
import type { PatchFile } from './patch.ts';
import type { PullSummary, PullTab } from './pull-header.ts';
import { pullHeader } from './pull-header.ts';
import { pullSidebar } from './pull-sidebar.ts';
import { repositoryHeader, repositoryLink } from './repository-header.ts';
import type { Viewer } from './viewer.ts';

function pullPage(viewer: Viewer, summary: PullSummary, tab: PullTab, content: SafeHtml): Page {
  const { pull, repository } = summary;
  const title = `#${pull.index} - ${pull.title}`;
  const names = { conversation: '', commits: ' commits', files: ' files diff' };
  const facts = {
    conversation: 'PageIsPullConversation',
    commits: 'PageIsPullCommits',
    files: 'PageIsPullFiles',
  };
  return {
    title: `${title} - ${repository.name}`,
    label: title,
    classes: `repository view issue pull${names[tab]}`,
    repository,
    pull,
    facts: { PageIsPullList: true, [facts[tab]]: true },
    body: html`${repositoryHeader(viewer, repository, 'pulls')}
<div class="ui container${tab === 'files' && ' fluid padded'}">
${pullHeader(viewer, summary, tab)}
${content}
</div>`,
  };
}

/** The conversation: its items lie in `.ui.timeline` of `.comment-list`, or (1.27) in `.comment-list` itself. */
export function conversationPage(viewer: Viewer, view: ConversationView): Page {
  const { release } = viewer.forge.settings;
  const end = release.endMark && html`<div class="timeline-item tw-hidden" id="timeline-comments-end"></div>`;
  const items = html`${view.entries}${end}${view.merge !== undefined && mergeBox(view.merge)}${view.closed !== undefined && closedBox(view.closed)}
${view.mayComment ? commentForm(viewer, view) : signInHint(viewer)}`;
  const left =
    release.timeline === 'ui timeline'
      ? html`<div class="issue-content-left comment-list prevent-before-timeline"><div class="ui timeline">${items}</div></div>`
      : html`<div class="issue-content-left"><div class="comment-list">${items}</div></div>`;
  const content = html`<div class="issue-content">${left}${pullSidebar(viewer, view.sidebar)}</div>`;
  return pullPage(viewer, view.summary, 'conversation', content);
}

function commentForm(viewer: Viewer, { summary }: ConversationView): SafeHtml {
  const { pull, repository, mayEdit } = summary;
  const link = repositoryLink(viewer, repository);
  const user = viewer.user!;
  const [status, text, glyph, colour] =
    pull.state === 'open'
      ? ['close', 'Close Pull Request', 'octicon-git-pull-request-closed', 'red']
      : ['reopen', 'Reopen', 'octicon-git-pull-request', 'green'];
  return html`<div class="timeline-item comment form">
  <a class="timeline-avatar" href="${viewer.subUrl}/${user.name}">${avatar(viewer, user, 40)}</a>
  <div class="content"><div class="ui segment avatar-content-left-arrow">
    <form class="ui form form-fetch-action" id="comment-form" action="${link}/issues/${pull.index}/comments" method="post">
      <div class="field">${editor(link, 'Leave a comment', 'custom-init')}</div>
      <div class="field footer"><div class="flex-text-block tw-justify-end">
        ${mayEdit && !pull.isMerged && html`<button id="status-button" class="ui button" name="status" value="${status}"><span class="status-button-icon tw-text-${colour}">${icon(glyph ?? '')}</span> <span class="status-button-text">${text}</span></button>`}
        <button id="comment-button" class="ui primary button">Comment</button>
      </div></div>
    </form>
  </div></div>
</div>`;
}

function signInHint(viewer: Viewer): SafeHtml | undefined {
  if (viewer.user !== undefined) return undefined;
  return html`<div class="ui warning message"><a href="${viewer.subUrl}/user/login?redirect_to=${encodeURIComponent(viewer.url)}">Sign in</a> to join this conversation.</div>`;
}

/** The commits of a pull request. */
export function pullCommitsPage(
  viewer: Viewer,
  summary: PullSummary,
  commits: readonly ListedCommit[],
): Page {
  return pullPage(
    viewer,
    summary,
    'commits',
    commitTable(viewer, repositoryLink(viewer, summary.repository), commits),
  );
}

/** The changes of a pull request, with the form for a review. */
export function pullFilesPage(viewer: Viewer, summary: PullSummary, files: readonly PatchFile[]): Page {
  const { pull, repository } = summary;
  const link = repositoryLink(viewer, repository);
  const content = html`<div>
<div class="diff-detail-box">
  <div class="tw-flex tw-items-center tw-flex-wrap tw-gap-2 tw-ml-0.5">${diffSummary(files)}</div>
  <div class="diff-detail-actions">${viewer.user !== undefined && reviewForm(viewer, summary, link)}</div>
</div>
${diffFiles(files, `${link}/src/commit/${pull.headSha}`)}
</div>`;
  return pullPage(viewer, summary, 'files', content);
}

function reviewForm(viewer: Viewer, { pull }: PullSummary, link: string): SafeHtml {
  const isAuthor = viewer.user?.id === pull.authorId;
  const verdict = (type: string, text: string, colour: string, refusal: string) =>
    html`<span class="tw-inline-block"${isAuthor && html` data-tooltip-content="${refusal}"`}><button type="submit" name="type" value="${type}"${(isAuthor || pull.state === 'closed') && html` disabled`} class="ui submit ${colour} tiny button btn-submit">${text}</button></span>`;
  return html`<div id="review-box"><button type="button" class="ui tiny primary button tw-pr-1 js-btn-review" aria-expanded="false">Review <span class="ui small label review-comments-counter" data-pending-comment-number="0">0</span> ${icon('octicon-triangle-down', 14, 'dropdown icon')}</button></div>
<div class="review-box-panel tippy-target"><div class="ui segment">
  <form class="ui form form-fetch-action" action="${link}/pulls/${pull.index}/files/reviews/submit" method="post">
    <input type="hidden" name="commit_id" value="${pull.headSha}">
    <div class="field tw-flex tw-items-center"><div class="tw-flex-1">Submit review</div></div>
    <div class="field">${editor(link, 'Review comment')}</div>
    <div class="divider"></div>
    ${verdict('approve', 'Approve', 'primary', "Pull request authors can't approve their own pull request")}
    <button type="submit" name="type" value="comment" class="ui submit tiny basic button btn-submit">Comment</button>
    ${verdict('reject', 'Request changes', 'red', "Pull request authors can't request changes on their own pull request")}
  </form>
</div></div>`;
}
