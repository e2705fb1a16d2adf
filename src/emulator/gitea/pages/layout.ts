import { randomBytes } from 'node:crypto';
import type { SafeHtml } from '../template/value.ts';
import { hook, renderHooks } from './hooks.ts';
import { html, scriptJson } from './html.ts';
import { icon } from './icon.ts';
import { navbar } from './navbar.ts';
import type { PageSubject } from './template-data.ts';
import { templateData } from './template-data.ts';
import type { Viewer } from './viewer.ts';

/** A page: what stands in `<main>` and what the templates are told about it. */
export interface Page extends PageSubject {
  /** The document's title without the instance's name. */
  readonly title: string;
  /** The label of the main region; the title where absent. */
  readonly label?: string;
  /** Classes beside `page-content`. */
  readonly classes: string;
  readonly body: SafeHtml;
  readonly description?: string;
}

/** A nonce for the inline scripts of one page. */
export function newNonce(): string {
  return randomBytes(18).toString('base64url');
}

/** The whole document, hooks included. */
export function renderPage(viewer: Viewer, page: Page): string {
  const { subUrl } = viewer;
  const { release } = viewer.forge.settings;
  const script = html`<script src="${subUrl}/assets/js/index.js" nonce="${viewer.nonce}"></script>`;
  const document = html`<!DOCTYPE html>
<html lang="en-US" data-theme="gitea-auto">
<head>
${release.contentSecurityPolicy && contentSecurityPolicy(viewer.nonce)}
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${page.title} - Gitea</title>
<meta name="author" content="${page.repository?.name ?? 'Gitea - Git with a cup of tea'}">
<meta name="description" content="${page.description ?? 'A small stand-in for Gitea, for trying out and for tests'}">
<meta name="referrer" content="${release.referrerPolicy}">
<link rel="icon" href="${subUrl}/assets/img/favicon.svg" type="image/svg+xml">
<link rel="stylesheet" href="${subUrl}/assets/css/index.css">
<link rel="stylesheet" href="${subUrl}/assets/css/theme-gitea-auto.css">
${configuration(viewer)}
${release.script === 'head' && script}
${hook('header')}
</head>
<body>
${hook('body_outer_pre')}
<div class="full height">
<noscript>This website requires JavaScript.</noscript>
${hook('body_inner_pre')}
${navbar(viewer)}
<div role="main" aria-label="${page.label ?? page.title}" class="page-content ${page.classes}">
${page.body}
</div>
${hook('body_inner_post')}
</div>
${hook('body_outer_post')}
${footer(viewer)}
${release.script === 'footer' && script}
${hook('footer')}
</body>
</html>
`;
  return renderHooks(viewer, document.html, templateData(viewer, page.title, page));
}

/** Gitea 1.27's policy: from the facts, not recorded. It must come first in the head. */
function contentSecurityPolicy(nonce: string): SafeHtml {
  const policy = `default-src * data: blob:; script-src * 'nonce-${nonce}'; style-src * 'unsafe-inline';`;
  return html`<meta http-equiv="Content-Security-Policy" content="${policy}">`;
}

function configuration(viewer: Viewer): SafeHtml {
  const config = {
    appUrl: viewer.forge.settings.rootUrl,
    appSubUrl: viewer.subUrl,
    assetVersionEncoded: 'emulator',
    assetUrlPrefix: `${viewer.subUrl}/assets`,
    runModeIsProd: true,
    customEmojis: {},
    pageData: {},
    enableTimeTracking: false,
    mentionValues: [],
    mermaidMaxSourceCharacters: 50_000,
    i18n: {
      copy_success: 'Copied!',
      copy_error: 'Copy failed',
      error_occurred: 'An error occurred',
      modal_confirm: 'Confirm',
      modal_cancel: 'Cancel',
      more_items: 'More items',
    },
  };
  return html`<script nonce="${viewer.nonce}">
window.addEventListener('error', function(e) {window._globalHandlerErrors=window._globalHandlerErrors||[]; window._globalHandlerErrors.push(e);});
window.addEventListener('unhandledrejection', function(e) {window._globalHandlerErrors=window._globalHandlerErrors||[]; window._globalHandlerErrors.push(e);});
window.config = ${scriptJson(config)};
</script>`;
}

function footer(viewer: Viewer): SafeHtml {
  const { forge, subUrl } = viewer;
  return html`<footer class="page-footer" role="group" aria-label="Footer">
  <div class="left-links" role="contentinfo" aria-label="About Software">
    <a target="_blank" href="https://about.gitea.com">Gitea-compatible emulator</a>
    Version: ${forge.settings.release.version} Page: <strong>${Date.now() - viewer.started}ms</strong>
  </div>
  <div class="right-links" role="group" aria-label="Links">
    <div class="ui dropdown custom" id="footer-theme-selector"><span class="default-text"><div class="theme-menu-item">${icon('octicon-moon')} Auto</div></span></div>
    <div class="ui dropdown upward"><span class="flex-text-inline">${icon('octicon-globe')} English</span></div>
    <a href="${subUrl}/api/swagger">API</a>
    ${hook('extra_links_footer')}
  </div>
</footer>`;
}
