import { once } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { createServer, request as send } from 'node:http';
import { pipeline } from 'node:stream';
import { startingPage } from './starting-page.ts';

export interface FrontProxyOptions {
  port: number;
  /** Origin of the forge, asked for each request; undefined while it starts. */
  forge: () => string | undefined;
  /** Origin of the backend; undefined while it starts. */
  backend: () => string | undefined;
  /** What belongs to the backend, with a trailing slash. */
  backendPath: string;
}

export interface FrontProxy {
  /** `http://127.0.0.1:PORT/` */
  url: string;
  port: number;
  close(): Promise<void>;
}

/** Gitea's session and its anti-forgery cookie: the backend never sees them. */
const giteaCookies = new Set(['i_like_gitea', 'gitea_incredible', '_csrf']);
/** Headers of one connection, not of the message (RFC 9110 §7.6.1). `expect` was answered here. */
const hopByHop = new Set(
  'connection expect keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer transfer-encoding upgrade'.split(
    ' ',
  ),
);

/**
 * One address for Gitea and the backend, as a reverse proxy gives it in production. Streams both ways, so that
 * event streams and pushes pass; answers to nothing but its own host name, which ends DNS rebinding.
 * @throws when the port is taken.
 */
export async function startFrontProxy(options: FrontProxyOptions): Promise<FrontProxy> {
  const server = createServer((incoming, outgoing) => {
    const ownHost = `127.0.0.1:${port}`;
    if (incoming.headers.host !== ownHost) return refuseHost(incoming, outgoing, ownHost, port);
    const toBackend = isBelow(options.backendPath, incoming.url ?? '/');
    const origin = toBackend ? options.backend() : options.forge();
    if (origin === undefined) return startingPage(incoming, outgoing, toBackend ? 'backend' : 'forge');
    forward(incoming, outgoing, origin, toBackend);
  });
  // A push may take long, an event stream does not end.
  server.requestTimeout = 0;
  server.listen({ port: options.port, host: '127.0.0.1' });
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}/`,
    port,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function forward(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  origin: string,
  toBackend: boolean,
): void {
  const upstream = send(
    `${origin}${incoming.url}`,
    // A connection for each request: a kept one may be closed by the other side just as we write to it.
    { method: incoming.method, headers: requestHeaders(incoming, toBackend), agent: false },
    (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.statusMessage, withoutHopByHop(answer.headers));
      // An event stream's headers must arrive before its first event.
      outgoing.flushHeaders();
      pipeline(answer, outgoing, () => upstream.destroy());
    },
  );
  upstream.on('error', () => {
    if (outgoing.destroyed) return;
    if (outgoing.headersSent) outgoing.destroy();
    else startingPage(incoming, outgoing, toBackend ? 'backend' : 'forge');
  });
  outgoing.on('close', () => upstream.destroy());
  incoming.pipe(upstream);
}

function requestHeaders(incoming: IncomingMessage, toBackend: boolean): OutgoingHttpHeaders {
  const headers = withoutHopByHop(incoming.headers);
  // What the client claims about proxies before us is not to be believed.
  for (const name of Object.keys(headers))
    if (name.startsWith('x-forwarded-') || name === 'forwarded') delete headers[name];
  headers['x-forwarded-for'] = incoming.socket.remoteAddress ?? '';
  headers['x-forwarded-host'] = incoming.headers.host ?? '';
  headers['x-forwarded-proto'] = 'http';
  if (toBackend && incoming.headers.cookie !== undefined) {
    const kept = withoutGiteaCookies(incoming.headers.cookie);
    if (kept === '') delete headers.cookie;
    else headers.cookie = kept;
  }
  return headers;
}

function withoutHopByHop(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  const named = (headers.connection ?? '').toLowerCase().split(/\s*,\s*/);
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !hopByHop.has(name) && !named.includes(name)),
  );
}

/** A Cookie header without what belongs to Gitea alone. */
export function withoutGiteaCookies(cookies: string): string {
  return cookies
    .split(';')
    .map((cookie) => cookie.trim())
    .filter((cookie) => cookie !== '' && !giteaCookies.has((cookie.split('=')[0] ?? '').trim()))
    .join('; ');
}

/** Whether an address lies below a path; one with dot segments does not, since the other side may resolve them. */
function isBelow(path: string, url: string): boolean {
  const [pathname = ''] = url.split('?');
  return pathname.startsWith(path) && !/(^|\/)(\.|%2e){1,2}(\/|$)/i.test(pathname);
}

function refuseHost(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  ownHost: string,
  port: number,
): void {
  const readable = incoming.method === 'GET' || incoming.method === 'HEAD';
  if (readable && incoming.headers.host === `localhost:${port}` && incoming.url?.startsWith('/')) {
    outgoing.writeHead(307, { location: `http://${ownHost}${incoming.url}` }).end();
    return;
  }
  outgoing.writeHead(421, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' });
  outgoing.end(`This is the demo at http://${ownHost}/; it answers to no other name.\n`);
}
