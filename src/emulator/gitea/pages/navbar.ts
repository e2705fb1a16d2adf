import type { SafeHtml } from '../template/value.ts';
import { hook } from './hooks.ts';
import { html } from './html.ts';
import { icon } from './icon.ts';
import { avatar } from './parts.ts';
import type { Viewer } from './viewer.ts';

/** The bar at the top of every page. */
export function navbar(viewer: Viewer): SafeHtml {
  const { user, subUrl } = viewer;
  const bell = (classes: string) =>
    html`<a class="item ${classes}" href="${subUrl}/" data-tooltip-content="Notifications"><div class="tw-relative">${icon('octicon-bell')}</div></a>`;
  return html`<nav id="navbar" aria-label="Navigation Bar">
  <div class="navbar-left">
    <a class="item" id="navbar-logo" href="${subUrl}/" aria-label="${user === undefined ? 'Home' : 'Dashboard'}">
      <img width="30" height="30" src="${subUrl}/assets/img/logo.svg" alt="Logo" aria-hidden="true">
    </a>
    <div class="ui secondary menu navbar-mobile-right only-mobile">
      ${user !== undefined && bell('')}
      <button class="item ui icon mini button tw-m-0" id="navbar-expand-toggle" aria-label="Navigation Menu">${icon('octicon-three-bars')}</button>
    </div>
    ${
      user !== undefined &&
      html`<a class="item" href="${subUrl}/issues">Issues</a>
    <a class="item" href="${subUrl}/pulls">Pull Requests</a>
    <a class="item" href="${subUrl}/milestones">Milestones</a>`
    }
    <a class="item" href="${subUrl}/explore/repos">Explore</a>
    ${hook('extra_links')}
    ${user === undefined && html`<a class="item" target="_blank" href="https://docs.gitea.com">Help</a>`}
  </div>
  <div class="navbar-right">${
    user === undefined
      ? html`
    <a class="item${viewer.url.startsWith('/user/login') && ' active'}" rel="nofollow" href="${subUrl}/user/login?redirect_to=${encodeURIComponent(viewer.url.startsWith('/user/login') ? '/' : viewer.url)}">${icon('octicon-sign-in')}<span class="tw-ml-1">Sign In</span></a>`
      : html`
    ${bell('not-mobile')}
    <div class="ui dropdown jump item" data-tooltip-content="Create…" tabindex="0" role="button" aria-haspopup="menu" aria-label="Create…">
      <span class="text">${icon('octicon-plus')}<span class="not-mobile">${icon('octicon-triangle-down')}</span><span class="only-mobile">Create…</span></span>
      <div class="menu">
        <a class="item" href="${subUrl}/repo/create">${icon('octicon-plus')} New Repository</a>
        <a class="item" href="${subUrl}/org/create">${icon('octicon-organization')} New Organization</a>
      </div>
    </div>
    <div class="ui dropdown jump item" data-tooltip-content="Profile and Settings…" tabindex="0" role="button" aria-haspopup="menu" aria-label="Profile and Settings…">
      <span class="text">${avatar(viewer, user, 24, 'tw-mr-1')}<span class="only-mobile">${user.name}</span><span class="not-mobile">${icon('octicon-triangle-down')}</span></span>
      <div class="menu user-menu">
        <div class="header">Signed in as <strong>${user.name}</strong></div>
        <div class="divider"></div>
        <a class="item" href="${subUrl}/${user.name}">${icon('octicon-person')} Profile</a>
        <a class="item" href="${subUrl}/user/settings">${icon('octicon-tools')} Settings</a>
        <div class="divider"></div>
        <a class="item link-action" href data-url="${subUrl}/user/logout">${icon('octicon-sign-out')} Sign Out</a>
      </div>
    </div>`
  }
  </div>
</nav>`;
}
