import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from '../../src/cli/run.ts';
import type { Workspace } from '../../src/emulator/databricks/workspace.ts';
import { createWorkspace } from '../../src/emulator/databricks/workspace.ts';
import type { FederationPolicy } from '../../src/server/identity/federation-policies.ts';
import type { Backend } from '../../src/server/main.ts';
import { startBackend } from '../../src/server/main.ts';
import { client, eventually, servicePrincipal } from '../emulator/databricks/support.ts';
import type { RunningForge } from '../emulator/gitea/forge-on-loopback.ts';
import { startForge } from '../emulator/gitea/forge-on-loopback.ts';

/** What a JSON Web Token, a token of Databricks or a private key looks like, wherever it stands. */
const tokenShapes =
  /eyJ[\w-]{6,}\.[\w-]{6,}\.[\w-]*|\b(?:dbx-|dapi|dose)[0-9a-f]{20,}|PRIVATE KEY|"(?:d|access_token|refresh_token|id_token|client_secret|subject_token)"\s*:/;

let folder: string;
let forge: RunningForge;
let workspace: Workspace;
let backend: Backend;
let base: string;
let repository: number;
const secrets: Record<string, string> = { hook: 'hook-secret-0123456789' };

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Cookies by name, as a browser keeps them for one host. */
type Jar = Map<string, string>;

async function send(jar: Jar, address: string | URL, init: RequestInit = {}): Promise<Response> {
  const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
  const response = await fetch(address, {
    redirect: 'manual',
    ...init,
    headers: { cookie, ...init.headers },
  });
  for (const line of response.headers.getSetCookie()) {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
    if (value === '') jar.delete(name);
    else jar.set(name, value);
  }
  return response;
}

/** A browser that has signed in at Gitea and, through it, at the backend. */
async function signIn(user: string): Promise<Jar> {
  const [atForge, atBackend]: [Jar, Jar] = [new Map(), new Map()];
  const form = new URLSearchParams({ user_name: user, password: forge.password(user) });
  await send(atForge, `${forge.url}user/login`, { method: 'POST', body: form });
  const started = await send(atBackend, `${base}auth/start?mode=popup`);
  let response = await send(atForge, started.headers.get('location') ?? '');
  if (response.status === 200) {
    const fields = new URLSearchParams({ granted: 'true' });
    for (const [input] of (await response.text()).matchAll(/<input[^>]*type="hidden"[^>]*>/g)) {
      const value = /value="([^"]*)"/.exec(input)?.[1] ?? '';
      fields.append(
        /name="([^"]*)"/.exec(input)?.[1] ?? '',
        value.replaceAll('&#43;', '+').replaceAll('&amp;', '&'),
      );
    }
    fields.set('granted', 'true');
    response = await send(atForge, `${forge.url}login/oauth/grant`, {
      method: 'POST',
      headers: { 'sec-fetch-site': 'same-origin' },
      body: fields,
    });
  }
  const ended = await send(atBackend, response.headers.get('location') ?? '');
  expect(ended.status).toBe(200);
  return atBackend;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'no-token-'));
  forge = await startForge();
  workspace = createWorkspace({ dataDir: join(folder, 'workspace'), pythonCacheDir: join(folder, 'python') });
  await workspace.listen({ port: 0 });
  const admin = client(workspace.host, workspace.adminToken);
  for (const name of ['ada', 'wendy', 'rita', 'oscar', 'bot']) {
    await forge.forge.createUser({
      name,
      password: forge.password(name),
      email: `${name}@example.com`,
      admin: name === 'ada',
    });
  }
  await forge.api('ada', 'POST', '/orgs', { username: 'ml' });
  const made = await forge.api('ada', 'POST', '/orgs/ml/repos', {
    name: 'wine',
    private: true,

    default_branch: 'main',
  });
  repository = made.body.id;
  for (const [user, permission] of [
    ['bot', 'write'],
    ['wendy', 'write'],
    ['rita', 'read'],
  ]) {
    await forge.api('ada', 'PUT', `/repos/ml/wine/collaborators/${user}`, { permission });
  }
  const clone = join(folder, 'clone');
  mkdirSync(join(clone, '.gitea'), { recursive: true });
  writeFileSync(join(clone, 'train.py'), 'print("trained")\n');
  writeFileSync(
    join(clone, '.gitea/databricks.yml'),
    'version: 1\ntrain: {entry: train.py}\nmodel: wine\nmetrics: {primary: rmse, gates: {rmse: {direction: lower, limit: 1}}}\n',
  );
  await forge.git(clone, 'init', '-b', 'main');
  await forge.git(clone, 'add', '-A');
  await forge.git(clone, '-c', 'user.name=ada', '-c', 'user.email=ada@example.com', 'commit', '-m', 'Train');
  await forge.git(clone, 'push', forge.remote('ada', 'ml/wine'), 'main');
  const port = await freePort();
  base = `http://127.0.0.1:${port}/-/databricks/`;
  const application = await forge.api('ada', 'POST', '/user/applications/oauth2', {
    name: 'Databricks',
    redirect_uris: [`${base}auth/callback`],
    confidential_client: true,
  });
  const token = await forge.api('bot', 'POST', '/users/bot/tokens', {
    name: 'backend',
    scopes: ['write:repository', 'write:issue', 'read:user'],
  });
  secrets.token = token.body.sha1;
  secrets.client = application.body.client_secret;
  for (const [name, secret] of Object.entries(secrets))
    writeFileSync(join(folder, name), secret, { mode: 0o600 });

  const principals: Record<string, Awaited<ReturnType<typeof servicePrincipal>>> = {};
  for (const role of ['reader', 'trainer', 'releaser', 'fork']) {
    principals[role] = await servicePrincipal(workspace, admin, role);
  }
  await admin.post('/api/2.0/workspace/mkdirs', { path: '/gitea-databricks' });
  const at = await admin.get('/api/2.0/workspace/get-status?path=/gitea-databricks');
  await admin.send('PATCH', `/api/2.0/permissions/directories/${at.body.object_id}`, {
    access_control_list: [
      { service_principal_name: principals.releaser!.applicationId, permission_level: 'CAN_MANAGE' },
      { service_principal_name: principals.trainer!.applicationId, permission_level: 'CAN_READ' },
    ],
  });
  const config = join(folder, 'gitea-databricks.yml');
  writeFileSync(
    config,
    `public_url: ${base}
listen: 127.0.0.1:${port}
gitea: {url: "${forge.url}", token_file: token, webhook_secret_file: hook, oauth: {client_id: ${application.body.client_id}, client_secret_file: client}}
workspaces:
  main: {host: "${workspace.host}", account_id: ${workspace.accountId}, auth: federation, reader: ${principals.reader!.applicationId}}
bindings:
  - {id: wine, repositories: [ml/wine], workspace: main, experiment: "/Shared/wine", models: {wine: {name: ml.prod.wine, alias: champion}}, principals: {trainer: ${principals.trainer!.applicationId}, releaser: ${principals.releaser!.applicationId}, fork: ${principals.fork!.applicationId}}}
`,
  );
  const printed: string[] = [];
  const output = { out: (line: string) => void printed.push(line), err: () => {} };
  expect(await run(['federation', '--config', config], output)).toBe(0);
  for (const { principal, policy } of JSON.parse(printed.join('\n')) as FederationPolicy[]) {
    const { id } = Object.values(principals).find((one) => one.applicationId === principal)!;
    const path = `/api/2.0/accounts/${workspace.accountId}/servicePrincipals/${id}/federationPolicies`;
    expect((await admin.post(path, policy)).status).toBe(200);
  }
  backend = await startBackend({ configFile: config, logFile: join(folder, 'log'), logLevel: 'trace' });
}, 60_000);

afterAll(async () => {
  await backend?.close();
  await workspace?.close();
  await forge?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Status line, headers and body of an answer; of a stream what it says at first. */
async function everythingOf(response: Response): Promise<string> {
  const head = [...response.headers].map(([name, value]) => `${name}: ${value}`).join('\n');
  if (!response.headers.get('content-type')?.startsWith('text/event-stream')) {
    return `${head}\n\n${await response.text()}`;
  }
  const reader = response.body!.getReader();
  const first = await Promise.race([reader.read(), sleep(300)]);
  await reader.cancel();
  return `${head}\n\n${first ? Buffer.from(first.value ?? []).toString() : ''}`;
}

test('no route gives a token away, whoever asks and whatever is sent', async () => {
  const sample = await new SignJWT({ sub: 'x' })
    .setProtectedHeader({ alg: 'ES256' })
    .sign((await generateKeyPair('ES256')).privateKey);
  expect(sample).toMatch(tokenShapes);

  const { paths } = (await (await fetch(`${base}api/v1/openapi.json`)).json()) as {
    paths: Record<string, Record<string, unknown>>;
  };
  const sessions: Record<string, Jar> = { nobody: new Map() };
  for (const user of ['ada', 'wendy', 'rita', 'oscar']) sessions[user] = await signIn(user);

  // The branch's head is trained by itself, so that tokens are really exchanged and there is something to show.
  const api = `${base}api/v1/repositories/${repository}`;
  const { origin } = new URL(base);
  const json = { origin, 'content-type': 'application/json' };
  const asWendy = async (path: string) => (await send(sessions.wendy!, `${api}/${path}`)).text();
  const exchanged = await eventually(async () => {
    const audit = await asWendy('audit');
    return audit.includes('"token.exchanged"') ? audit : undefined;
  }, 'an exchange of tokens');
  expect(exchanged).toContain('"outcome":"done"');
  const { id } = JSON.parse(await asWendy('runs')).items[0] as { id: string };

  const values: Record<string, string> = {
    repository: String(repository),
    run: id,
    pull: '1',
    model: 'wine',
    release: id,
  };
  const bodies = [
    '{}',
    JSON.stringify({ parameters: {}, toVersion: 1, kind: 'promotion', reason: 'x', digest: 'x' }),
  ];
  const leaks: string[] = [];
  const statuses = new Map<number, number>();
  for (const [who, jar] of Object.entries(sessions)) {
    for (const [path, methods] of Object.entries(paths)) {
      for (const method of Object.keys(methods).map((name) => name.toUpperCase())) {
        if (method === 'DELETE' && path.endsWith('/session')) continue;
        const address = new URL(
          path.replace(/\{(\w+)\}/g, (_all, name: string) => values[name] ?? '1'),
          base,
        );
        if (path.endsWith('/events')) address.search = `?repositories=${repository}`;
        for (const body of method === 'GET' ? [undefined] : bodies) {
          // The session as it was: a route that ends it must not hide the next ones.
          const response = await send(new Map(jar), address, {
            method,
            headers: json,
            ...(body && { body }),
          });
          statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
          const text = await everythingOf(response);
          const found =
            tokenShapes.exec(text)?.[0] ?? Object.values(secrets).find((secret) => text.includes(secret));
          if (found) leaks.push(`${who}: ${method} ${address.pathname}: ${found.slice(0, 24)}…`);
        }
      }
    }
  }
  expect(leaks).toEqual([]);
  expect(statuses.get(200) ?? 0).toBeGreaterThan(20);
  expect(statuses.get(401) ?? 0).toBeGreaterThan(10);
  expect(statuses.get(404) ?? 0).toBeGreaterThan(10);
  expect(statuses.get(500)).toBeUndefined();

  const log = readFileSync(join(folder, 'log'), 'utf8');
  expect(log).not.toMatch(tokenShapes);
  for (const secret of Object.values(secrets)) expect(log.includes(secret)).toBe(false);
}, 120_000);

test('nothing in the database can be used by who steals it alone', async () => {
  for (const file of ['gitea-databricks.sqlite', 'gitea-databricks.sqlite-wal']) {
    const bytes = readFileSync(join(folder, file), 'latin1');
    expect(tokenShapes.exec(bytes)?.[0]).toBeUndefined();
    for (const secret of Object.values(secrets)) expect(bytes.includes(secret)).toBe(false);
  }
});
