import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { defaultStreamOptions } from '../../../src/server/events/stream.ts';
import { GiteaError } from '../../../src/server/gitea/error.ts';
import { sessionCookie } from '../../../src/server/http/session-hook.ts';
import { hashToken, unseal } from '../../../src/server/identity/seal.ts';
import { Sessions } from '../../../src/server/identity/sessions.ts';
import type { Viewer } from '../../../src/server/permission/access.ts';
import { createAccessCheck, freshMs } from '../../../src/server/permission/access-check.ts';
import type { Browser, TestBackend } from '../backend-with-forge.ts';
import {
  browserAt,
  cookieHeader,
  makeRepository,
  request,
  signedInBrowser,
  signIn,
  startBackendWithForge,
} from '../backend-with-forge.ts';

let backend: TestBackend;
let folder: string;
let database: string;
let repository: number;
let origin: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sessions-'));
  database = join(folder, 'backend.db');
  backend = await startBackendWithForge({
    database,
    rateLimits: { user: 10_000, address: 10_000 },
    streamTimes: { ...defaultStreamOptions, recheckMs: 50 },
  });
  repository = await makeRepository(backend);
  await backend.repositories.discover();
  await backend.app.listen({ port: 0, host: '127.0.0.1' });
  origin = `http://127.0.0.1:${(backend.app.server.address() as AddressInfo).port}`;
}, 60_000);

afterAll(async () => {
  await backend?.close();
  await rm(folder, { recursive: true, force: true });
});

const session = (browser: Browser, headers: Record<string, string> = {}) =>
  request(backend, browser, 'GET', 'api/v1/session', { headers });
const asked = (browser: Browser, headers: Record<string, string> = {}) =>
  request(backend, browser, 'GET', `api/v1/repositories/${repository}`, { headers });
const cookieOf = (browser: Browser) => browser.backend.get(sessionCookie) ?? '';
const storedOf = (browser: Browser) => backend.transactor.stores.sessions.find(hashToken(cookieOf(browser)));

async function idOf(name: string): Promise<number> {
  return (await backend.forge.api('ada', 'GET', `/users/${name}`)).body.id;
}

function withdrawGrant(name: string): void {
  const { users, grants } = backend.forge.forge.context.store;
  const grant = grants.find({ userId: users.find({ lowerName: name })?.id });
  grants.remove({ id: grant!.id });
}

describe('a session', () => {
  test('survives the end of Gitea’s access token without the user noticing', async () => {
    const wendy = await signedInBrowser(backend, 'wendy');
    const cookie = cookieOf(wendy);
    const before = await storedOf(wendy);
    for (let hours = 0; hours < 3; hours += 1) {
      backend.pass(3600_000);
      expect((await asked(wendy)).statusCode).toBe(200);
    }
    expect(cookieOf(wendy)).toBe(cookie);
    const after = await storedOf(wendy);
    expect(after?.accessToken).not.toBe(before?.accessToken);
    expect(after?.accessExpiresAt.getTime()).toBeGreaterThan(before!.accessExpiresAt.getTime());
  });

  test('is never shown to who signed in to Gitea after, and ends when they sign in here', async () => {
    const browser = await signedInBrowser(backend, 'wendy');
    const wendys = cookieOf(browser);
    // The same browser, rita at Gitea now: its pages name her.
    browser.forge = (await browserAt(backend, 'rita')).forge;
    const page = { 'x-gitea-user': String(await idOf('rita')) };
    for (const answer of [await session(browser, page), await asked(browser, page)]) {
      expect([answer.statusCode, answer.json().code]).toEqual([409, 'session-of-another-user']);
      expect(answer.body).not.toContain('wendy');
    }
    const stream = await request(
      backend,
      browser,
      'GET',
      `api/v1/events?repositories=${repository}&user=${await idOf('rita')}`,
    );
    expect([stream.statusCode, stream.json().code]).toEqual([409, 'session-of-another-user']);
    expect((await request(backend, browser, 'DELETE', 'api/v1/session', { headers: page })).statusCode).toBe(
      409,
    );

    await signIn(backend, browser);
    expect((await session(browser, page)).json().user.name).toBe('rita');
    expect(cookieOf(browser)).not.toBe(wendys);
    const old: Browser = { ...browser, backend: new Map([[sessionCookie, wendys]]) };
    expect((await session(old)).statusCode).toBe(401);
  });

  test('cannot be fixed from outside: a planted cookie is replaced, and what it named before is over', async () => {
    const victim = await browserAt(backend, 'wendy');
    victim.backend.set(sessionCookie, 'chosen-by-somebody-else');
    await signIn(backend, victim);
    expect(cookieOf(victim)).toMatch(/^[\w-]{43}$/);
    const attacker = { ...victim, backend: new Map([[sessionCookie, 'chosen-by-somebody-else']]) };
    expect((await session(attacker)).statusCode).toBe(401);

    const oscar = await signedInBrowser(backend, 'oscar');
    const planted = cookieOf(oscar);
    const next = await browserAt(backend, 'wendy');
    next.backend.set(sessionCookie, planted);
    await signIn(backend, next);
    expect(cookieOf(next)).not.toBe(planted);
    expect((await session(next)).json().user.name).toBe('wendy');
    expect((await session(oscar)).statusCode).toBe(401);
  });

  test('of an attacker, planted with the attempt’s own cookie, does nothing on the victim’s pages', async () => {
    // A sibling domain can set cookies: the attacker's whole attempt is moved into the victim's browser.
    const attacker = await browserAt(backend, 'oscar');
    await signIn(backend, attacker);
    const started = await request(backend, attacker, 'GET', 'auth/start');
    const back = await fetch(String(started.headers.location), {
      redirect: 'manual',
      headers: { cookie: cookieHeader(attacker.forge) },
    });
    const victim: Browser = { user: 'wendy', forge: new Map(), backend: new Map(attacker.backend) };
    const search = new URL(String(back.headers.get('location'))).search;
    expect((await request(backend, victim, 'GET', `auth/callback${search}`)).statusCode).toBe(200);
    const page = { 'x-gitea-user': String(await idOf('wendy')) };
    expect((await asked(victim, page)).statusCode).toBe(409);
    const act = await request(backend, victim, 'DELETE', 'api/v1/session', { headers: page });
    expect(act.statusCode).toBe(409);
  });
});

describe('what was taken back ends it within a minute', () => {
  /** Opens the live stream. @returns its end */
  async function open(browser: Browser): Promise<{ ended: Promise<void> }> {
    const response = await fetch(`${origin}/-/databricks/api/v1/events?repositories=${repository}`, {
      headers: { cookie: cookieHeader(browser.backend) },
    });
    expect(response.status).toBe(200);
    const read = async () => {
      for await (const _ of response.body ?? []) void _;
    };
    return { ended: read() };
  }

  test('by the times that are set: an answer of Gitea and the pause of a stream together', () => {
    expect(defaultStreamOptions.recheckMs + freshMs).toBeLessThan(60_000);
  });

  test('the grant: the session, also where only who it is is asked, and the live stream', async () => {
    const wendy = await signedInBrowser(backend, 'wendy');
    const other = await signedInBrowser(backend, 'wendy');
    const stream = await open(wendy);
    withdrawGrant('wendy');
    backend.pass(10_000);
    await stream.ended;
    expect((await asked(wendy)).statusCode).toBe(401);
    expect((await session(other)).statusCode).toBe(401);
    expect(await storedOf(other)).toBeNull();
  });

  test('access: the repository’s stream and every route, not the session', async () => {
    const rita = await signedInBrowser(backend, 'rita');
    const stream = await open(rita);
    await backend.forge.api('ada', 'DELETE', '/repos/ml/wine-quality/collaborators/rita');
    backend.pass(10_000);
    await stream.ended;
    expect((await asked(rita)).statusCode).toBe(404);
    expect((await session(rita)).statusCode).toBe(200);
    await backend.forge.api('ada', 'PUT', '/repos/ml/wine-quality/collaborators/rita', {
      permission: 'read',
    });
  });

  test('the account: what Gitea refuses with 403 for a disabled one', async () => {
    const endSession = vi.fn(async () => {});
    const viewer: Viewer = {
      user: { id: 1, name: 'x', fullName: '', avatarUrl: '' },
      sessionKey: 'k',
      expiresAt: '',
      giteaToken: async () => 'token',
      endSession,
    };
    const prohibited = async () => {
      throw new GiteaError(403, 'This account is prohibited from signing in.');
    };
    const access = createAccessCheck({
      repositories: backend.repositories,
      gitea: { self: prohibited, repository: prohibited, branch: prohibited, groups: prohibited },
    });
    await expect(access.check(viewer, repository)).rejects.toMatchObject({ code: 'signed-out' });
    await expect(access.confirm(viewer)).rejects.toMatchObject({ code: 'signed-out' });
    expect(endSession).toHaveBeenCalledTimes(2);
  });
});

test('a database dump yields nothing that can be used', async () => {
  const browser = await signedInBrowser(backend, 'oscar');
  const started = await request(backend, browser, 'GET', 'auth/start');
  const state = new URL(String(started.headers.location)).searchParams.get('state') ?? '';
  const stored = (await storedOf(browser))!;
  const key = backend.configuration.encryptionKey;
  const access = unseal(key, `session:${stored.idHash}:access`, stored.accessToken);
  const refresh = unseal(key, `session:${stored.idHash}:refresh`, stored.refreshToken ?? '');
  const works = async (token: string) =>
    (await fetch(`${backend.forge.url}api/v1/user`, { headers: { authorization: `Bearer ${token}` } }))
      .status;
  expect(await works(access)).toBe(200);

  // As bytes: the file and what is not yet moved into it.
  const bytes = Buffer.concat(['', '-wal'].map((suffix) => readFileSync(`${database}${suffix}`)));
  const secrets = [access, refresh, state, ...browser.backend.values()];
  expect(secrets.length).toBeGreaterThan(4);
  for (const secret of [...secrets, backend.configuration.gitea.oauth.clientSecret]) {
    expect(secret.length).toBeGreaterThan(20);
    expect(bytes.includes(secret)).toBe(false);
    expect(bytes.includes(Buffer.from(secret).toString('base64'))).toBe(false);
  }

  // And tried: no text of a session row opens anything, here or at Gitea.
  const attempts = Object.values(stored).filter((value) => typeof value === 'string');
  expect(attempts.length).toBe(3);
  for (const text of attempts) {
    const thief: Browser = { user: '', forge: new Map(), backend: new Map([[sessionCookie, text]]) };
    expect((await session(thief)).statusCode).toBe(401);
    expect(await works(text)).toBe(401);
  }
  // Nor with another key, nor in another row.
  expect(() =>
    unseal(new Uint8Array(32).fill(8), `session:${stored.idHash}:access`, stored.accessToken),
  ).toThrow('another one');
  expect(() => unseal(key, 'session:other:access', stored.accessToken)).toThrow('cannot be decrypted');
  const withOtherKey = new Sessions({
    transactor: backend.transactor,
    provider: {} as never,
    encryptionKey: new Uint8Array(32).fill(8),
    now: () => backend.now(),
  });
  const viewer = await withOtherKey.viewer(cookieOf(browser));
  await expect(viewer?.giteaToken()).rejects.toThrow('cannot be decrypted');
});

test('no route sends a browser anywhere but to Gitea’s own authorization page', async () => {
  const { paths = {} } = backend.app.swagger() as { paths?: Record<string, Record<string, unknown>> };
  const browser = await signedInBrowser(backend, 'oscar');
  const evil = 'https%3A%2F%2Fevil.example.com';
  let asked = 0;
  for (const [path, methods] of Object.entries(paths)) {
    if (!('get' in methods)) continue;
    const address = path.slice(backend.base.length).replace(/\{[^}]+\}/g, '1');
    for (const query of [
      '',
      `?redirect_to=${evil}`,
      `?redirect_uri=${evil}&state=x`,
      `?mode=${evil}`,
      `?next=//evil`,
    ]) {
      const answer = await request(backend, browser, 'GET', `${address}${query}`, {
        headers: {
          host: 'evil.example.com',
          'x-forwarded-host': 'evil.example.com',
          'x-forwarded-proto': 'https',
        },
      });
      asked += 1;
      const { location } = answer.headers;
      if (location === undefined) continue;
      const target = new URL(String(location));
      expect(`${target.origin}${target.pathname}`).toBe(`${backend.origin}/login/oauth/authorize`);
      expect(target.searchParams.get('redirect_uri')).toBe(`${backend.origin}/-/databricks/auth/callback`);
      expect(target.href).not.toContain('evil');
    }
  }
  expect(asked).toBeGreaterThan(50);
});

test('on an origin of its own people sign in by the window, and Gitea’s pages alone may read', async () => {
  const own = await startBackendWithForge({ publicUrl: () => 'http://databricks.example.test/' });
  try {
    const wendy = await browserAt(own, 'wendy');
    expect(await signIn(own, wendy)).toMatchObject({ path: '/auth/callback', status: 200 });
    const started = await request(own, wendy, 'GET', 'auth/start');
    const { searchParams } = new URL(String(started.headers.location));
    expect(searchParams.get('redirect_uri')).toBe('http://databricks.example.test/auth/callback');
    const read = (origin: string) =>
      request(own, wendy, 'GET', 'api/v1/session', { headers: { origin, 'x-gitea-user': '2' } });
    const answer = await read(own.origin);
    expect(answer.json().user.name).toBe('wendy');
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': own.origin,
      'access-control-allow-credentials': 'true',
      vary: expect.stringContaining('Origin'),
    });
    for (const origin of ['https://evil.example.com', 'http://sibling.example.test', 'null'])
      expect((await read(origin)).headers).not.toHaveProperty('access-control-allow-origin');
  } finally {
    await own.close();
  }
}, 60_000);
