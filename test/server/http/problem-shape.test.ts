import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Problem, problemStatus } from '../../../src/contract/problem.ts';
import { DatabricksError } from '../../../src/server/databricks/error.ts';
import { GiteaError } from '../../../src/server/gitea/error.ts';
import type { RouteModule } from '../../../src/server/http/application.ts';
import { ProblemError } from '../../../src/server/http/problem.ts';
import type { Browser, TestBackend } from '../backend-with-forge.ts';
import { request, signedInBrowser, startBackendWithForge } from '../backend-with-forge.ts';

let backend: TestBackend;
let wendy: Browser;

const faults: Record<string, () => Error> = {
  problem: () => new ProblemError('plan-outdated', 'The plan is old.', { plan: { digest: 'new' } }),
  databricks: () => new DatabricksError({ code: 'PERMISSION_DENIED', status: 403, message: 'no' }),
  away: () => new DatabricksError({ code: 'TIMEOUT', status: 0, message: 'secret-host', retryAfter: 7 }),
  gitea: () => new GiteaError(500, 'secret-trace'),
  broken: () => new Error('secret-internal'),
};

const trialActs = {
  'POST api/v1/trial': { needs: 'nothing', does: 'try' },
  'GET api/v1/fault/:name': { needs: 'nothing', does: 'try' },
} as const;

const trial: RouteModule = (app) => {
  app.post(
    '/trial',
    {
      schema: {
        body: Type.Object({ count: Type.Integer({ minimum: 1 }) }, { additionalProperties: false }),
        querystring: Type.Object({ page: Type.Optional(Type.Integer()) }, { additionalProperties: false }),
      },
    },
    async ({ body, query }) => ({ count: body.count, page: query.page ?? null }),
  );
  app.get(
    '/fault/:name',
    { schema: { params: Type.Object({ name: Type.String() }) } },
    async ({ params }) => {
      throw faults[params.name]?.() ?? new ProblemError('not-found', 'No such fault.');
    },
  );
};

beforeAll(async () => {
  backend = await startBackendWithForge({
    api: () => [trial],
    furtherActs: trialActs,
    rateLimits: { user: 400, address: 300 },
  });
  wendy = await signedInBrowser(backend, 'wendy');
});

afterAll(() => backend.close());

/** The one shape of every error. */
function expectProblem(answer: Awaited<ReturnType<typeof request>>, code: keyof typeof problemStatus): void {
  expect(answer.headers['content-type']).toBe('application/problem+json');
  const body: unknown = answer.json();
  expect(Value.Check(Problem, body), JSON.stringify(body)).toBe(true);
  expect(body).toMatchObject({ code, status: problemStatus[code] });
  expect(answer.statusCode).toBe(problemStatus[code]);
  expect(answer.headers['x-request-id']).toBe((body as { instance: string }).instance);
}

/** Every route that the app has, as `METHOD /path` with parameters filled in. */
function routes(): { method: 'GET' | 'POST' | 'PUT' | 'DELETE'; path: string }[] {
  const { paths = {} } = backend.app.swagger() as { paths?: Record<string, Record<string, unknown>> };
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => ({
      method: method.toUpperCase() as 'GET',
      path: path.slice(backend.base.length).replace(/\{[^}]+\}/g, '4711'),
    })),
  );
}

test('every route below the API refuses callers without a session with a problem document', async () => {
  const api = routes().filter(({ path }) => path.startsWith('api/v1/') && !/trial|fault/.test(path));
  expect(api.length).toBeGreaterThanOrEqual(5);
  for (const { method, path } of api) {
    if (method === 'DELETE') continue;
    const query = path === 'api/v1/events' ? '?repositories=1' : '';
    expectProblem(await request(backend, null, method, `${path}${query}`), 'signed-out');
  }
});

test('no route gives a token away', async () => {
  for (const { method, path } of routes()) {
    const answer = await request(backend, wendy, method, path);
    expect(answer.body, `${method} ${path}`).not.toMatch(/eyJ[\w-]+\.[\w-]+\.[\w-]+/);
    expect(answer.body).not.toContain('access_token');
    if (path === 'api/v1/session' && method === 'DELETE') wendy = await signedInBrowser(backend, 'wendy');
  }
});

test('what is sent by another site, or by no page, changes nothing', async () => {
  for (const origin of ['https://evil.example.com', 'null', undefined]) {
    const answer = await backend.app.inject({
      method: 'POST',
      url: '/-/databricks/api/v1/trial',
      headers: { ...(origin === undefined ? {} : { origin }) },
      payload: { count: 1 },
    });
    expectProblem(answer, 'origin-refused');
  }
  expect((await request(backend, wendy, 'POST', 'api/v1/trial', { body: { count: 1 } })).statusCode).toBe(
    200,
  );
});

test('unknown addresses, wrong methods and wrong media types are problems', async () => {
  expectProblem(await request(backend, wendy, 'GET', 'api/v1/nothing'), 'not-found');
  expectProblem(await backend.app.inject('/elsewhere'), 'not-found');
  const wrong = await request(backend, wendy, 'PUT', 'api/v1/trial', { body: {} });
  expectProblem(wrong, 'method-not-allowed');
  expect(wrong.headers.allow).toBe('POST');
  expectProblem(
    await request(backend, wendy, 'POST', 'api/v1/trial', {
      headers: { 'content-type': 'text/plain' },
      body: 'x',
    }),
    'media-type-unsupported',
  );
  expectProblem(await backend.app.inject('/-/databricks/%zz'), 'bad-request');
});

test('bodies are checked strictly, and every wrong field is named', async () => {
  const headers = { 'content-type': 'application/json' };
  const answer = await request(backend, wendy, 'POST', 'api/v1/trial?page=x', {
    body: { count: '1', more: true },
  });
  expectProblem(answer, 'bad-request');
  const body = await request(backend, wendy, 'POST', 'api/v1/trial', { body: { count: '1', more: true } });
  expect(body.json().errors).toEqual([
    { path: 'body', message: 'must not have additional properties (more)' },
    { path: 'body.count', message: 'must be integer' },
  ]);
  expectProblem(await request(backend, wendy, 'POST', 'api/v1/trial', { headers, body: '{' }), 'bad-request');
  expectProblem(
    await request(backend, wendy, 'POST', 'api/v1/trial', { headers, body: '{"__proto__": {"a": 1}}' }),
    'bad-request',
  );
  const large = JSON.stringify({ count: 1, text: 'x'.repeat(70_000) });
  expectProblem(
    await request(backend, wendy, 'POST', 'api/v1/trial', { headers, body: large }),
    'body-too-large',
  );
  const good = await request(backend, wendy, 'POST', 'api/v1/trial?page=2', { body: { count: 1 } });
  expect(good.json()).toEqual({ count: 1, page: 2 });
});

test('faults of others have codes of their own; causes stay in the log', async () => {
  const fault = (name: string) => request(backend, wendy, 'GET', `api/v1/fault/${name}`);
  expectProblem(await fault('problem'), 'plan-outdated');
  expect((await fault('problem')).json().plan).toEqual({ digest: 'new' });
  expectProblem(await fault('databricks'), 'databricks-refused');
  const away = await fault('away');
  expectProblem(away, 'databricks-unavailable');
  expect(away.headers['retry-after']).toBe('7');
  expectProblem(await fault('gitea'), 'gitea-unavailable');
  expectProblem(await fault('broken'), 'internal');
  for (const name of ['away', 'gitea', 'broken']) expect((await fault(name)).body).not.toContain('secret-');
  expect(backend.logged.join('\n')).toContain('secret-internal');
});

test('every answer is hardened: nothing is framed, sniffed or kept', async () => {
  for (const path of ['api/v1/session', 'health/live', 'nothing', '.well-known/jwks.json']) {
    const { headers } = await request(backend, null, 'GET', path);
    expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
    expect(headers['x-content-type-options']).toBe('nosniff');
    if (!path.includes('jwks')) expect(headers['cache-control']).toBe('no-store');
  }
});

test('the log has no cookies, codes or tokens', async () => {
  await request(backend, null, 'GET', 'auth/callback?code=very-secret-code&state=very-secret-state', {
    headers: { cookie: 'gitea_databricks=very-secret-cookie', authorization: 'Bearer very-secret-token' },
  });
  const log = backend.logged.join('\n');
  expect(log).toContain('/-/databricks/auth/callback');
  expect(log).not.toContain('very-secret');
});

test('the API describes itself', async () => {
  const { paths } = (await request(backend, wendy, 'GET', 'api/v1/openapi.json')).json();
  expect(Object.keys(paths)).toContain('/-/databricks/api/v1/repositories/{repository}/audit');
});

test('metrics are for the machine itself', async () => {
  expect((await request(backend, null, 'GET', 'metrics')).statusCode).toBe(200);
  const forwarded = await request(backend, null, 'GET', 'metrics', {
    headers: { 'x-forwarded-for': '203.0.113.5' },
  });
  expectProblem(forwarded, 'not-found');
});

test('callers without a session are counted, not recorded one by one', async () => {
  await backend.refusedCallers.flush();
  const before = (await backend.transactor.stores.audit.head())?.sequence ?? 0;
  for (let i = 0; i < 7; i++) await request(backend, null, 'GET', 'api/v1/session');
  expect((await backend.transactor.stores.audit.head())?.sequence ?? 0).toBe(before);
  await backend.refusedCallers.flush();
  const links = [];
  for await (const link of backend.transactor.stores.audit.links(before)) links.push(JSON.parse(link.body));
  expect(links).toHaveLength(1);
  expect(links[0]).toMatchObject({
    action: 'callers.refused',
    detail: { byStatus: { 401: 7 }, addresses: 1 },
  });
});

test('too many requests of one address are refused, of a signed-in user not yet', async () => {
  let last = await request(backend, null, 'GET', 'api/v1/session');
  for (let i = 0; i < 320 && last.statusCode !== 429; i++)
    last = await request(backend, null, 'GET', 'api/v1/session');
  expectProblem(last, 'too-many-requests');
  expect(Number(last.headers['retry-after'])).toBeGreaterThan(0);
  expect((await request(backend, wendy, 'GET', 'api/v1/session')).statusCode).toBe(200);
});
