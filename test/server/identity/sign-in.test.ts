import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TestBackend } from '../backend-with-forge.ts';
import { browserAt, request, signedInBrowser, signIn, startBackendWithForge } from '../backend-with-forge.ts';

let backend: TestBackend;

beforeAll(async () => {
  backend = await startBackendWithForge();
});

afterAll(() => backend.close());

test('nobody is signed in at first, and the answer is a problem document', async () => {
  const answer = await request(backend, null, 'GET', 'api/v1/session');
  expect(answer.statusCode).toBe(401);
  expect(answer.headers['content-type']).toBe('application/problem+json');
  expect(answer.json()).toMatchObject({ code: 'signed-out', status: 401, title: 'Not signed in' });
});

test('a popup signs in after consent; later it happens silently, and signing out ends it', async () => {
  const browser = await browserAt(backend, 'wendy');
  const walk = await signIn(backend, browser);
  expect(walk).toMatchObject({ status: 200, path: '/-/databricks/auth/callback' });
  expect(walk.page).toContain('data-outcome="signed-in"');

  const session = await request(backend, browser, 'GET', 'api/v1/session');
  expect(session.statusCode).toBe(200);
  expect(session.json().user).toMatchObject({ name: 'wendy' });
  // Only the session is left of the cookies: the attempt's is gone.
  expect([...browser.backend.keys()]).toEqual(['gitea_databricks']);

  const again = await browserAt(backend, 'wendy');
  expect(await signIn(backend, again, 'stop', 'silent')).toMatchObject({ status: 200 });
  expect((await request(backend, again, 'GET', 'api/v1/session')).statusCode).toBe(200);

  const before = browser.backend.get('gitea_databricks') ?? '';
  expect((await request(backend, browser, 'DELETE', 'api/v1/session')).statusCode).toBe(204);
  expect(browser.backend.size).toBe(0);
  browser.backend.set('gitea_databricks', before);
  expect((await request(backend, browser, 'GET', 'api/v1/session')).statusCode).toBe(401);
  expect((await request(backend, again, 'GET', 'api/v1/session')).statusCode).toBe(200);
});

test('a silent attempt without a grant stops at Gitea, and without a Gitea session at its sign-in page', async () => {
  const browser = await browserAt(backend, 'oscar');
  expect((await signIn(backend, browser, 'stop', 'silent')).path).toBe('/login/oauth/authorize');
  const nobody = { user: '', forge: new Map(), backend: new Map() };
  expect((await signIn(backend, nobody, 'stop', 'silent')).path).toBe('/user/login');
  expect((await request(backend, browser, 'GET', 'api/v1/session')).statusCode).toBe(401);
});

test('who says no on Gitea’s page is told so, and nobody is signed in', async () => {
  const browser = await browserAt(backend, 'rita');
  const walk = await signIn(backend, browser, 'deny');
  expect(walk).toMatchObject({ status: 403, path: '/-/databricks/auth/callback' });
  expect(walk.page).toContain('data-outcome="denied"');
  expect((await request(backend, browser, 'GET', 'api/v1/session')).statusCode).toBe(401);
});

test('a callback counts in the browser that started, once, and with its own state', async () => {
  const wendy = await browserAt(backend, 'wendy');
  const started = await request(backend, wendy, 'GET', 'auth/start');
  const back = await fetch(String(started.headers.location), {
    redirect: 'manual',
    headers: { cookie: [...wendy.forge].map(([name, value]) => `${name}=${value}`).join('; ') },
  });
  const callback = new URL(String(back.headers.get('location')));
  const path = `auth/callback${callback.search}`;

  const other = { user: '', forge: new Map(), backend: new Map() };
  expect((await request(backend, other, 'GET', path)).statusCode).toBe(400);
  const swapped = new URLSearchParams(callback.search);
  swapped.set('state', 'x'.repeat(43));
  expect((await request(backend, wendy, 'GET', `auth/callback?${swapped}`)).statusCode).toBe(400);

  const again = { ...wendy, backend: new Map(wendy.backend) };
  const restart = await request(backend, again, 'GET', 'auth/start');
  const second = await fetch(String(restart.headers.location), {
    redirect: 'manual',
    headers: { cookie: [...wendy.forge].map(([name, value]) => `${name}=${value}`).join('; ') },
  });
  const secondPath = `auth/callback${new URL(String(second.headers.get('location'))).search}`;
  const cookies = new Map(again.backend);
  expect((await request(backend, again, 'GET', secondPath)).statusCode).toBe(200);
  expect((await request(backend, { ...again, backend: cookies }, 'GET', secondPath)).statusCode).toBe(400);
});

test('an attempt that took too long is over', async () => {
  const browser = await browserAt(backend, 'wendy');
  const started = await request(backend, browser, 'GET', 'auth/start');
  const back = await fetch(String(started.headers.location), {
    redirect: 'manual',
    headers: { cookie: [...browser.forge].map(([name, value]) => `${name}=${value}`).join('; ') },
  });
  backend.pass(11 * 60_000);
  const path = `auth/callback${new URL(String(back.headers.get('location'))).search}`;
  expect((await request(backend, browser, 'GET', path)).statusCode).toBe(400);
});

test('the callback page is fixed, runs only its own script, and reflects nothing', async () => {
  const answer = await request(
    backend,
    null,
    'GET',
    'auth/callback?state=%3Cscript%3E&error=%22%3E%3Cimg%3E',
  );
  expect(answer.statusCode).toBe(400);
  expect(answer.body).not.toContain('<img>');
  const policy = String(answer.headers['content-security-policy']);
  expect(policy).toContain("default-src 'none'");
  expect(policy).toMatch(/script-src 'sha256-[A-Za-z0-9+/]+=*'/);
  expect(policy).not.toContain('unsafe-inline');
});

test('while Gitea does not answer, a window is told in words and a script by a problem document', async () => {
  const alone = await startBackendWithForge();
  await alone.forge.forge.close();
  const script = await request(alone, null, 'GET', 'auth/start');
  expect(script.json()).toMatchObject({ code: 'gitea-unavailable', status: 502 });
  const window = await request(alone, null, 'GET', 'auth/start', {
    headers: { 'sec-fetch-dest': 'document' },
  });
  expect(window.statusCode).toBe(502);
  expect(window.headers['content-type']).toContain('text/html');
  expect(window.body).toContain('data-outcome="failed"');
  await alone.app.close();
  await rm(alone.forge.folder, { recursive: true, force: true });
});

test('where the browser is sent is decided by the configuration, not by the request', async () => {
  const started = await request(backend, null, 'GET', 'auth/start', {
    headers: { host: 'evil.example.com', 'x-forwarded-host': 'evil.example.com' },
  });
  const location = new URL(String(started.headers.location));
  expect(location.origin).toBe(backend.origin);
  expect(location.searchParams.get('redirect_uri')).toBe(`${backend.origin}/-/databricks/auth/callback`);
  expect(location.searchParams.get('code_challenge_method')).toBe('S256');
  expect(location.searchParams.get('scope')).toBe('openid profile email groups read:user read:repository');
});

test('cookies are out of reach of scripts and other paths', async () => {
  const browser = await browserAt(backend, 'wendy');
  const started = await request(backend, browser, 'GET', 'auth/start');
  expect(started.headers['set-cookie']).toMatch(
    /Path=\/-\/databricks\/auth\/callback; HttpOnly; SameSite=Lax/,
  );
  const back = await fetch(String(started.headers.location), {
    redirect: 'manual',
    headers: { cookie: [...browser.forge].map(([name, value]) => `${name}=${value}`).join('; ') },
  });
  const path = `auth/callback${new URL(String(back.headers.get('location'))).search}`;
  const ended = await request(backend, browser, 'GET', path);
  const session = [ended.headers['set-cookie'] ?? []]
    .flat()
    .find((line) => line.startsWith('gitea_databricks='));
  expect(session).toMatch(/Path=\/-\/databricks\/;.*HttpOnly; SameSite=Lax/);
});

test('the database and the log hold nothing that signs anybody in', async () => {
  const browser = await signedInBrowser(backend, 'oscar');
  const cookie = browser.backend.get('gitea_databricks') ?? '';
  const viewer = await backend.sessions.viewer(cookie);
  const token = (await viewer?.giteaToken()) ?? '';
  expect(token.length).toBeGreaterThan(20);
  const stored = await backend.transactor.stores.sessions.find(viewer?.sessionKey ?? '');
  const dump = JSON.stringify(stored) + backend.logged.join('\n');
  for (const secret of [cookie, token, backend.configuration.gitea.oauth.clientSecret]) {
    expect(dump).not.toContain(secret);
  }
});

test('a token that is about to end is refreshed once, however many ask', async () => {
  const browser = await signedInBrowser(backend, 'ada');
  const cookie = browser.backend.get('gitea_databricks') ?? '';
  const first = await (await backend.sessions.viewer(cookie))?.giteaToken();
  backend.pass(3600_000);
  const viewer = await backend.sessions.viewer(cookie);
  const tokens = await Promise.all(Array.from({ length: 5 }, () => viewer?.giteaToken()));
  expect(new Set(tokens).size).toBe(1);
  expect(tokens[0]).not.toBe(first);
});

test('a session ends when it is not used, and in any case after a week', async () => {
  const browser = await signedInBrowser(backend, 'rita');
  backend.pass(11 * 3600_000);
  expect((await request(backend, browser, 'GET', 'api/v1/session')).statusCode).toBe(200);
  backend.pass(11 * 3600_000);
  expect((await request(backend, browser, 'GET', 'api/v1/session')).statusCode).toBe(200);
  backend.pass(13 * 3600_000);
  expect((await request(backend, browser, 'GET', 'api/v1/session')).statusCode).toBe(401);

  const busy = await signedInBrowser(backend, 'rita');
  let used = 0;
  while ((await request(backend, busy, 'GET', 'api/v1/session')).statusCode === 200 && used < 30) {
    used += 1;
    backend.pass(8 * 3600_000);
  }
  expect(used).toBe(21);
});
