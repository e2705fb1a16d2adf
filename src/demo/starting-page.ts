import type { IncomingMessage, ServerResponse } from 'node:http';

/** Says that a side is not up yet: a page that asks again by itself, or a problem document for programs. */
export function startingPage(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  side: 'forge' | 'backend',
): void {
  const what = side === 'forge' ? 'The forge' : 'The backend';
  const headers = { 'retry-after': '1', 'cache-control': 'no-store' };
  // What is still coming in is not wanted any more.
  incoming.resume();
  if (!incoming.headers.accept?.includes('text/html')) {
    outgoing.writeHead(502, { ...headers, 'content-type': 'application/problem+json' });
    outgoing.end(
      JSON.stringify({
        type: 'about:blank',
        title: 'Bad Gateway',
        status: 502,
        detail: `${what} does not answer yet.`,
      }),
    );
    return;
  }
  outgoing.writeHead(502, { ...headers, 'content-type': 'text/html; charset=utf-8' });
  outgoing.end(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="1"><title>Starting…</title>
<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
<style>body { font: 16px/1.5 system-ui, sans-serif; margin: 20vh auto; max-width: 26rem; padding: 0 1rem }</style></head>
<body><h1>Starting…</h1><p>${what} does not answer yet. This page tries again by itself.</p></body></html>
`);
}
