import { createHash } from 'node:crypto';

/** How a sign-in ended, as the page tells it. */
export type SignInOutcome = 'signed-in' | 'denied' | 'outdated' | 'failed';

const texts: Record<SignInOutcome, { title: string; text: string }> = {
  'signed-in': { title: 'Signed in', text: 'You are signed in. You can close this window.' },
  denied: {
    title: 'Not signed in',
    text: 'Access was not allowed, so nobody was signed in. You can close this window, and try again from the page.',
  },
  outdated: {
    title: 'Not signed in',
    text: 'This sign-in is too old, or was started in another browser. Close this window and start again from the page.',
  },
  failed: {
    title: 'Not signed in',
    text: 'Gitea did not complete the sign-in. Close this window and try again; the administrator finds the cause in the log.',
  },
};

// Tells the page that opened the window (and its other tabs) that the sign-in ended; what came of it, the page
// asks the API. Everything is fixed: the outcome is one of four words, the origin comes from the configuration.
const script = `const { outcome, opener: origin } = document.documentElement.dataset;
const message = { type: 'gitea-databricks:sign-in', outcome };
try { window.opener?.postMessage(message, origin); } catch {}
try { new BroadcastChannel('gitea-databricks:sign-in').postMessage(message); } catch {}
if (outcome === 'signed-in' && window.opener) window.close();`;

const style = 'body{font:16px/1.5 system-ui,sans-serif;margin:20vh auto;max-width:32em;padding:0 1em}';

function hashSource(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}

/** The page's policy: its own script and style by hash, nothing else. */
export const signInPagePolicy = [
  "default-src 'none'",
  `script-src ${hashSource(script)}`,
  `style-src ${hashSource(style)}`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/**
 * The only HTML that the backend serves: the end of a sign-in. No input of the request reaches it.
 *
 * @param giteaOrigin where the page that opened the window is from
 */
export function signInPage(outcome: SignInOutcome, giteaOrigin: string): string {
  const { title, text } = texts[outcome];
  return `<!doctype html>
<html lang="en" data-outcome="${outcome}" data-opener="${giteaOrigin}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark"><title>${title}</title>
<style>${style}</style></head>
<body><h1>${title}</h1><p>${text}</p><script>${script}</script></body>
</html>
`;
}
