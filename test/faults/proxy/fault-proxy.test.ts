import { createServer, get } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Fault } from './fault.ts';
import type { FaultProxy } from './fault-proxy.ts';
import { startFaultProxy } from './fault-proxy.ts';
import { explicitPlan, noFaults } from './plans.ts';

/** Counts what reached it, and says so. */
let had: string[] = [];
const upstream = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk) => {
    body += chunk;
  });
  request.on('end', () => {
    had.push(`${request.method} ${request.url} ${body}`.trim());
    response.writeHead(201, { 'content-type': 'application/json', 'x-count': String(had.length) });
    response.end(JSON.stringify({ said: body, path: request.url }));
  });
});
let proxy: FaultProxy;

beforeAll(async () => {
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  const { port } = upstream.address() as { port: number };
  proxy = await startFaultProxy(() => `http://127.0.0.1:${port}`);
});
afterAll(async () => {
  await proxy.close();
  upstream.close();
  upstream.closeAllConnections();
});

async function meet(fault: Fault, timeoutMs = 5_000) {
  had = [];
  proxy.use(explicitPlan([{ path: /^\/api\/things\//, fault }]));
  try {
    const response = await fetch(`${proxy.origin}/api/things/12?page=2`, {
      method: 'POST',
      body: 'hello',
      signal: AbortSignal.timeout(timeoutMs),
    });
    return { had, status: response.status, headers: response.headers, text: await response.text() };
  } catch (error) {
    const { name, cause } = error as Error;
    return { had, failed: (cause as { code?: string })?.code ?? name };
  } finally {
    proxy.use(noFaults);
  }
}

const arrived = ['POST /api/things/12?page=2 hello'];

test('without a fault, requests and answers pass as they are', async () => {
  had = [];
  const response = await fetch(`${proxy.origin}/api/things/12?page=2`, { method: 'POST', body: 'hello' });
  expect(response.status).toBe(201);
  expect(response.headers.get('x-count')).toBe('1');
  expect(await response.json()).toEqual({ said: 'hello', path: '/api/things/12?page=2' });
  expect(had).toEqual(arrived);
});

test('addresses that the other side tells of itself lead to the proxy', async () => {
  const { port } = upstream.address() as { port: number };
  const body = `see http://127.0.0.1:${port}/oidc`;
  const response = await fetch(`${proxy.origin}/`, { method: 'POST', body });
  expect(await response.json()).toEqual({ said: `see ${proxy.origin}/oidc`, path: '/' });
});

test('a delayed request is answered as any other, after those that came later', async () => {
  const order: string[] = [];
  const delayed = meet({ kind: 'delay', milliseconds: 400 }).then((answer) => {
    order.push('delayed');
    return answer;
  });
  await fetch(`${proxy.origin}/later`);
  const second = fetch(`${proxy.origin}/later`).then(() => order.push('later'));
  expect(await delayed).toMatchObject({ status: 201 });
  await second;
  expect(order).toEqual(['later', 'delayed']);
});

test.each<[Fault, number]>([
  [{ kind: 'too-many' }, 429],
  [{ kind: 'error', status: 503 }, 503],
  [{ kind: 'page', status: 502 }, 502],
  [{ kind: 'page', status: 200 }, 200],
])('%j is answered %i, and the other side has nothing of it', async (fault, status) => {
  expect(await meet(fault)).toMatchObject({ status, had: [] });
});

test('429 says when to come again where the plan says so', async () => {
  const told = await meet({ kind: 'too-many', retryAfterSeconds: 7 });
  expect(told.headers?.get('retry-after')).toBe('7');
  const silent = await meet({ kind: 'too-many' });
  expect(silent.headers?.has('retry-after')).toBe(false);
});

test('a page is HTML', async () => {
  const { headers, text } = await meet({ kind: 'page', status: 200 });
  expect(headers?.get('content-type')).toMatch(/^text\/html/);
  expect(text).toMatch(/^<html>/);
});

test.each<[Fault, string]>([
  [{ kind: 'lost-answer' }, 'UND_ERR_SOCKET'],
  [{ kind: 'reset', when: 'after' }, 'ECONNRESET'],
  [{ kind: 'half-body' }, 'UND_ERR_SOCKET'],
])('%j: the other side has done it, and nobody is told', async (fault, failed) => {
  expect(await meet(fault)).toEqual({ failed, had: arrived });
});

test('half a body begins as the whole one', async () => {
  proxy.use(explicitPlan([{ fault: { kind: 'half-body' } }]));
  const text = await new Promise<string>((resolve, reject) => {
    get(`${proxy.origin}/`, (response) => {
      let had = '';
      response.on('data', (chunk) => {
        had += chunk;
      });
      response.on('end', () => reject(new Error('it came to an end')));
      response.on('error', () => resolve(had));
    });
  });
  expect(text).toBe('{"said":"",');
});

test('a reset before: the connection ends, and the other side has nothing of it', async () => {
  expect(await meet({ kind: 'reset', when: 'before' })).toEqual({ failed: 'ECONNRESET', had: [] });
});

test('a stalled request is never answered', async () => {
  expect(await meet({ kind: 'stall' }, 150)).toEqual({ failed: 'TimeoutError', had: [] });
});

test('what is done is counted by route, and what reached the other side', async () => {
  await meet({ kind: 'lost-answer' });
  const counts = proxy.counts();
  expect(counts.get('POST /api/things/*: lost-answer')).toBeGreaterThanOrEqual(1);
  expect(proxy.faults()['reset-before']).toBeGreaterThanOrEqual(1);
  const before = proxy.reached(/^GET \/counted$/);
  await fetch(`${proxy.origin}/counted`);
  expect(proxy.reached(/^GET \/counted$/)).toBe(before + 1);
});

test('while it is down nothing answers; afterwards it is where it was', async () => {
  await proxy.down();
  await expect(fetch(`${proxy.origin}/`)).rejects.toThrow('fetch failed');
  await proxy.up();
  expect((await fetch(`${proxy.origin}/`)).status).toBe(201);
});

test('whoever listens is told once the other side has answered', async () => {
  const passed: string[] = [];
  const stop = proxy.onPassed(({ route, fault, status }) => passed.push(`${route} ${fault} ${status}`));
  await meet({ kind: 'lost-answer' });
  await meet({ kind: 'stall' }, 50);
  stop();
  await fetch(`${proxy.origin}/`);
  expect(passed).toEqual(['POST /api/things/* lost-answer 201', 'POST /api/things/* stall null']);
});
