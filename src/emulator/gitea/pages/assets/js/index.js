// The forge emulator's script: catches errors, then loads the rest. A classic script in the head, as in Gitea.
(() => {
  const assets = new URL(`${window.config.assetUrlPrefix}/`, window.location.origin).href;

  /** Shows the red banner that Gitea shows; the same message again only raises its count. */
  function showGlobalError(text) {
    const place = document.querySelector('.page-content') ?? document.body;
    const key = text.replaceAll(/\W/g, '-');
    let banner = place.querySelector(`.js-global-error[data-global-error-msg-compact="${CSS.escape(key)}"]`);
    if (banner === null) {
      banner = document.createElement('div');
      banner.className = 'ui container negative message center aligned js-global-error';
      banner.dataset.globalErrorMsgCompact = key;
      place.prepend(banner);
    }
    const count = Number(banner.dataset.globalErrorMsgCount ?? 0) + 1;
    banner.dataset.globalErrorMsgCount = String(count);
    banner.textContent = count > 1 ? `${text} (${count})` : text;
  }

  // Only what comes from a script under /assets/ concerns the reader; a rejection that is no Error breaks this
  // handler just as it breaks Gitea's, so an extension must not let one escape.
  function report(event) {
    const error = event.error ?? event.reason;
    if (error === undefined || error === null) return;
    if (!error.stack.includes(assets)) return;
    const where = event.filename ? ` (${event.filename} @ ${event.lineno}:${event.colno})` : '';
    showGlobalError(
      `JavaScript ${event.type === 'error' ? 'error' : 'promise rejection'}: ${error.message}${where}. Open browser console to see more details.`,
    );
  }

  function start() {
    for (const event of window._globalHandlerErrors ?? []) report(event);
    // From now on they are reported as they come.
    window._globalHandlerErrors = { push: report };
    Promise.all([import('./elements.js'), import('./interactions.js'), import('./pull-request.js')]).catch(
      (error) => showGlobalError(`Failed to load asset files: ${error.message}`),
    );
  }
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', start);
  else start();
})();
