import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Value } from 'typebox/value';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Problem, problemStatus } from '../../src/contract/problem.ts';
import type { Backend } from '../../src/server/main.ts';
import { startBackend } from '../../src/server/main.ts';
import type { RunningForge } from '../emulator/gitea/forge-on-loopback.ts';
import { startForge } from '../emulator/gitea/forge-on-loopback.ts';

let folder: string;
let forge: RunningForge;
let backend: Backend;
let base: string;
let routes: { method: string; path: string }[];

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'every-route-'));
  forge = await startForge();
  const port = await freePort();
  base = `http://127.0.0.1:${port}/-/databricks/`;
  for (const name of ['token', 'hook', 'client'])
    writeFileSync(join(folder, name), `${name}-secret`, { mode: 0o600 });
  const config = join(folder, 'gitea-databricks.yml');
  writeFileSync(
    config,
    `public_url: ${base}
listen: 127.0.0.1:${port}
gitea: {url: "${forge.url}", token_file: token, webhook_secret_file: hook, oauth: {client_id: abc, client_secret_file: client}}
workspaces:
  main: {host: "http://127.0.0.1:9", account_id: acc-1, auth: federation, reader: reader-id}
bindings:
  - {id: wine, repositories: [ml/wine-*], workspace: main, experiment: "/Shared/wine", principals: {trainer: t, releaser: r, fork: f}}
`,
  );
  backend = await startBackend({ configFile: config, logFile: join(folder, 'log') });
  const { paths } = (await (await fetch(`${base}api/v1/openapi.json`)).json()) as {
    paths: Record<string, Record<string, unknown>>;
  };
  routes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => ({
      method: method.toUpperCase(),
      path: path.replace(/\{[^}]+\}/g, '1'),
    })),
  );
});

afterAll(async () => {
  await backend?.close();
  await forge?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function expectProblem(
  response: Response,
  what: string,
  codes: (keyof typeof problemStatus)[],
): Promise<void> {
  const text = await response.text();
  expect(response.headers.get('content-type'), `${what}: ${text}`).toBe('application/problem+json');
  const body = JSON.parse(text) as { code: keyof typeof problemStatus };
  expect(Value.Check(Problem, body), `${what}: ${text}`).toBe(true);
  expect(codes, `${what}: ${text}`).toContain(body.code);
  expect(response.status, what).toBe(problemStatus[body.code]);
}

test('the walk sees the routes of every room', () => {
  const paths = routes.map(({ method, path }) => `${method} ${path.slice('/-/databricks/'.length)}`);
  for (const one of [
    'GET api/v1/session',
    'GET api/v1/repositories/1',
    'POST api/v1/repositories/1/runs',
    'GET api/v1/repositories/1/pulls/1',
    'GET api/v1/repositories/1/models',
    'GET api/v1/repositories/1/releases',
    'GET api/v1/repositories/1/audit',
    'POST webhooks/gitea',
  ]) {
    expect(paths).toContain(one);
  }
});

test('without a session every route of the API answers with a problem document', async () => {
  for (const { method, path } of routes.filter((route) => route.path.includes('/api/v1/'))) {
    if (method === 'DELETE' && path.endsWith('/session')) continue;
    const response = await fetch(
      new URL(`${path}${path.endsWith('/events') ? '?repositories=1' : ''}`, base),
      {
        method,
        headers: {
          origin: new URL(base).origin,
          ...(method === 'GET' ? {} : { 'content-type': 'application/json' }),
        },
        ...(method === 'GET' ? {} : { body: '{}' }),
      },
    );
    await expectProblem(response, `${method} ${path}`, ['signed-out', 'bad-request']);
  }
});

test('what would change something is refused when it comes from another site, on every route', async () => {
  const changing = routes.filter(({ method, path }) => method !== 'GET' && path.includes('/api/v1/'));
  expect(changing.length).toBeGreaterThan(4);
  const own = new URL(base);
  const foreign = [
    'https://evil.example.com',
    // Same site, other origin: a sibling subdomain, another port, another scheme, a longer name; and no page at all.
    `http://sibling.${own.host}`,
    `http://${own.hostname}:1`,
    `https://${own.host}`,
    `http://${own.host}.evil.example.com`,
    'null',
    '',
    undefined,
  ];
  for (const { method, path } of changing) {
    for (const origin of foreign) {
      const response = await fetch(new URL(path, base), {
        method,
        headers: { 'content-type': 'application/json', ...(origin !== undefined && { origin }) },
        body: '{}',
      });
      await expectProblem(response, `${method} ${path} from ${origin}`, ['origin-refused']);
    }
  }
});

test('an address that only changes something does not answer to GET', async () => {
  for (const { method, path } of routes.filter((route) => route.method === 'POST')) {
    if (path.includes('/api/v1/') && routes.some((one) => one.method === 'GET' && one.path === path))
      continue;
    const response = await fetch(new URL(path, base));
    await expectProblem(response, `GET ${path} instead of ${method}`, ['method-not-allowed']);
  }
});

test('a forged delivery is a problem too', async () => {
  const response = await fetch(`${base}webhooks/gitea`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-gitea-event': 'push', 'x-gitea-signature': '' },
    body: '{}',
  });
  await expectProblem(response, 'webhook', ['signature-invalid']);
});
