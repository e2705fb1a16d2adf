import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Client } from '../support.ts';
import { client, servicePrincipal, startWorkspace } from '../support.ts';

const me = '/api/2.0/preview/scim/v2/Me';

async function withControl() {
  const { workspace, admin } = await startWorkspace({ faultControl: true });
  const ask = async (fault: object) => {
    const { status, body } = await admin.post('/test/faults', fault);
    expect(status, JSON.stringify(body)).toBe(200);
    return body.id as number;
  };
  const raw = (path: string, init: RequestInit = {}) =>
    fetch(`${workspace.host}${path}`, {
      redirect: 'manual',
      headers: { authorization: `Bearer ${workspace.adminToken}` },
      ...init,
    });
  return { workspace, admin, ask, raw };
}

const counts = async (admin: Client) =>
  (await admin.get('/test/faults')).body.faults.map((each: { happened: number }) => each.happened);

test('faults can be asked for only where the workspace was made with them, and only by the admin', async () => {
  const plain = await startWorkspace();
  expect((await plain.admin.post('/test/faults', { kind: 'reset', path: '*' })).body.error_code).toBe(
    'ENDPOINT_NOT_FOUND',
  );
  expect((await plain.admin.get('/login.html')).status).toBe(404);
  const { workspace, admin } = await withControl();
  const other = await servicePrincipal(workspace, admin, 'other');
  for (const [method, path] of [
    ['POST', '/test/faults'],
    ['GET', '/test/faults'],
    ['DELETE', '/test/faults'],
    ['DELETE', '/test/faults/1'],
  ] as const) {
    expect((await other.client.send(method, path)).status).toBe(403);
    expect((await client(workspace.host).send(method, path)).status).toBe(401);
  }
});

test('the demo never makes a workspace with them', () => {
  const folder = join(import.meta.dirname, '../../../../src/demo');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  expect(files.length).toBeGreaterThan(0);
  for (const name of files)
    expect(readFileSync(join(folder, name), 'utf8'), name).not.toContain('faultControl');
});

test.each([
  [{}, /kind is one of error, page, delay, reset, lost_answer, half_answer, late/],
  [{ kind: 'explode', path: '*' }, /kind is one of .*, not explode/],
  [{ kind: 'reset' }, /Missing required field: path/],
  [{ kind: 'reset', path: 'api' }, /path starts with/],
  [{ kind: 'reset', path: '*', status: 500 }, /kind reset has no status; it takes kind, method, path/],
  [{ kind: 'reset', path: '*', method: 'get' }, /method is one of GET, /],
  [{ kind: 'reset', path: '*', times: 0 }, /times is a whole number from 1/],
  [{ kind: 'reset', path: '*', times: 1.5 }, /times must be a whole number/],
  [{ kind: 'reset', path: '*', probability: 1.1 }, /probability is a number above 0/],
  [{ kind: 'error', path: '*', status: 200 }, /status is a whole number from 400 to 599/],
  [{ kind: 'error', path: '*', error_code: true }, /error_code is a text or a whole number/],
  [{ kind: 'error', path: '*', retry_after: -1 }, /retry_after is a whole number from 0/],
  [{ kind: 'page', path: '*', page: 'x' }, /page is one of gateway, login, error/],
  [{ kind: 'page', path: '*', status: 502, location: '/x' }, /location belongs to a status/],
  [{ kind: 'delay', path: '*', delay_ms: 0 }, /delay_ms is a whole number from 1/],
  [{ kind: 'late', path: '*', before: 'x' }, /before is one of missing, empty, seen/],
])('a fault that cannot be is refused: %j', async (fault, message) => {
  const { admin } = await withControl();
  const { status, body } = await admin.post('/test/faults', fault);
  expect({ status, code: body.error_code }).toEqual({ status: 400, code: 'INVALID_PARAMETER_VALUE' });
  expect(body.message).toMatch(message);
});

test('a fault meets its method and path, as often as was asked, and is listed, counted and removed', async () => {
  const { admin, ask } = await withControl();
  const fault = {
    kind: 'error',
    method: 'GET',
    path: '/api/2.0/preview/*',
    times: 2,
    error_code: 'TEMPORARILY_UNAVAILABLE',
    status: 503,
    message: 'busy',
    retry_after: 3,
  };
  const id = await ask(fault);
  expect((await admin.get(me)).body).toEqual({ error_code: 'TEMPORARILY_UNAVAILABLE', message: 'busy' });
  expect((await admin.get('/api/2.2/jobs/list')).status).toBe(200);
  expect((await admin.post(me)).status).toBe(404);
  expect((await admin.get('/test/faults')).body.faults).toEqual([
    { id, happened: 1, skip: 0, probability: 1, seed: 1, ...fault },
  ]);
  expect((await admin.get(me)).status).toBe(503);
  expect((await admin.get(me)).status).toBe(200);
  const other = await ask({ ...fault, times: 9 });
  expect((await admin.get(me)).status).toBe(503);
  expect((await admin.send('DELETE', `/test/faults/${other}`)).status).toBe(200);
  expect((await admin.send('DELETE', `/test/faults/${other}`)).status).toBe(404);
  expect((await admin.get(me)).status).toBe(200);
  await admin.send('DELETE', '/test/faults');
  expect(await counts(admin)).toEqual([]);
});

test('error codes may be integers, and 429 comes with Retry-After or without', async () => {
  const { ask, raw } = await withControl();
  await ask({ kind: 'error', path: me, status: 403, error_code: 403 });
  await ask({ kind: 'error', path: me, status: 429, error_code: 'REQUEST_LIMIT_EXCEEDED', retry_after: 2 });
  await ask({ kind: 'error', path: me, status: 429, error_code: 'REQUEST_LIMIT_EXCEEDED' });
  expect(await (await raw(me)).json()).toMatchObject({ error_code: 403 });
  expect((await raw(me)).headers.get('retry-after')).toBe('2');
  const bare = await raw(me);
  expect([bare.status, bare.headers.get('retry-after')]).toEqual([429, null]);
});

test('pages of a load balancer, of a sign-in and a redirect to it are HTML', async () => {
  const { ask, raw } = await withControl();
  await ask({ kind: 'page', path: me });
  await ask({ kind: 'page', path: me, status: 200, page: 'login' });
  await ask({ kind: 'page', path: me, location: '/login.html?error=private-link-validation-error' });
  const gateway = await raw(me);
  expect([gateway.status, gateway.headers.get('content-type')]).toEqual([502, 'text/html; charset=utf-8']);
  expect(await gateway.text()).toContain('<title>502 Bad Gateway</title>');
  const login = await raw(me);
  expect([login.status, await login.text()]).toEqual([200, expect.stringContaining('login')]);
  expect((await raw(me)).status).toBe(303);
  await ask({ kind: 'page', path: me, location: '/login.html' });
  expect(await (await raw(me, { redirect: 'follow' })).text()).toContain('<title>Sign in</title>');
});

test('a probability is drawn from the seed: the same requests are met each time', async () => {
  const series = async (seed: number) => {
    const { admin, ask } = await withControl();
    await ask({ kind: 'error', path: me, times: 100, probability: 0.5, seed });
    const met: boolean[] = [];
    for (let index = 0; index < 30; index += 1) met.push((await admin.get(me)).status === 500);
    return met;
  };
  const first = await series(7);
  expect(await series(7)).toEqual(first);
  expect(await series(8)).not.toEqual(first);
  expect(new Set(first).size).toBe(2);
});

test('a reset and a delay come before the handler, a lost answer after it', async () => {
  const { admin, ask } = await withControl();
  const exists = async (path: string) =>
    (await admin.get(`/api/2.0/workspace/get-status?path=${path}`)).status;
  const mkdirs = (path: string) => admin.post('/api/2.0/workspace/mkdirs', { path });
  await ask({ kind: 'reset', path: '/api/2.0/workspace/mkdirs' });
  await expect(mkdirs('/Shared/a')).rejects.toThrow();
  expect(await exists('/Shared/a')).toBe(404);
  await ask({ kind: 'lost_answer', path: '/api/2.0/workspace/mkdirs' });
  await expect(mkdirs('/Shared/b')).rejects.toThrow();
  expect(await exists('/Shared/b')).toBe(200);
  await ask({ kind: 'delay', path: '/api/2.0/workspace/mkdirs', delay_ms: 2000 });
  const slow = mkdirs('/Shared/c');
  expect(await exists('/Shared/c')).toBe(404);
  expect((await slow).status).toBe(200);
});

test('half a body ends with the connection, or never', async () => {
  const { ask, raw } = await withControl();
  await ask({ kind: 'half_answer', path: me });
  const half = await raw(me);
  expect(half.status).toBe(200);
  await expect(half.text()).rejects.toThrow();
  await ask({ kind: 'half_answer', path: me, end: 'stall' });
  const patience = new AbortController();
  const stalled = await raw(me, { signal: patience.signal });
  const reader = stalled.body?.getReader();
  expect((await reader?.read())?.value?.length).toBeGreaterThan(0);
  setTimeout(() => patience.abort(new Error('nothing more came')), 300);
  await expect(reader?.read()).rejects.toThrow('nothing more came');
});

test('what was written is missing from the next reads, and a list shows late what it shows', async () => {
  const { admin, ask } = await withControl();
  const made = await admin.post('/api/2.0/mlflow/experiments/create', { name: '/Shared/x' });
  const get = () => admin.get(`/api/2.0/mlflow/experiments/get?experiment_id=${made.body.experiment_id}`);
  await ask({ kind: 'late', path: '/api/2.0/mlflow/experiments/get', times: 2 });
  expect((await admin.get('/api/2.0/mlflow/experiments/get?experiment_id=1')).status).toBe(404);
  expect((await get()).body.error_code).toBe('RESOURCE_DOES_NOT_EXIST');
  expect((await get()).body.error_code).toBe('RESOURCE_DOES_NOT_EXIST');
  expect((await get()).status).toBe(200);

  const list = async () => (await admin.get('/api/2.2/jobs/list')).body.jobs?.length ?? 0;
  await admin.post('/api/2.2/jobs/create', { name: 'a' });
  await ask({ kind: 'late', path: '/api/2.2/jobs/list', before: 'seen', times: 2 });
  expect(await list()).toBe(1);
  await admin.post('/api/2.2/jobs/create', { name: 'b' });
  expect([await list(), await list(), await list()]).toEqual([1, 1, 2]);

  await ask({ kind: 'late', path: '/api/2.2/jobs/list', before: 'empty' });
  expect([await list(), await list()]).toEqual([0, 2]);
  await ask({ kind: 'late', path: '/api/2.2/jobs/get' });
  const { body: job } = await admin.post('/api/2.2/jobs/create', { name: 'c' });
  const early = await admin.get(`/api/2.2/jobs/get?job_id=${job.job_id}`);
  expect([early.status, early.body.error_code]).toEqual([400, 'INVALID_PARAMETER_VALUE']);
});
