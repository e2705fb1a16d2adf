import type { StatusRow, StatusState } from '../store/rows.ts';
import type { SafeHtml } from '../template/value.ts';
import { html } from './html.ts';
import { icon } from './icon.ts';

const looks: Record<StatusState, readonly [glyph: string, colour: string]> = {
  pending: ['octicon-dot-fill', 'yellow'],
  success: ['octicon-check', 'green'],
  error: ['octicon-alert', 'red'],
  failure: ['octicon-x', 'red'],
  warning: ['octicon-alert', 'yellow'],
  skipped: ['octicon-skip', 'grey'],
};

/** The icon of a commit status. */
export function statusIcon(state: StatusState): SafeHtml {
  const [glyph, colour] = looks[state];
  return icon(glyph, 18, `commit-status icon text ${colour}`);
}

/** One check: icon, context, description, whether it is required, and its link. */
export function statusItem(status: StatusRow, required: boolean): SafeHtml {
  const target = /^https?:\/\//i.test(status.targetUrl) ? status.targetUrl : undefined;
  return html`<div class="commit-status-item">
  ${statusIcon(status.state)}
  <div class="status-context gt-ellipsis">${status.context} <span class="text light-2">${status.description}</span></div>
  <div class="ui status-details">${required && html`<div class="ui label">Required</div>`}<span>${target !== undefined && html`<a href="${target}">Details</a>`}</span></div>
</div>`;
}

/** The combined state of a commit with a popup of its checks; nothing where there are none. */
export function commitStatus(state: StatusState, statuses: readonly StatusRow[]): SafeHtml | undefined {
  if (statuses.length === 0) return undefined;
  return html`<span class="flex-text-inline" data-global-init="initCommitStatuses" tabindex="0" role="button" aria-label="${state}">${statusIcon(state)}</span>
<div class="tippy-target"><div class="commit-status-panel"><div class="ui top attached header commit-status-header"></div><div class="commit-status-list">${statuses.map((status) => statusItem(status, false))}</div></div></div>`;
}

/** The headline over a list of checks. */
export function checksHeadline(state: StatusState): string {
  if (state === 'pending') return 'Some checks are pending';
  if (state === 'failure') return 'Some checks failed';
  if (state === 'error') return 'Some checks reported errors';
  if (state === 'warning') return 'Some checks reported warnings';
  return 'All checks were successful';
}
