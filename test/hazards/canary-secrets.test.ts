/**
 * Hazard 16: every secret that the product can hold is known here, the real backend goes through its main story,
 * and both counterparts fail in the worst way: they quote what was sent to them. Then every place that somebody
 * could read is searched, in any encoding. Long, since one story must reach every place.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import { unseal } from '../../src/server/identity/seal.ts';
import { startBackend } from '../../src/server/main.ts';
import { configuration, files, openPull, openStage, until } from '../server/training/stage.ts';
import type { Call } from './echoing-proxy.ts';
import { startEchoingProxy } from './echoing-proxy.ts';
import { formsOf, leaks } from './forms-of-a-secret.ts';

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const named =
  /(?<![a-z_])"?(access_token|refresh_token|id_token|sha1|subject_token|client_secret|code_verifier|client_assertion|code)"?[=:]\s*"?([^"&,}\s]+)/g;

/** Everything in a call that opens something. */
function secretsIn({ headers, sent, answer }: Call, secrets: Map<string, string>): void {
  const note = (secret: string, name: string) => {
    if (!secrets.has(secret)) secrets.set(secret, name);
  };
  const { authorization } = headers;
  if (authorization) {
    const value = authorization.split(' ').at(-1) ?? '';
    note(value, 'an authorization header');
    if (/^basic/i.test(authorization)) {
      const [, password = ''] = Buffer.from(value, 'base64').toString('utf8').split(':');
      if (password) note(password, 'a basic password');
    }
  }
  for (const text of [sent, answer]) {
    for (const [, name = '', value = ''] of text.matchAll(named)) {
      const plain = decodeURIComponent(value);
      if (plain.length >= 20) note(plain, name);
    }
  }
}

test('what is searched for would be found, in any encoding', () => {
  const secret = 'canary/secret+value=0123456789';
  expect(formsOf(secret).length).toBeGreaterThan(5);
  for (const text of [
    secret,
    encodeURIComponent(secret),
    Buffer.from(`id:${secret}`).toString('base64'),
    Buffer.from(`a:${secret}!`).toString('base64'),
    Buffer.from(`xy${secret}z`).toString('base64url'),
    encodeURIComponent(Buffer.from(secret).toString('base64')),
    Buffer.from(secret).toString('hex'),
  ]) {
    expect(leaks(new Map([[secret, 'it']]), { sink: `before ${text} after` })).toHaveLength(1);
  }
  expect(leaks(new Map([[secret, 'it']]), { sink: 'canary' })).toEqual([]);
});

test('no secret is in the log, the database, the events, what is sent to Gitea, or any answer', async () => {
  const stage = await openStage();
  const { team, principals } = stage;
  const gitea = await startEchoingProxy(team.url.replace(/\/$/, ''));
  const databricks = await startEchoingProxy(stage.workspace.host);
  // One that never does anything but quote.
  const hostile = await startEchoingProxy(null);
  const folder = await mkdtemp(join(tmpdir(), 'canary-'));
  onTestFinished(async () => {
    await Promise.all([gitea.close(), databricks.close(), hostile.close()]);
    await rm(folder, { recursive: true, force: true });
  });
  const port = await freePort();
  const publicUrl = `http://127.0.0.1:${port}/-/databricks/`;
  const application = await team.api('ada', 'POST', '/user/applications/oauth2', {
    name: 'Databricks',
    redirect_uris: [`${publicUrl}auth/callback`],
    confidential_client: true,
  });
  await team.api('ada', 'POST', '/orgs/ml/repos', { name: 'federated', private: true, auto_init: true });
  await team.api('ada', 'PUT', '/repos/ml/federated/collaborators/bot', { permission: 'write' });

  const secrets = new Map<string, string>();
  const secretFile = (name: string, value: string): string => {
    secrets.set(value, name);
    writeFileSync(join(folder, name), value, { mode: 0o600 });
    return name;
  };
  const webhookSecret = 'canary-webhook-secret-5d1f0b7a';
  const key = `${'c0ffee'.repeat(10)}beef`;
  const config = join(folder, 'gitea-databricks.yml');
  const { trainer, releaser, fork } = principals;
  const rule = (id: string, repository: string, workspace: string) =>
    `  - {id: ${id}, repositories: [${repository}], workspace: ${workspace}, experiment: "/Shared/gitea/{repository_id}", ` +
    `models: {wine: {name: ml.prod.wine, alias: champion}}, principals: {trainer: ${trainer.applicationId}, ` +
    `releaser: ${releaser.applicationId}, fork: ${fork.applicationId}}}\n`;
  writeFileSync(
    config,
    `public_url: ${publicUrl}
listen: 127.0.0.1:${port}
database: backend.db
encryption_key_file: ${secretFile('key', key)}
gitea:
  url: ${team.url.replace(/\/$/, '')}
  internal_url: ${gitea.url}
  token_file: ${secretFile('bot', stage.token)}
  webhook_secret_file: ${secretFile('webhook', webhookSecret)}
  oauth: {client_id: ${application.body.client_id}, client_secret_file: ${secretFile('client', application.body.client_secret)}}
workspaces:
  main:
    host: ${databricks.url}
    account_id: ${stage.workspace.accountId}
    auth: m2m
    reader: ${trainer.applicationId}
    client_secret_files:
      ${trainer.applicationId}: ${secretFile('trainer', trainer.secret)}
      ${releaser.applicationId}: ${secretFile('releaser', releaser.secret)}
      ${fork.applicationId}: ${secretFile('fork', fork.secret)}
  federated: {host: ${hostile.url}, account_id: account-2, auth: federation, reader: reader-2}
bindings:
${rule('wine', 'ml/wine', 'main')}${rule('federated', 'ml/federated', 'federated')}`,
  );
  secrets.set(Buffer.from(key, 'hex').toString('latin1'), 'the key as bytes');

  const logFile = join(folder, 'log');
  const backend = await startBackend({ configFile: config, logLevel: 'trace', logFile });
  let open = true;
  const close = async () => {
    if (open) await backend.close();
    open = false;
  };
  onTestFinished(close);

  const answers: string[] = [];
  const cookies = new Map<string, string>();
  /** A browser: keeps cookies (ports share them, so both sides' are together) and every answer of the backend. */
  async function browse(url: string, init: RequestInit = {}): Promise<Response> {
    const response = await fetch(url, {
      redirect: 'manual',
      ...init,
      headers: {
        cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
        ...(url.startsWith(publicUrl) ? { origin: new URL(publicUrl).origin } : {}),
        ...init.headers,
      },
    });
    for (const line of response.headers.getSetCookie()) {
      const [pair = ''] = line.split(';');
      const [name = '', value = ''] = pair.split('=', 2);
      if (value) cookies.set(name, value);
      if (value.length >= 20 && name.startsWith('gitea_databricks')) secrets.set(value, `the cookie ${name}`);
    }
    if (url.startsWith(publicUrl)) {
      const headers = [...response.headers].filter(([name]) => name !== 'set-cookie' && name !== 'location');
      answers.push(`${url.split('?')[0]} ${JSON.stringify(headers)} ${await response.clone().text()}`);
    }
    return response;
  }
  const api = (method: string, path: string, body?: unknown) =>
    browse(`${publicUrl}api/v1/repositories/${path}`, {
      method,
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });

  /** From the start to the callback, with the consent page where there is one. */
  async function signIn(): Promise<Response> {
    const started = await browse(`${publicUrl}auth/start?mode=popup`);
    const location = String(started.headers.get('location'));
    secrets.set(new URL(location).searchParams.get('state') ?? '', 'the state');
    let response = await browse(location);
    if (response.status === 200) {
      const fields = new URLSearchParams();
      for (const [input] of (await response.text()).matchAll(/<input[^>]*type="hidden"[^>]*>/g)) {
        const value = /value="([^"]*)"/.exec(input)?.[1] ?? '';
        fields.set(
          /name="([^"]*)"/.exec(input)?.[1] ?? '',
          value.replaceAll('&#43;', '+').replaceAll('&amp;', '&'),
        );
      }
      fields.set('granted', 'true');
      response = await browse(`${team.url}login/oauth/grant`, {
        method: 'POST',
        body: fields,
        headers: { 'sec-fetch-site': 'same-origin' },
      });
    }
    const back = String(response.headers.get('location'));
    secrets.set(new URL(back).searchParams.get('code') ?? '', 'the code');
    return await browse(back);
  }
  await browse(`${team.url}user/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ user_name: 'ada', password: team.password('ada') }),
  });

  // The story: sign in, push, pull request, comment, promotion, all as it should be.
  expect((await signIn()).status).toBe(200);
  const repository = stage.repository.id;
  const stream = await fetch(`${publicUrl}api/v1/events?repositories=${repository}`, {
    headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
  });
  let events = '';
  const reading = (async () => {
    for await (const chunk of stream.body ?? []) events += Buffer.from(chunk).toString('utf8');
  })().catch(() => {});
  const hooked = await team.api('ada', 'POST', '/repos/ml/wine/hooks', {
    type: 'gitea',
    active: true,
    config: { url: `${publicUrl}webhooks/gitea`, content_type: 'json', secret: webhookSecret },
    events: ['push', 'pull_request', 'pull_request_comment'],
  });
  expect(hooked.status).toBe(201);
  const good = { metrics: { rmse: [0.9, 0.8], accuracy: [0.7, 0.8] } };
  await team.commit('main', { '.gitea/databricks.yml': configuration, ...files(good) });
  async function runs(): Promise<{ id: string; state: string }[]> {
    const answer = await api('GET', `${repository}/runs`);
    const body = await answer.json();
    if (answer.status !== 200) throw new Error(JSON.stringify(body));
    return body.items;
  }
  const ended = (count: number, state: string) =>
    until(`${count} runs ${state}`, async () => {
      const all = await runs();
      return all.filter((run) => run.state === state).length >= count && all;
    });
  await ended(1, 'succeeded');
  await team.commit('change', files({ metrics: { rmse: [0.7, 0.6], accuracy: [0.8, 0.9] } }));
  const pull = await openPull(stage, 'change');
  const [run] = await ended(2, 'succeeded');
  await team.api('wendy', 'POST', `/repos/ml/wine/issues/${pull}/comments`, { body: '/databricks help' });
  for (const path of ['', '/runs', `/runs/${run!.id}`, `/pulls/${pull}`, '/models', '/releases', '/audit']) {
    expect((await api('GET', `${repository}${path}`)).status).toBe(200);
  }
  const sentComments = () =>
    gitea.calls.filter(({ method, path }) => method === 'POST' && path.includes('/comments'));
  await until('a comment', async () => sentComments().length > 0);

  // Databricks quotes what it is sent: in training, in a log, in a plan and a release, and for a token.
  databricks.echo((_method, path) => !path.includes('/oidc/') && !path.includes('well-known'));
  await team.commit('broken', files({ metrics: { rmse: [0.3] } }));
  await openPull(stage, 'broken');
  await ended(1, 'failed');
  for (const path of [
    `/runs/${run!.id}`,
    `/runs/${run!.id}/tasks/train/output`,
    '/models',
    `/pulls/${pull}`,
  ]) {
    await api('GET', `${repository}${path}`);
  }
  await api('POST', `${repository}/models/wine/plans`, { kind: 'promotion', toVersion: 2 });
  await api('POST', `${repository}/models/wine/releases`, {
    kind: 'promotion',
    toVersion: 2,
    digest: '0'.repeat(64),
  });
  databricks.echo(() => true);
  await api('GET', `${repository}/models`);
  await api('POST', `${repository}/models/wine/plans`, { kind: 'promotion', toVersion: 1 });
  databricks.echo(null);

  // The workspace by federation does nothing else.
  const federated = (await team.api('ada', 'GET', '/repos/ml/federated')).body.id;
  for (const path of ['', '/models', '/releases']) await api('GET', `${federated}${path}`);
  await api('POST', `${federated}/models/wine/plans`, { kind: 'promotion', toVersion: 1 });

  // Gitea quotes, too: to its bot, to its users, and to who signs in.
  gitea.echo(() => true);
  await api('GET', `${repository}/pulls/${pull}`);
  await api('POST', `${repository}/runs`, { pull });
  expect([400, 502]).toContain((await signIn()).status);
  await team.commit('change', files({ metrics: { rmse: [0.5, 0.4], accuracy: [0.8, 0.9] } }));
  await browse(`${publicUrl}webhooks/gitea`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  });
  await until('a failed delivery', async () =>
    readFileSync(logFile, 'utf8').includes('a delivery will be tried again'),
  );
  gitea.echo(null);
  await ended(3, 'succeeded');
  await browse(`${publicUrl}api/v1/session`, { method: 'DELETE' });
  await browse(`${publicUrl}metrics`);

  // What was said between the sides, and what lies sealed in the database.
  for (const call of [...gitea.calls, ...databricks.calls, ...hostile.calls]) secretsIn(call, secrets);
  const bytes = (suffix: string) => readFileSync(join(folder, `backend.db${suffix}`));
  const running = Buffer.concat([bytes(''), bytes('-wal')]);
  const database = new DatabaseSync(join(folder, 'backend.db'), { readOnly: true });
  for (const row of database.prepare('select kid, private_key from signing_keys').all()) {
    const pem = unseal(Buffer.from(key, 'hex'), `signing-key:${row.kid}`, String(row.private_key));
    for (const line of pem.split('\n'))
      if (!line.startsWith('-----') && line !== '') secrets.set(line, 'a signing key');
  }
  database.close();
  await close();
  await reading;

  const names = new Map<string, number>();
  for (const name of secrets.values()) names.set(name, (names.get(name) ?? 0) + 1);
  for (const name of [
    'key',
    'bot',
    'webhook',
    'client',
    'trainer',
    'access_token',
    'refresh_token',
    'id_token',
    'code_verifier',
    'the state',
    'a signing key',
  ]) {
    expect(names.get(name) ?? 0, name).toBeGreaterThan(0);
  }
  const log = readFileSync(logFile, 'utf8');
  const sent = gitea.calls
    .filter(({ method }) => method !== 'GET')
    .filter(({ path }) => !path.includes('/login/oauth/'));
  expect(sent.length).toBeGreaterThan(4);
  expect(events).toContain('data:');
  expect(answers.length).toBeGreaterThan(20);
  expect(
    leaks(secrets, {
      'the log': log,
      'the database': running,
      'the database after the end': bytes(''),
      'the events': events,
      'what Gitea is told': sent.map(({ path, sent: body }) => `${path} ${body}`).join('\n'),
      'the runs that Databricks is given': databricks.calls
        .filter(({ path }) => /jobs|workspace/.test(path))
        .map(({ path, sent: body }) => `${path} ${body}`)
        .join('\n'),
      answers: answers.join('\n'),
    }),
  ).toEqual([]);
}, 240_000);
