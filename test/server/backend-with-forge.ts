import { Writable } from 'node:stream';
import { Registry } from 'prom-client';
import { ChainVerifier } from '../../src/server/audit/verifier.ts';
import type { Binding, ServerConfiguration } from '../../src/server/config/server-configuration.ts';
import { createLocalBus } from '../../src/server/duty/bus.ts';
import { EventHub } from '../../src/server/events/hub.ts';
import { GiteaHttp } from '../../src/server/gitea/gitea-http.ts';
import { createGiteaSignIn } from '../../src/server/gitea/oauth.ts';
import { createRepositoryDirectory } from '../../src/server/gitea/repository-directory.ts';
import { createUserGitea } from '../../src/server/gitea/user-client.ts';
import { createApp } from '../../src/server/http/app.ts';
import type { App, RouteModule } from '../../src/server/http/application.ts';
import { createLog } from '../../src/server/http/log.ts';
import type { RateLimits } from '../../src/server/http/rate-limits.ts';
import { RefusedCallers } from '../../src/server/http/refused-callers.ts';
import { auditRoutes } from '../../src/server/http/routes/audit.ts';
import { authRoutes } from '../../src/server/http/routes/auth.ts';
import { eventRoutes } from '../../src/server/http/routes/events.ts';
import { healthRoutes } from '../../src/server/http/routes/health.ts';
import { issuerRoutes } from '../../src/server/http/routes/issuer.ts';
import { repositoryRoutes } from '../../src/server/http/routes/repository.ts';
import { sessionRoutes } from '../../src/server/http/routes/session.ts';
import { Issuer } from '../../src/server/identity/issuer.ts';
import { Sessions } from '../../src/server/identity/sessions.ts';
import { SignIn } from '../../src/server/identity/sign-in.ts';
import type { AccessCheck } from '../../src/server/permission/access.ts';
import { createAccessCheck } from '../../src/server/permission/access-check.ts';
import { createBoundRepositories } from '../../src/server/permission/bound-repositories.ts';
import type { BoundRepositories } from '../../src/server/permission/bound-repository.ts';
import type { Acts } from '../../src/server/permission/matrix.ts';
import { openDatabase } from '../../src/server/store/database.ts';
import type { Stores } from '../../src/server/store/stores.ts';
import { createStores } from '../../src/server/store/stores.ts';
import type { Transactor } from '../../src/server/store/transactor.ts';
import { createTransactor } from '../../src/server/store/transactor.ts';
import type { RunningForge } from '../emulator/gitea/forge-on-loopback.ts';
import { startForge } from '../emulator/gitea/forge-on-loopback.ts';
import { testDatabase } from './store/test-database.ts';

/** A browser: the cookies it holds for the forge and for the backend. */
export interface Browser {
  user: string;
  forge: Map<string, string>;
  backend: Map<string, string>;
}

export interface TestBackend {
  app: App;
  forge: RunningForge;
  configuration: ServerConfiguration;
  transactor: Transactor<Stores>;
  repositories: BoundRepositories;
  hub: EventHub;
  issuer: Issuer;
  sessions: Sessions;
  access: AccessCheck;
  refusedCallers: RefusedCallers;
  /** Lines of the log so far. */
  logged: string[];
  /** Moves the backend's clock (milliseconds). */
  pass(ms: number): void;
  now(): Date;
  base: string;
  origin: string;
  close(): Promise<void>;
}

/** Collects lines that pino writes. */
function lineSink(lines: string[]): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(...chunk.toString('utf8').split('\n').filter(Boolean));
      done();
    },
  });
}

/** What a test may set. */
export interface BackendOptions {
  /** Globs of the one binding. */
  globs?: string[];
  api?: (backend: { hub: EventHub; transactor: Transactor<Stores> }) => RouteModule[];
  /** Mounted beside sign-in. */
  root?: () => RouteModule[];
  /** Where the backend is, by the forge's address; under `/-/databricks/` of it by default. */
  publicUrl?: (forge: string) => string;
  /** File of the database; in memory by default. */
  database?: string;
  /** Bindings instead of the one. */
  bindings?: Binding[];
  /** Acts of the routes in `api` that are not the product's. */
  furtherActs?: Acts;
  rateLimits?: Partial<RateLimits>;
  /** How the bot reaches Gitea. */
  botFetch?: typeof fetch;
  requestTimeout?: number;
  streamTimes?: { heartbeatMs: number; recheckMs: number; bufferLimit: number };
}

/**
 * The backend's own part (identity, permission, audit, events) over a real forge on loopback: users ada (site
 * admin), wendy, rita, oscar; the organisation ml is ada's; the bot is a user with a token.
 */
export async function startBackendWithForge(options: BackendOptions = {}): Promise<TestBackend> {
  const forge = await startForge();
  for (const name of ['ada', 'wendy', 'rita', 'oscar', 'bot']) {
    await forge.forge.createUser({
      name,
      password: forge.password(name),
      email: `${name}@example.com`,
      admin: name === 'ada',
    });
  }
  const url = forge.url.replace(/\/$/, '');
  const publicUrl = options.publicUrl?.(url) ?? `${url}/-/databricks/`;
  const redirectUri = `${publicUrl}auth/callback`;
  const application = await forge.api('ada', 'POST', '/user/applications/oauth2', {
    name: 'Databricks',
    redirect_uris: [redirectUri],
    confidential_client: true,
  });
  const token = await forge.api('bot', 'POST', '/users/bot/tokens', {
    name: 'backend',
    scopes: ['write:repository', 'write:issue', 'read:user'],
  });
  const configuration: ServerConfiguration = {
    publicUrl,
    listen: { host: '127.0.0.1', port: 0 },
    database: ':memory:',
    encryptionKey: new Uint8Array(32).fill(7),
    gitea: {
      url,
      internalUrl: url,
      token: token.body.sha1,
      webhookSecret: 'webhook-secret',
      oauth: { clientId: application.body.client_id, clientSecret: application.body.client_secret },
    },
    workspaces: {
      main: {
        name: 'main',
        host: 'http://127.0.0.1:9',
        accountId: 'account-1',
        auth: { kind: 'federation', audience: 'account-1' },
        reader: 'reader-id',
      },
    },
    bindings: options.bindings ?? [
      {
        id: 'wine',
        repositories: options.globs ?? ['ml/wine-*'],
        workspace: 'main',
        branch: null,
        experiment: '/Shared/gitea/{repository_id}',
        jobs: {},
        models: { wine: { name: 'ml.prod.wine', alias: 'champion', endpoint: 'wine' } },
        principals: { trainer: 'trainer-id', releaser: 'releaser-id', fork: 'fork-id' },
        floors: {},
      },
    ],
  };
  let skew = 0;
  const now = () => new Date(Date.now() + skew);
  const logged: string[] = [];
  const log = createLog('info', [], lineSink(logged));
  const database = await testDatabase(options.database);
  const db = await openDatabase(database.target);
  const transactor = createTransactor(db, (connection) => createStores(connection, now));
  const audit = transactor.stores.audit;
  const sealed = { transactor, encryptionKey: configuration.encryptionKey, now };
  const provider = createGiteaSignIn(configuration.gitea, redirectUri, 'test/1');
  const sessions = new Sessions({ ...sealed, provider });
  const signIn = new SignIn({ ...sealed, provider });
  const issuer = new Issuer({ ...sealed, publicUrl });
  const http = new GiteaHttp({
    url,
    token: configuration.gitea.token,
    userAgent: 'test/1',
    fetch: options.botFetch,
  });
  const repositories = createBoundRepositories({
    configuration,
    transactor,
    directory: createRepositoryDirectory(http),
    log,
  });
  const access = createAccessCheck({
    repositories,
    gitea: createUserGitea(url, 'test/1'),
    now: () => now().getTime(),
  });
  const fail = (error: unknown) => log.error({ err: error }, 'a listener failed');
  const hub = new EventHub(createLocalBus(fail), fail);
  const refusedCallers = new RefusedCallers(audit, (error) => log.error({ err: error }, 'not recorded'));
  const cookie = { path: new URL(publicUrl).pathname, secure: false };
  const app = await createApp({
    publicUrl,
    giteaUrl: url,
    log,
    sessions,
    guard: { access, audit },
    refusedCallers,
    rateLimits: options.rateLimits,
    requestTimeout: options.requestTimeout,
    furtherActs: options.furtherActs,
    api: [
      (scope) => sessionRoutes(scope, { sessions, access, cookie }),
      (scope) => auditRoutes(scope, { audit, verifier: new ChainVerifier(audit, now) }),
      (scope) => eventRoutes(scope, { hub, access, sessions, stream: options.streamTimes }),
      (scope) =>
        repositoryRoutes(scope, {
          configuration: async () => ({
            state: 'missing',
            commit: null,
            problems: [],
            primary: null,
            gates: [],
            parameters: [],
            onMerge: 'none',
          }),
          runCounts: async () => ({ runs: 0, active: 0 }),
          releaseCounts: async () => ({ versions: 0, releases: 0 }),
          production: async () => ({ production: null, asOf: null }),
          connection: async () => ({ state: 'ok', since: null, asOf: null }),
        }),
      ...(options.api?.({ hub, transactor }) ?? []),
    ],
    root: [
      (scope) => authRoutes(scope, { signIn, sessions, cookie, giteaUrl: url }),
      (scope) => issuerRoutes(scope, { issuer }),
      (scope) => healthRoutes(scope, { ready: async () => {}, metrics: new Registry() }),
      ...(options.root?.() ?? []),
    ],
  });
  return {
    app,
    forge,
    configuration,
    transactor,
    repositories,
    hub,
    issuer,
    sessions,
    access,
    refusedCallers,
    logged,
    pass: (ms) => {
      skew += ms;
    },
    now,
    base: new URL(publicUrl).pathname,
    origin: url,
    async close() {
      await app.close();
      await refusedCallers.close();
      await db.destroy();
      await database.drop();
      await forge.close();
    },
  };
}

/** `name=value; …` of a browser's cookies. */
export function cookieHeader(cookies: Map<string, string>): string {
  return [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
}

function keep(cookies: Map<string, string>, setCookies: string | string[] | undefined): void {
  for (const line of [setCookies ?? []].flat()) {
    const [pair = '', ...attributes] = line.split(';').map((part) => part.trim());
    const [name = '', value = ''] = pair.split('=', 2);
    const gone = value === '' || attributes.some((attribute) => /^max-age=0$/i.test(attribute));
    if (gone) cookies.delete(name);
    else cookies.set(name, value);
  }
}

/** Signs a browser in at the forge, through its sign-in page. */
export async function browserAt(backend: TestBackend, user: string): Promise<Browser> {
  const browser: Browser = { user, forge: new Map(), backend: new Map() };
  const response = await fetch(`${backend.forge.url}user/login`, {
    method: 'POST',
    redirect: 'manual',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ user_name: user, password: backend.forge.password(user) }),
  });
  keep(browser.forge, response.headers.getSetCookie());
  return browser;
}

/** One request of a browser to the backend, with the cookies that it holds. */
export async function request(
  backend: TestBackend,
  browser: Browser | null,
  method: 'GET' | 'POST' | 'PUT' | 'DELETE',
  path: string,
  options: { body?: unknown; headers?: Record<string, string> } = {},
) {
  const response = await backend.app.inject({
    method,
    url: `${backend.base}${path}`,
    headers: {
      ...(method === 'GET' ? {} : { origin: backend.origin }),
      ...(browser ? { cookie: cookieHeader(browser.backend) } : {}),
      ...options.headers,
    },
    ...(options.body === undefined ? {} : { payload: options.body as object }),
  });
  if (browser) keep(browser.backend, response.headers['set-cookie']);
  return response;
}

/** Where an attempt ended. */
export interface SignInWalk {
  /** The last page: the callback's path and status, or the forge's page where the walk stopped. */
  path: string;
  status: number;
  page: string;
}

/** Follows a sign-in from `auth/start` as a browser does; answers the consent page where there is one. */
export async function signIn(
  backend: TestBackend,
  browser: Browser,
  consent: 'allow' | 'deny' | 'stop' = 'allow',
  mode: 'silent' | 'popup' = 'popup',
): Promise<SignInWalk> {
  const started = await request(backend, browser, 'GET', `auth/start?mode=${mode}`);
  let response = await atForge(browser, String(started.headers.location));
  if (response.status === 200) {
    const page = await response.text();
    if (consent === 'stop') return { path: new URL(response.url).pathname, status: 200, page };
    const fields = new URLSearchParams();
    for (const [input] of page.matchAll(/<input[^>]*type="hidden"[^>]*>/g)) {
      const name = /name="([^"]*)"/.exec(input)?.[1];
      const value = /value="([^"]*)"/.exec(input)?.[1] ?? '';
      if (name) fields.set(name, value.replaceAll('&#43;', '+').replaceAll('&amp;', '&'));
    }
    fields.set('granted', String(consent === 'allow'));
    response = await atForge(browser, `${backend.forge.url}login/oauth/grant`, fields);
  }
  const location = new URL(response.headers.get('location') ?? '', backend.forge.url);
  if (!location.href.startsWith(backend.configuration.publicUrl)) {
    return { path: location.pathname, status: response.status, page: '' };
  }
  const path = `${location.pathname.slice(backend.base.length)}${location.search}`;
  const ended = await request(backend, browser, 'GET', path);
  return { path: location.pathname, status: ended.statusCode, page: ended.body };
}

async function atForge(browser: Browser, url: string, form?: URLSearchParams): Promise<Response> {
  const response = await fetch(url, {
    redirect: 'manual',
    headers: { cookie: cookieHeader(browser.forge), ...(form ? { 'sec-fetch-site': 'same-origin' } : {}) },
    ...(form ? { method: 'POST', body: form } : {}),
  });
  keep(browser.forge, response.headers.getSetCookie());
  return response;
}

/** A browser that is signed in at both. */
export async function signedInBrowser(backend: TestBackend, user: string): Promise<Browser> {
  const browser = await browserAt(backend, user);
  const walk = await signIn(backend, browser);
  if (walk.status !== 200) throw new Error(`sign-in of ${user} ended with ${walk.status}: ${walk.page}`);
  return browser;
}

/** Makes `ml/wine-quality` with members: wendy may write, rita may read. @returns Gitea's id */
export async function makeRepository(
  backend: TestBackend,
  name = 'wine-quality',
  isPrivate = true,
): Promise<number> {
  const { forge } = backend;
  await forge.api('ada', 'POST', '/orgs', { username: 'ml' });
  const made = await forge.api('ada', 'POST', '/orgs/ml/repos', {
    name,
    private: isPrivate,
    auto_init: true,
    default_branch: 'main',
  });
  for (const [user, permission] of [
    ['bot', 'write'],
    ['wendy', 'write'],
    ['rita', 'read'],
  ]) {
    await forge.api('ada', 'PUT', `/repos/ml/${name}/collaborators/${user}`, { permission });
  }
  return made.body.id;
}
