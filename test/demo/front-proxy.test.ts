import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterEach, expect, test } from 'vitest';
import type { FrontProxy } from '../../src/demo/front-proxy.ts';
import { startFrontProxy, withoutGiteaCookies } from '../../src/demo/front-proxy.ts';

const servers: Server[] = [];
let front: FrontProxy;

async function upstream(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer(answer).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}
const echo = (name: string) =>
  upstream((incoming, outgoing) => {
    outgoing.setHeader('set-cookie', ['a=1; Path=/', 'b=2; Path=/']);
    outgoing.end(JSON.stringify({ name, url: incoming.url, headers: incoming.headers }));
  });
async function open(forge: string | undefined, backend?: string) {
  front = await startFrontProxy({
    port: 0,
    forge: () => forge,
    backend: () => backend,
    backendPath: '/-/databricks/',
  });
}
/** A request whose path and headers are sent as they are. */
function raw(
  path: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; headers: IncomingMessage['headers']; body: string }> {
  return new Promise((resolve, reject) => {
    request({ port: front.port, host: '127.0.0.1', path, headers }, (answer) => {
      text(answer).then(
        (body) => resolve({ status: answer.statusCode as number, headers: answer.headers, body }),
        reject,
      );
    })
      .on('error', reject)
      .end();
  });
}

afterEach(async () => {
  await front.close();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

test("the backend's path goes to the backend, everything else to the forge", async () => {
  await open(await echo('forge'), await echo('backend'));
  const who = async (path: string) => (JSON.parse((await raw(path)).body) as { name: string }).name;
  expect(await who('/-/databricks/api/v1/session?x=1')).toBe('backend');
  for (const path of [
    '/',
    '/ml/wine',
    '/-/databricks',
    '/-/databricksx/',
    '/-/databricks/../admin',
    '/-/databricks/%2e%2E/admin',
    '/a/-/databricks/',
  ]) {
    expect(await who(path), path).toBe('forge');
  }
});

test("the backend never sees Gitea's cookies, and Gitea keeps them", async () => {
  await open(await echo('forge'), await echo('backend'));
  const cookie = 'i_like_gitea=secret; dbx_session=mine; gitea_incredible=x';
  const seen = async (path: string) =>
    (JSON.parse((await raw(path, { cookie })).body) as { headers: Record<string, string> }).headers.cookie;
  expect(await seen('/-/databricks/')).toBe('dbx_session=mine');
  expect(await seen('/ml/wine')).toBe(cookie);
});

test.each([
  ['i_like_gitea=1', ''],
  ['i_like_gitea=1;a=b', 'a=b'],
  ['a=b;  i_like_gitea = 1 ; c=i_like_gitea=2', 'a=b; c=i_like_gitea=2'],
  ['xi_like_gitea=1', 'xi_like_gitea=1'],
])('of %j the backend gets %j', (cookies, kept) => expect(withoutGiteaCookies(cookies)).toBe(kept));

test('tells where the request came from, whatever the client claims', async () => {
  await open(await echo('forge'));
  const { body } = await raw('/', {
    'x-forwarded-for': '8.8.8.8',
    'x-forwarded-proto': 'https',
    'x-forwarded-user': 'ada',
  });
  const { headers } = JSON.parse(body) as { headers: Record<string, string> };
  expect(headers['x-forwarded-for']).toBe('127.0.0.1');
  expect(headers['x-forwarded-proto']).toBe('http');
  expect(headers['x-forwarded-user']).toBeUndefined();
  expect(headers.host).toBe(`127.0.0.1:${front.port}`);
});

test('several cookies of one answer stay several', async () => {
  await open(await echo('forge'));
  expect((await raw('/')).headers['set-cookie']).toEqual(['a=1; Path=/', 'b=2; Path=/']);
});

test('answers to no other host name, which ends DNS rebinding', async () => {
  await open(await echo('forge'));
  expect((await raw('/', { host: 'attacker.example' })).status).toBe(421);
  expect((await raw('/', { host: `127.0.0.1:${front.port + 1}` })).status).toBe(421);
  const local = await raw('/ml/wine?tab=databricks', { host: `localhost:${front.port}` });
  expect([local.status, local.headers.location]).toEqual([307, `${front.url}ml/wine?tab=databricks`]);
});

test('an event arrives before the stream ends, and the end of the reader ends the stream', async () => {
  let gone: Promise<unknown> | undefined;
  const backend = await upstream((_incoming, outgoing) => {
    outgoing.writeHead(200, { 'content-type': 'text/event-stream' });
    outgoing.write('data: 1\n\n');
    gone = once(outgoing, 'close');
  });
  await open(undefined, backend);
  const stop = new AbortController();
  const answer = await fetch(`${front.url}-/databricks/api/v1/events`, { signal: stop.signal });
  const reader = answer.body!.getReader();
  expect(new TextDecoder().decode((await reader.read()).value)).toBe('data: 1\n\n');
  stop.abort();
  await gone;
});

test('headers of a stream without events yet arrive', async () => {
  await open(
    undefined,
    await upstream(
      (_incoming, outgoing) =>
        void outgoing.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders(),
    ),
  );
  const stop = new AbortController();
  const answer = await fetch(`${front.url}-/databricks/`, { signal: stop.signal });
  expect(answer.status).toBe(200);
  stop.abort();
});

test('a large body passes both ways, byte for byte', async () => {
  await open(await upstream((incoming, outgoing) => void incoming.pipe(outgoing)));
  const body = Buffer.alloc(3 * 1024 * 1024, 'git pack ');
  const answer = await fetch(front.url, { method: 'POST', body });
  expect(Buffer.from(await answer.arrayBuffer()).equals(body)).toBe(true);
});

test('while a side starts, people get a page that asks again and programs a problem document', async () => {
  await open(undefined, 'http://127.0.0.1:1');
  const page = await raw('/', { accept: 'text/html' });
  expect([page.status, page.headers['retry-after']]).toEqual([502, '1']);
  expect(page.body).toContain('http-equiv="refresh"');
  const problem = await raw('/-/databricks/api/v1/session');
  expect(problem.status).toBe(502);
  expect(problem.headers['content-type']).toBe('application/problem+json');
  expect(JSON.parse(problem.body)).toMatchObject({ status: 502, detail: 'The backend does not answer yet.' });
});

test('an upstream that breaks off breaks off here too, and the front lives on', async () => {
  await open(
    await upstream((incoming, outgoing) => {
      if (incoming.url === '/fine') return void outgoing.end('fine');
      outgoing.writeHead(200, { 'content-length': '100' });
      outgoing.write('half', () => outgoing.destroy());
    }),
  );
  await expect(raw('/half')).rejects.toThrow();
  expect((await raw('/fine')).body).toBe('fine');
});
