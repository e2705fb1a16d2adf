import type { MergeDecision, MergeReason } from '../protection/merge-decision.ts';
import { isDraft } from '../pull/pulls.ts';
import { combinedState } from '../pull/statuses.ts';
import type { Release } from '../release.ts';
import type { PullRow, StatusRow } from '../store/rows.ts';
import type { SafeHtml } from '../template/value.ts';
import { html } from './html.ts';
import { icon } from './icon.ts';
import { checksHeadline, statusIcon, statusItem } from './status-icon.ts';

/** The box under a pull request's timeline that says whether it can be merged, and does it. */
export interface MergeBoxView {
  readonly pull: PullRow;
  /** RepoLink/pulls/N. */
  readonly pullLink: string;
  readonly decision: MergeDecision;
  readonly statuses: readonly StatusRow[];
  readonly mergeTitle: string;
  readonly mergeMessage: string;
  readonly mayUpdate: boolean;
  /** The base has commits that the head lacks. */
  readonly isBehind: boolean;
  /** The head branch lies in the base repository and the viewer may delete it. */
  readonly mayDeleteBranch: boolean;
  readonly release: Release;
}

const styles: readonly (readonly [name: string, text: string])[] = [
  ['merge', 'Create merge commit'],
  ['rebase', 'Rebase, then fast-forward'],
  ['rebase-merge', 'Rebase, then create merge commit'],
  ['squash', 'Create squash commit'],
  ['fast-forward-only', 'Fast-forward only'],
];

/** The merge box. Where it is polled while checks are pending, it says how often (ms), and where to ask. */
export function mergeBox(view: MergeBoxView): SafeHtml {
  const { decision, statuses, pull, pullLink } = view;
  const required = decision.requiredContexts;
  const missing = required.filter((one) => one.matches.length === 0);
  const state = combinedState([...statuses, ...missing.map(() => ({ state: 'pending' as const }))]);
  const isRequired = (status: StatusRow) =>
    required.some((one) => one.matches.some((match) => match.context === status.context));
  const ready = decision.allowed;
  const colour = ready ? 'green' : 'red';
  const hasChecks = statuses.length > 0 || missing.length > 0;
  const { release } = view;
  const polls = release.mergeBoxPolling === 'while-pending' && hasChecks && state === 'pending';
  const initialises = release.mergeBox === 'pull-merge-box';
  return html`<div class="timeline-item comment ${release.mergeBox}"${initialises && html` data-global-init="initRepoPullMergeBox"`}${polls && html` data-pull-merge-box-reloading-interval="5000" data-pull-link="${pullLink}"`}>
  <div class="timeline-avatar text ${colour}">${icon('octicon-git-merge', 40)}</div>
  <div class="content">
    ${
      hasChecks &&
      html`<div class="ui attached segment fitted"><div class="commit-status-panel">
      <div class="ui top attached header commit-status-header">${checksHeadline(state)}<div class="ui right"><button type="button" class="commit-status-hide-checks btn interact-fg" data-show-all="Show all checks" data-hide-all="Hide all checks">Hide all checks</button></div></div>
      <div class="commit-status-list">
        ${statuses.map((status) => statusItem(status, isRequired(status)))}
        ${missing.map((one) => html`<div class="commit-status-item">${statusIcon('pending')}<div class="status-context gt-ellipsis">${one.pattern} <span class="text light-2">Waiting for status to be reported</span></div><div class="ui status-details"><div class="ui label">Required</div></div></div>`)}
      </div>
    </div></div>`
    }
    <div class="ui attached segment merge-section ${!hasChecks && 'avatar-content-left-arrow'} flex-items-block">
      ${isDraft(pull) && !decision.reasons.some((one) => one.code === 'work_in_progress') && reasonItem('octicon-x', 'This pull request is marked as a work in progress.')}
      ${decision.reasons.map((reason) => reasonOf(reason, view))}
      ${ready && html`<div class="item text green">${icon('octicon-check')} This pull request can be merged automatically.</div>`}
      ${!ready && decision.canForce && html`<div class="item text yellow">${icon('octicon-dot-fill')} As an administrator, you may still merge this pull request.</div>`}
      ${view.isBehind && updateItem(view)}
      ${decision.mayMerge && decision.mergeability.state !== 'conflict' && html`<div class="divider"></div>${mergeForm(view)}`}
      <div class="divider"></div>
      ${commandLine(pull)}
    </div>
  </div>
</div>`;
}

function reasonItem(glyph: string, text: string): SafeHtml {
  return html`<div class="item">${icon(glyph)} ${text}</div>`;
}

/** Gitea's page words the obstacles more fully than its API. */
function reasonOf(reason: MergeReason, { decision }: MergeBoxView): SafeHtml | undefined {
  switch (reason.code) {
    case 'approvals':
      return reasonItem(
        'octicon-x',
        `This pull request doesn't have enough required approvals yet. ${decision.approvals.granted} of ${decision.approvals.required} official approvals granted.`,
      );
    case 'status':
      return reasonItem('octicon-x', 'Some required checks are missing or were not successful.');
    case 'rejected':
      return reasonItem('octicon-x', 'This pull request has changes requested by an official reviewer.');
    case 'review_requested':
      return reasonItem('octicon-x', 'This pull request has official review requests.');
    case 'outdated':
      return reasonItem('octicon-x', 'This pull request is blocked because it is outdated.');
    case 'protected_files':
      return reasonItem('octicon-x', 'This pull request is blocked because it changes a protected file.');
    case 'work_in_progress':
      return reasonItem('octicon-x', 'This pull request is marked as a work in progress.');
    case 'not_allowed':
      return reasonItem('octicon-info', 'You are not authorized to merge this pull request.');
    case 'conflict':
      return html`${reasonItem('octicon-x', 'This pull request has changes conflicting with the target branch.')}<ul>${decision.mergeability.conflictedFiles.map((file) => html`<li>${file}</li>`)}</ul>`;
    default:
      return undefined;
  }
}

function updateItem({ pullLink, mayUpdate }: MergeBoxView): SafeHtml {
  return html`<div class="divider"></div><div class="item item-section"><div class="item-section-left flex-text-inline tw-flex-1">${icon('octicon-alert')} This branch is out-of-date with the base branch</div>${
    mayUpdate &&
    html`<div class="item-section-right"><form method="post" action="${pullLink}/update"><button class="ui compact button" name="style" value="merge"><span class="button-text">Update branch by merge</span></button></form></div>`
  }</div>`;
}

function mergeForm(view: MergeBoxView): SafeHtml {
  const { decision, pull, pullLink } = view;
  const force = !decision.allowed && decision.canForce;
  const disabled = !decision.allowed && !force;
  const colour = decision.allowed ? 'primary' : 'red';
  const glyph = icon('octicon-git-merge');
  return html`<div id="pull-request-merge-form">
  <form class="ui form tw-hidden merge-action-form" action="${pullLink}/merge" method="post">
    <input type="hidden" name="head_commit_id" value="${pull.headSha}">
    ${force && html`<input type="hidden" name="force_merge" value="true">`}
    <div class="field merge-message-fields"><input type="text" name="merge_title_field" aria-label="Merge title" value="${view.mergeTitle}" data-merge-title="${view.mergeTitle}" data-squash-title="${pull.title} (#${pull.index})"></div>
    <div class="field merge-message-fields"><textarea name="merge_message_field" rows="5" aria-label="Merge message" placeholder="Add an optional extended description…">${view.mergeMessage}</textarea></div>
    <div class="flex-text-block tw-flex-wrap">
      <button class="ui ${colour} button merge-do" type="submit" name="do" value="merge">${styles[0]?.[1]}</button>
      <button class="ui button merge-cancel" type="button">Cancel</button>
      ${view.mayDeleteBranch && html`<div class="ui checkbox"><input name="delete_branch_after_merge" type="checkbox" id="delete-branch-after-merge"><label for="delete-branch-after-merge">Delete Branch "${pull.headBranch}"</label></div>`}
    </div>
  </form>
  <div class="flex-text-block merge-choice">
    <div class="ui buttons merge-button ${colour}${disabled && ' disabled'}">
      <button class="ui ${colour} button merge-open" type="button"${disabled && html` disabled`}>${glyph} <span class="button-text">${styles[0]?.[1]}</span></button>
      <div class="ui dropdown icon ${colour} button merge-styles" tabindex="0" role="button" aria-haspopup="menu" aria-label="Merge style">${icon('octicon-triangle-down', 14)}<div class="menu">${styles.map(([name, text]) => html`<div class="item merge-style" role="menuitem" data-merge-style="${name}">${text}</div>`)}</div></div>
    </div>
  </div>
</div>`;
}

function commandLine(pull: PullRow): SafeHtml {
  const [head, base] = [pull.headBranch, pull.baseBranch];
  return html`<details><summary>View command line instructions</summary><div class="tw-mt-2">
  <div><h3>Checkout</h3>From your project repository, check out a new branch and test the changes.</div>
  <div class="ui secondary segment tw-font-mono"><div>git fetch -u origin ${head}:${head}</div><div>git checkout ${head}</div></div>
  <div><h3>Merge</h3>Merge the changes and update on Gitea.</div>
  <div class="ui secondary segment tw-font-mono"><div>git checkout ${base}</div><div>git merge --no-ff ${head}</div><div>git push origin ${base}</div></div>
</div></details>`;
}
