import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WorkspaceGate } from '../../../src/server/databricks/workspace-gate.ts';
import { WorkspaceHttp } from '../../../src/server/databricks/workspace-http.ts';
import { LeaseLost, underLease } from '../../../src/server/duty/lease.ts';

type Answer = (request: IncomingMessage, response: ServerResponse, call: number) => void;

async function workspace(answer: Answer, signal?: AbortSignal) {
  let calls = 0;
  const seen: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    calls += 1;
    seen.push(request);
    answer(request, response, calls);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as { port: number };
  const results: string[] = [];
  const gate = new WorkspaceGate({ observer: { ended: (_family, result) => void results.push(result) } });
  const http = new WorkspaceHttp({
    host: `http://127.0.0.1:${port}`,
    userAgent: 'gitea-databricks/0',
    gate,
    signal,
  });
  return { http, calls: () => calls, seen, results, port };
}

const reply = (
  response: ServerResponse,
  status: number,
  body: string,
  headers: Record<string, string> = {},
) => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(body);
};

describe('a call to a workspace', () => {
  test('carries the token and who calls', async () => {
    const { http, seen, results } = await workspace((_request, response) => reply(response, 200, '{"a":1}'));
    expect(await http.json('t', 'GET', '/api/x', { query: { b: 'c d', none: undefined } })).toEqual({ a: 1 });
    expect(seen[0]?.headers).toMatchObject({ authorization: 'Bearer t', 'user-agent': 'gitea-databricks/0' });
    expect(seen[0]?.url).toBe('/api/x?b=c+d');
    expect(results).toEqual(['ok']);
  });

  test.each([
    ['GET', undefined, 3],
    ['POST', true, 3],
    ['POST', undefined, 1],
  ] as const)('%s (idempotent: %s) is tried %i times on 503', async (method, idempotent, times) => {
    const { http, calls } = await workspace((_request, response) =>
      reply(response, 503, '{"error_code":"TEMPORARILY_UNAVAILABLE","message":"busy"}', {
        'retry-after': '0',
      }),
    );
    await expect(http.json('t', method, '/x', { idempotent })).rejects.toMatchObject({
      code: 'TEMPORARILY_UNAVAILABLE',
      status: 503,
      message: 'busy',
      temporary: true,
    });
    expect(calls()).toBe(times);
  });

  test('is not repeated on another refusal, which is an answer', async () => {
    const { http, calls, results } = await workspace((_request, response) =>
      reply(response, 400, '{"error_code":"INVALID_PARAMETER_VALUE","message":"Run 7 does not exist."}', {
        'x-databricks-request-id': 'id-1',
      }),
    );
    await expect(http.json('t', 'GET', '/x')).rejects.toMatchObject({ missing: true, requestId: 'id-1' });
    expect(calls()).toBe(1);
    expect(results).toEqual(['refused']);
  });

  test('never follows a redirect with its token', async () => {
    const target = await workspace((_request, response) => reply(response, 200, '{}'));
    const { http } = await workspace((_request, response) =>
      reply(response, 302, '', { location: `http://127.0.0.1:${target.port}/stolen` }),
    );
    await expect(http.json('t', 'GET', '/x')).rejects.toMatchObject({ status: 302 });
    expect(target.calls()).toBe(0);
  });

  test('reads an HTML page and an integer code as what they are', async () => {
    const { http } = await workspace((_request, response, call) =>
      call === 1
        ? reply(response, 502, '<html>bad gateway</html>', { 'content-type': 'text/html' })
        : reply(response, 403, '{"error_code":403,"message":"Invalid access token."}'),
    );
    await expect(http.json('t', 'POST', '/x')).rejects.toMatchObject({
      code: 'HTTP_502',
      message: 'Databricks answered 502.',
    });
    await expect(http.json('t', 'POST', '/x')).rejects.toMatchObject({ code: 'HTTP_403', status: 403 });
  });

  test('without an answer says that its effect is unknown', async () => {
    const { http, results } = await workspace((_request, response) => response.destroy());
    await expect(http.json('secret-token', 'POST', '/x')).rejects.toMatchObject({
      status: 0,
      code: 'NO_CONNECTION',
    });
    expect(results).toEqual(['failed']);
    const slow = await workspace(() => {});
    await expect(slow.http.json('t', 'POST', '/x', { timeoutMs: 50 })).rejects.toMatchObject({
      code: 'TIMEOUT',
    });
  });

  test('ends when the backend stops, with an error that says so, and nothing is sent after', async () => {
    const stop = new AbortController();
    const { http, calls, results } = await workspace(() => setImmediate(() => stop.abort()), stop.signal);
    await expect(http.json('t', 'GET', '/x')).rejects.toMatchObject({ code: 'STOPPING', temporary: true });
    await expect(http.json('t', 'GET', '/x')).rejects.toMatchObject({ code: 'STOPPING' });
    expect(calls()).toBe(1);
    expect(results).toEqual([]);
  });

  test('is not sent on a lease that ran out', async () => {
    const { http, calls } = await workspace((_request, response) => reply(response, 200, '{}'));
    const lease = { name: 'outbox', holder: 'a', token: 1 };
    const call = () => http.json('t', 'GET', '/x');
    await underLease({ ...lease, stillHeld: () => true }, call);
    await expect(underLease({ ...lease, stillHeld: () => false }, call)).rejects.toBeInstanceOf(LeaseLost);
    expect(calls()).toBe(1);
  });

  test('takes a bare NaN for no value', async () => {
    const { http } = await workspace((_request, response) =>
      reply(response, 200, '{"value": NaN, "text": "is NaN, \\"NaN\\"", "low": -Infinity}'),
    );
    expect(await http.json('t', 'GET', '/x')).toEqual({ value: null, text: 'is NaN, "NaN"', low: null });
  });
});
