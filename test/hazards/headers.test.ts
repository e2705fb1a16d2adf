/**
 * Every answer of every route and of every refusal carries the strict headers (hazards 19 and 20), and no request
 * of another site changes or reads anything (19). The routes come from the permission matrix.
 */
import type { InjectOptions } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { routeActs } from '../../src/server/permission/matrix.ts';
import { cookieHeader, request } from '../server/backend-with-forge.ts';
import type { PopulatedBackend } from './populated-backend.ts';
import { startPopulatedBackend } from './populated-backend.ts';

let backend: PopulatedBackend;
beforeAll(async () => {
  backend = await startPopulatedBackend();
}, 60_000);
afterAll(() => backend?.close());

/** Every act with an address that exists. */
function addresses(): { method: 'GET' | 'POST' | 'DELETE'; path: string; act: string }[] {
  const values: Record<string, string> = {
    repository: String(backend.repository),
    run: backend.run,
    task: 'train',
    index: String(backend.pull),
    model: 'wine',
    release: backend.release,
  };
  return Object.keys(routeActs)
    .filter((act) => !act.startsWith('OPTIONS'))
    .map((act) => {
      const [method = '', address = ''] = act.split(' ');
      return {
        act,
        method: method as 'GET',
        path: address.replace(/:(\w+)/g, (_match, name: string) => values[name] ?? '1'),
      };
    });
}

type Headers = Record<string, unknown>;

function expectStrict(headers: Headers, what: string): void {
  const policy = String(headers['content-security-policy']);
  expect(policy, what).toContain("default-src 'none'");
  expect(policy, what).toContain("frame-ancestors 'none'");
  expect(policy, what).toContain("base-uri 'none'");
  expect(policy, what).toContain("form-action 'none'");
  expect(policy, what).not.toMatch(/unsafe|\*|https?:/);
  expect(headers, what).toMatchObject({
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'cross-origin-resource-policy': 'same-site',
    'x-request-id': expect.stringMatching(/^[\w-]{36}$/),
  });
  // Nothing that depends on who asks is kept anywhere; the issuer's public documents may be.
  const isPublic = what.includes('.well-known');
  if (!isPublic || !what.startsWith('200')) expect(headers['cache-control'], what).toBe('no-store');
  expect(headers, what).not.toHaveProperty('server');
  expect(headers, what).not.toHaveProperty('x-powered-by');
}

describe('the headers of every answer are strict', () => {
  test('of every route, for whoever may and whoever may not', async () => {
    const seen = new Set<number>();
    for (const { method, path, act } of addresses()) {
      for (const browser of [null, backend.people.oscar!, backend.people.rita!, backend.people.ada!]) {
        if (act === 'DELETE api/v1/session' && browser !== null) continue;
        const query = path.endsWith('/events') ? `?repositories=${backend.repository}` : '';
        const answer = await backend.app.inject({
          method,
          url: `${backend.base}${path}${query}`,
          headers: {
            ...(browser ? { cookie: cookieHeader(browser.backend) } : {}),
            ...(method === 'GET' ? {} : { origin: backend.origin }),
          },
          ...(method === 'POST' ? { payload: {} } : {}),
          payloadAsStream: true,
        });
        answer.stream().destroy();
        seen.add(answer.statusCode);
        expectStrict(answer.headers, `${answer.statusCode} ${act}`);
      }
    }
    for (const status of [200, 400, 401, 403, 404]) expect([...seen]).toContain(status);
  });

  test('of what is refused before a route: 400, 404, 405, 413, 414, 415, 403, 409', async () => {
    const api = `${backend.base}api/v1/`;
    const wendy = cookieHeader(backend.people.wendy!.backend);
    const json = { 'content-type': 'application/json', origin: backend.origin, cookie: wendy };
    const runs = `${api}repositories/${backend.repository}/runs`;
    const cases: [number, InjectOptions][] = [
      [400, { url: `${backend.base}%zz` }],
      [400, { url: `${api}repositories/x`, headers: { cookie: wendy } }],
      [400, { method: 'POST', url: runs, headers: json, payload: '{' }],
      [400, { url: `${api}repositories/${'9'.repeat(400)}`, headers: { cookie: wendy } }],
      [404, { url: '/' }],
      [404, { url: `${api}nothing` }],
      [405, { method: 'PUT', url: runs, headers: json, payload: '{}' }],
      [
        413,
        { method: 'POST', url: runs, headers: json, payload: JSON.stringify({ branch: 'x'.repeat(70_000) }) },
      ],
      [415, { method: 'POST', url: runs, headers: { ...json, 'content-type': 'text/plain' }, payload: 'x' }],
      [
        403,
        { method: 'POST', url: runs, headers: { ...json, origin: 'https://evil.example' }, payload: '{}' },
      ],
      [409, { url: runs, headers: { cookie: wendy, 'x-gitea-user': '4711' } }],
    ];
    for (const [status, options] of cases) {
      const answer = await backend.app.inject(options);
      const what = `${status} ${JSON.stringify(options).slice(0, 200)}`;
      expect(answer.statusCode, `${what}: ${answer.body}`).toBe(status);
      expectStrict(answer.headers, what);
      expect(answer.headers['content-type'], what).toBe('application/problem+json');
    }
  });

  test('of too many requests and of counterparts that do not answer: 429, 502', async () => {
    const own = await startPopulatedBackend({ rateLimits: { address: 5, user: 1_000, repository: 1_000 } });
    try {
      let last = await request(own, null, 'GET', '.well-known/jwks.json');
      for (let asked = 0; asked < 10 && last.statusCode !== 429; asked += 1) {
        last = await request(own, null, 'GET', '.well-known/jwks.json');
      }
      expect(last.statusCode).toBe(429);
      expectStrict(last.headers, '429');
      // A balancer that asks from the same address is still told how the backend is.
      for (const path of ['health/live', 'health/ready'])
        expect((await request(own, null, 'GET', path)).statusCode).toBe(200);
      // The task's run is unknown to the workspace, which does not answer.
      const { runs } = own.transactor.stores;
      const run = (await runs.findById(own.run))!;
      await runs.update(run.id, run.version, {
        databricksRunId: '1',
        tasks: [{ key: 'train', state: 'failed', startedAt: null, endedAt: null, message: null }],
      } as never);
      const path = `api/v1/repositories/${own.repository}/runs/${own.run}/tasks/train/output`;
      const away = await request(own, own.people.wendy!, 'GET', path);
      expect(away.statusCode, away.body).toBe(502);
      expectStrict(away.headers, '502 of Databricks');
      const { forge } = own.forge;
      await forge.close();
      own.pass(10_000);
      const gitea = await request(own, own.people.wendy!, 'GET', `api/v1/repositories/${own.repository}`);
      expect(gitea.statusCode).toBe(502);
      expectStrict(gitea.headers, '502 of Gitea');
    } finally {
      await own.app.close();
      await own.close().catch(() => {});
    }
  }, 60_000);

  test('the one page: its own script and style by hash, framed by nobody, and no word of the request in it', async () => {
    for (const query of [
      '',
      '?error=%3Cscript%3Ealert(1)%3C/script%3E&state=%22%3E%3Cimg%20src=x%3E',
      '?code=a&state=b',
    ]) {
      const answer = await request(backend, null, 'GET', `auth/callback${query}`);
      expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
      expectStrict(answer.headers, 'the page');
      const policy = String(answer.headers['content-security-policy']);
      expect(policy).toMatch(/script-src 'sha256-[\w+/=]+'; style-src 'sha256-[\w+/=]+'/);
      expect(answer.body).not.toMatch(/alert\(1\)|<img/);
    }
  });
});

test('a code that Gitea refuses, or an error that the browser brings, is no fault of the backend', async () => {
  for (const query of [
    'code=wrong',
    'error=server_error',
    'error=x&error_description=%3Cb%3E',
    'code=',
    '',
  ]) {
    const browser = { user: '', forge: new Map<string, string>(), backend: new Map<string, string>() };
    const started = await request(backend, browser, 'GET', 'auth/start');
    const state = new URL(String(started.headers.location)).searchParams.get('state');
    const ended = await request(backend, browser, 'GET', `auth/callback?state=${state}&${query}`);
    expect([query, ended.statusCode]).toEqual([query, 400]);
    expectStrict(ended.headers, 'a refused sign-in');
  }
});

describe('a request of another site', () => {
  const changing = () => addresses().filter(({ method, act }) => method !== 'GET' && act.includes('api/v1'));
  const own = () => new URL(backend.origin);
  const state = async () => {
    const { items } = await backend.transactor.stores.audit.list({
      repository: backend.repository,
      before: null,
      limit: 200,
    });
    return items.filter(({ action }) => action !== 'permission.refused').length;
  };

  test('changes nothing on any route, whoever is signed in: other sites, siblings, ports, no page', async () => {
    expect(changing().length).toBeGreaterThan(7);
    const before = await state();
    const origins = [
      'https://evil.example.com',
      `http://sibling.${own().host}`,
      `http://${own().hostname}:1`,
      `https://${own().host}`,
      `${backend.origin}.evil.example.com`,
      `${backend.origin}/`,
      `${backend.origin} https://evil.example.com`,
      backend.origin.toUpperCase(),
      'null',
      '',
      undefined,
    ];
    for (const { method, path, act } of changing()) {
      for (const origin of origins) {
        const answer = await backend.app.inject({
          method,
          url: `${backend.base}${path}`,
          headers: {
            cookie: cookieHeader(backend.people.ada!.backend),
            'content-type': 'application/json',
            'sec-fetch-site': origin?.includes('sibling') ? 'same-site' : 'cross-site',
            ...(origin === undefined ? {} : { origin }),
          },
          payload: '{}',
        });
        expect([answer.statusCode, answer.json().code], `${act} from ${origin}`).toEqual([
          403,
          'origin-refused',
        ]);
      }
    }
    expect(await state()).toBe(before);
  }, 60_000);

  test('is refused by what the browser says of it, even with the right Origin', async () => {
    for (const { method, path, act } of changing()) {
      const answer = await backend.app.inject({
        method,
        url: `${backend.base}${path}`,
        headers: {
          cookie: cookieHeader(backend.people.ada!.backend),
          origin: backend.origin,
          'sec-fetch-site': 'cross-site',
          'content-type': 'application/json',
        },
        payload: '{}',
      });
      expect(answer.statusCode, act).toBe(403);
    }
  });

  test('as a form (no JSON) or by GET does not reach what changes something', async () => {
    const before = await state();
    for (const { path, act } of changing()) {
      const cookie = cookieHeader(backend.people.ada!.backend);
      for (const type of [
        'application/x-www-form-urlencoded',
        'multipart/form-data; boundary=x',
        'text/plain',
      ]) {
        const form = await backend.app.inject({
          method: 'POST',
          url: `${backend.base}${path}`,
          headers: { cookie, origin: 'https://evil.example.com', 'content-type': type },
          payload: 'a=b',
        });
        expect([403, 405, 415], `${act} as ${type}`).toContain(form.statusCode);
      }
      const override = await backend.app.inject({
        url: `${backend.base}${path}`,
        headers: { cookie, 'x-http-method-override': 'POST', 'x-method-override': 'DELETE' },
      });
      const reads = Object.keys(routeActs).includes(`GET ${act.split(' ')[1]}`);
      expect(override.statusCode, `GET instead of ${act}`).toBe(reads ? 200 : 405);
    }
    expect(await state()).toBe(before);
  });

  test('reads nothing: no answer names an origin that may read it, and pages of other sites may not embed it', async () => {
    for (const { method, path, act } of addresses()) {
      if (method !== 'GET' || path.endsWith('/events')) continue;
      const { headers } = await backend.app.inject({
        url: `${backend.base}${path}`,
        headers: { cookie: cookieHeader(backend.people.ada!.backend), origin: 'https://evil.example.com' },
      });
      expect(headers, act).not.toHaveProperty('access-control-allow-origin');
      expect(headers['cross-origin-resource-policy'], act).toBe('same-site');
    }
  });
});

test('there is no address that sets anything up: what the backend is comes from the admin’s files only', () => {
  const words = /setup|set-up|install|config|admin|secret|token|register|bind/i;
  const suspicious = Object.keys(routeActs).filter(
    (act) => words.test(act) && !act.includes('openid-configuration'),
  );
  expect(suspicious).toEqual([]);
});
