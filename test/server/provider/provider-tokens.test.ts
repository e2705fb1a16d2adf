import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeJwt, decodeProtectedHeader, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { expect, onTestFinished, test } from 'vitest';
import { run } from '../../../src/cli/run.ts';
import { loadServerConfiguration } from '../../../src/server/config/load-server-configuration.ts';
import type { ProviderConfiguration } from '../../../src/server/config/provider-configuration.ts';
import { createTokenExchange } from '../../../src/server/databricks/token-exchange.ts';
import type { FederationPolicy } from '../../../src/server/identity/federation-policies.ts';
import type { Act } from '../../../src/server/identity/role.ts';
import { createWorkspaceTokens } from '../../../src/server/identity/workspace-tokens.ts';
import { createProviderTokens } from '../../../src/server/provider/provider-tokens.ts';
import { openDatabase } from '../../../src/server/store/database.ts';
import { createStores } from '../../../src/server/store/stores.ts';
import { createTransactor } from '../../../src/server/store/transactor.ts';
import { client, servicePrincipal, startWorkspace } from '../../emulator/databricks/support.ts';
import { clientKey, startOrganisation } from './organisation.ts';

const userAgent = 'gitea-databricks/test';
const roles = ['reader', 'trainer', 'releaser', 'fork'] as const;
const act: Act = {
  repository: 17,
  ref: 'refs/heads/main',
  commit: 'a'.repeat(40),
  pull: 5,
  actor: 'wendy',
  approval: null,
  run: null,
};

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'provider-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function workspaceWithPrincipals() {
  const { workspace, admin } = await startWorkspace();
  const ids: Record<string, string> = {};
  const numbers: Record<string, string> = {};
  for (const role of roles) {
    const { id, applicationId } = await servicePrincipal(workspace, admin, role);
    ids[role] = applicationId;
    numbers[applicationId] = id;
  }
  const policies = (principal: string) =>
    `/api/2.0/accounts/${workspace.accountId}/servicePrincipals/${numbers[principal]}/federationPolicies`;
  const whoIs = async (token: string): Promise<string> =>
    (await client(workspace.host, token).get('/api/2.0/preview/scim/v2/Me')).body.userName;
  return { workspace, admin, ids, policies, whoIs };
}

/** A backend's identity from a configuration file. */
async function identityOf(config: string) {
  const configuration = loadServerConfiguration(config);
  const db = await openDatabase(':memory:');
  onTestFinished(() => db.destroy());
  const { stores } = createTransactor(db, createStores);
  const tokens = createWorkspaceTokens({
    configuration,
    issuer: {
      mint: () => {
        throw new Error('the built-in issuer must not be asked');
      },
    },
    provider: createProviderTokens(userAgent),
    exchange: createTokenExchange(userAgent),
    audit: stores.audit,
  });
  return { tokens, audit: stores.audit };
}

function writeConfig(
  folder: string,
  workspace: { host: string; accountId: string },
  ids: Record<string, string>,
  provider: string,
) {
  for (const name of ['token', 'hook', 'client'])
    writeFileSync(join(folder, name), `${name}-secret`, { mode: 0o600 });
  const config = join(folder, 'gitea-databricks.yml');
  writeFileSync(
    config,
    `public_url: http://127.0.0.1:9/-/databricks/
gitea: {url: "http://127.0.0.1:9", token_file: token, webhook_secret_file: hook, oauth: {client_id: abc, client_secret_file: client}}
workspaces:
  main:
    host: "${workspace.host}"
    account_id: ${workspace.accountId}
    auth: identity-provider
    reader: ${ids.reader}
    identity_provider:
${provider}
bindings:
  - {id: wine, repositories: [ml/wine-*], workspace: main, experiment: "/Shared/wine", principals: {trainer: ${ids.trainer}, releaser: ${ids.releaser}, fork: ${ids.fork}}}
`,
  );
  return config;
}

async function cli(...words: string[]) {
  const lines: string[] = [];
  const code = await run(words, {
    out: (line) => void lines.push(line),
    err: (line) => void lines.push(line),
  });
  return { code, text: lines.join('\n') };
}

test('each role is a client of the organisation’s provider: policies are read from its tokens, and its keys rotate by file', async () => {
  const folder = temporaryFolder();
  const { workspace, admin, ids, policies, whoIs } = await workspaceWithPrincipals();
  const keys: Record<string, Awaited<ReturnType<typeof clientKey>>[]> = {};
  for (const role of roles)
    keys[role] = [await clientKey(`${role}-1`), await clientKey(`${role}-2`, 'RS256')];
  const { issuer } = await startOrganisation(workspace.accountId, keys);
  for (const role of roles) writeFileSync(join(folder, `${role}.pem`), keys[role]![0]!.pem, { mode: 0o600 });
  const config = writeConfig(
    folder,
    workspace,
    ids,
    `      issuer: ${issuer}
      scope: databricks
      parameters: {resource: "urn:databricks"}
      principals:
${roles.map((role) => `        ${ids[role]}: {client_id: ${role}, private_key_file: ${role}.pem}`).join('\n')}`,
  );
  const { tokens, audit } = await identityOf(config);
  await expect(tokens.accessToken('wine', 'reader')).rejects.toMatchObject({ code: 'invalid_grant' });

  const printed = JSON.parse((await cli('federation', '--config', config)).text) as FederationPolicy[];
  expect(printed.map(({ principal, policy }) => [principal, policy.oidc_policy])).toEqual(
    roles.map((role) => [ids[role], { issuer, audiences: [workspace.accountId], subject: role }]),
  );
  for (const { principal, policy } of printed) {
    expect((await admin.post(policies(principal!), policy)).status).toBe(200);
  }
  expect(await whoIs(await tokens.accessToken('wine', 'reader'))).toBe(ids.reader);
  for (const role of ['trainer', 'releaser', 'fork'] as const) {
    expect(await whoIs(await tokens.accessToken('wine', role, act))).toBe(ids[role]);
  }
  const { items } = await audit.list({ repository: 17, before: null, limit: 1 });
  expect(items[0]).toMatchObject({
    principal: ids.fork,
    detail: { method: 'identity-provider', as: 'service principal', for: 'wendy' },
  });

  // The next key of the client lies in the file: it is taken up without a restart.
  writeFileSync(join(folder, 'trainer.pem'), keys.trainer![1]!.pem);
  expect(await whoIs(await tokens.accessToken('wine', 'trainer', act))).toBe(ids.trainer);
  // A key that the provider does not know gives nothing, and the refusal says who refused.
  writeFileSync(join(folder, 'trainer.pem'), (await clientKey('stranger')).pem);
  await expect(tokens.accessToken('wine', 'trainer', act)).rejects.toMatchObject({
    code: 'IDENTITY_PROVIDER',
    status: 400,
    message: expect.stringMatching(/gave the client trainer no token \(invalid_client/),
  });
  const doctor = await cli('doctor', '--config', config);
  expect(doctor.text).toContain(`ok      releaser of wine (${ids.releaser})`);
  expect(doctor.text).toMatch(/error {3}trainer of wine .*invalid_client/);
}, 60_000);

test('a token file that the platform writes is read for each exchange, and told plainly when it is of no use', async () => {
  const folder = temporaryFolder();
  const { workspace, admin, ids, policies, whoIs } = await workspaceWithPrincipals();
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  const platform = 'https://kubernetes.example.com';
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), alg: 'ES256' }] };
  const project = async (role: string, claims: object = {}) => {
    const now = Math.floor(Date.now() / 1000);
    const all = {
      iss: platform,
      aud: ['databricks'],
      sub: `system:${role}`,
      iat: now,
      exp: now + 600,
      ...claims,
    };
    const token = await new SignJWT(all).setProtectedHeader({ alg: 'ES256' }).sign(privateKey);
    writeFileSync(join(folder, `${role}.jwt`), `${token}\n`, { mode: 0o600 });
  };
  for (const role of roles) {
    await project(role);
    const oidc_policy = {
      issuer: platform,
      audiences: ['databricks'],
      subject: `system:${role}`,
      jwks_json: JSON.stringify(jwks),
    };
    expect((await admin.post(policies(ids[role]!), { oidc_policy })).status).toBe(200);
  }
  const lines = roles.map((role) => `        ${ids[role]}: {token_file: ${role}.jwt}`).join('\n');
  const config = writeConfig(folder, workspace, ids, `      principals:\n${lines}`);
  const { tokens } = await identityOf(config);
  const train = () => tokens.accessToken('wine', 'trainer', act);
  expect(await whoIs(await tokens.accessToken('wine', 'reader'))).toBe(ids.reader);
  expect(await whoIs(await train())).toBe(ids.trainer);

  await project('trainer', { sub: 'system:fork' });
  await expect(train()).rejects.toMatchObject({
    code: 'invalid_grant',
    message: expect.stringContaining('claim sub'),
  });
  await project('trainer', { exp: Math.floor(Date.now() / 1000) - 1 });
  await expect(train()).rejects.toMatchObject({
    message: expect.stringContaining('nobody renewed it'),
    temporary: true,
  });
  writeFileSync(join(folder, 'trainer.jwt'), 'dapi0123456789');
  await expect(train()).rejects.toMatchObject({ message: expect.stringMatching(/holds no JSON Web Token/) });
  rmSync(join(folder, 'trainer.jwt'));
  await expect(train()).rejects.toMatchObject({
    message: expect.stringContaining('cannot be read'),
    temporary: true,
  });
  await project('trainer');
  expect(await whoIs(await train())).toBe(ids.trainer);
}, 60_000);

/** What a client proves itself with, as a token endpoint receives it; it answers with the given token. */
async function recordingProvider(
  answer: (issuer: string) => {
    endpoint?: string;
    token?: string;
    redirect?: string;
    answer?: { status: number; headers: Record<string, string>; body: string };
  },
) {
  const forms: URLSearchParams[] = [];
  const server = createServer((request, response) => {
    const issuer = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
    const { endpoint = `${issuer}/token`, token = 'opaque', redirect, answer: given } = answer(issuer);
    response.setHeader('content-type', 'application/json');
    if (request.url?.startsWith('/.well-known/')) {
      response.end(JSON.stringify({ issuer, token_endpoint: endpoint }));
      return;
    }
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      forms.push(new URLSearchParams(body));
      if (given) response.writeHead(given.status, given.headers).end(given.body);
      else if (redirect) response.writeHead(307, { location: redirect }).end();
      else response.end(JSON.stringify({ access_token: token, token_type: 'Bearer', expires_in: 300 }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { issuer: `http://127.0.0.1:${(server.address() as { port: number }).port}`, forms };
}

function asClient(
  issuer: string,
  folder: string,
  more: Partial<ProviderConfiguration> = {},
  files: object = {},
) {
  const identity = {
    kind: 'client' as const,
    clientId: 'trainer-client',
    keyFile: join(folder, 'key.pem'),
    keyId: null,
    certificateFile: null,
    ...files,
  };
  return {
    issuer,
    scope: null,
    parameters: {},
    assertionAudience: 'issuer' as const,
    principals: { trainer: identity },
    ...more,
  } satisfies ProviderConfiguration;
}

test('the assertion is signed by the client’s key, short, and says which key and for whom', async () => {
  const folder = temporaryFolder();
  // Made for this test: a certificate of the key beside it.
  writeFileSync(join(folder, 'key.pem'), testKey);
  writeFileSync(join(folder, 'certificate.pem'), testCertificate);
  const { issuer, forms } = await recordingProvider(() => ({ token: unsignedJwt }));
  const files = { keyId: 'key-1', certificateFile: join(folder, 'certificate.pem') };
  const provider = createProviderTokens(userAgent);
  await provider.subjectToken(
    asClient(issuer, folder, { scope: 'api://databricks/.default' }, files),
    'trainer',
  );
  await provider.subjectToken(
    asClient(
      issuer,
      folder,
      { assertionAudience: 'token-endpoint', parameters: { resource: 'urn:x' } },
      files,
    ),
    'trainer',
  );
  const [first, second] = forms as [URLSearchParams, URLSearchParams];
  expect(Object.fromEntries(first)).toMatchObject({
    grant_type: 'client_credentials',
    client_id: 'trainer-client',
    scope: 'api://databricks/.default',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
  });
  expect(second.get('resource')).toBe('urn:x');
  expect(first.has('client_secret')).toBe(false);
  const assertion = first.get('client_assertion') as string;
  expect(decodeProtectedHeader(assertion)).toMatchObject({
    alg: 'ES256',
    kid: 'key-1',
    'x5t#S256': testThumbprint,
  });
  const claims = decodeJwt(assertion);
  expect(claims).toMatchObject({
    iss: 'trainer-client',
    sub: 'trainer-client',
    aud: issuer,
    jti: expect.any(String),
  });
  expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBeLessThanOrEqual(300);
  expect(decodeJwt(second.get('client_assertion') as string).aud).toBe(`${issuer}/token`);
});

test('what the provider gives is refused with a reason where Databricks could not use it', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'key.pem'), (await clientKey('one')).pem);
  const provider = createProviderTokens(userAgent);
  const opaque = await recordingProvider(() => ({}));
  await expect(provider.subjectToken(asClient(opaque.issuer, folder), 'trainer')).rejects.toMatchObject({
    code: 'IDENTITY_PROVIDER',
    message: expect.stringContaining('have the provider issue access tokens as JWTs'),
  });
  await expect(provider.subjectToken(asClient(opaque.issuer, folder), 'nobody')).rejects.toThrow(
    'no identity',
  );
  await expect(
    provider.subjectToken(asClient('http://127.0.0.1:1024', folder), 'trainer'),
  ).rejects.toMatchObject({
    temporary: true,
    message: expect.stringContaining('ECONNREFUSED'),
  });
});

test.each<[status: number, headers: Record<string, string>, body: string, temporary: boolean, told: RegExp]>([
  [
    400,
    {},
    '{"error":"invalid_scope","error_description":"no such scope"}',
    false,
    /\(invalid_scope: no such scope\)/,
  ],
  [
    401,
    { 'www-authenticate': 'Bearer error="invalid_client", error_description="unknown key"' },
    '{"error":"invalid_client"}',
    false,
    /invalid_client/,
  ],
  [429, {}, '{"error":"slow_down"}', true, /slow_down/],
  [503, {}, '{"error":"temporarily_unavailable"}', true, /gave the client trainer-client no token/],
  [
    502,
    { 'content-type': 'text/html' },
    '<html>bad gateway</html>',
    true,
    /gave the client trainer-client no token/,
  ],
  [200, {}, '{"token_type":"Bearer"}', true, /gave the client trainer-client no token/],
])(
  'an answer with %i is told, and tried again only where that can help',
  async (status, headers, body, temporary, told) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'key.pem'), (await clientKey('one')).pem);
    const { issuer } = await recordingProvider(() => ({ answer: { status, headers, body } }));
    await expect(
      createProviderTokens(userAgent).subjectToken(asClient(issuer, folder), 'trainer'),
    ).rejects.toMatchObject({ code: 'IDENTITY_PROVIDER', temporary, message: expect.stringMatching(told) });
  },
);

test('the assertion goes to the provider’s own host, and after no redirect', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'key.pem'), (await clientKey('one')).pem);
  const provider = createProviderTokens(userAgent);
  const thief = await recordingProvider(() => ({}));
  const elsewhere = await recordingProvider(() => ({ endpoint: `${thief.issuer}/token` }));
  await expect(provider.subjectToken(asClient(elsewhere.issuer, folder), 'trainer')).rejects.toMatchObject({
    message: expect.stringContaining('not on its own host'),
  });
  const redirecting = await recordingProvider(() => ({ redirect: `${thief.issuer}/token` }));
  await expect(provider.subjectToken(asClient(redirecting.issuer, folder), 'trainer')).rejects.toMatchObject({
    code: 'IDENTITY_PROVIDER',
  });
  expect(redirecting.forms).toHaveLength(1);
  expect(thief.forms).toEqual([]);
  await expect(
    provider.subjectToken(asClient('https://169.254.169.254', folder), 'trainer'),
  ).rejects.toMatchObject({ message: expect.stringContaining('link-local') });
});

const unsignedJwt = `${Buffer.from('{"alg":"ES256"}').toString('base64url')}.${Buffer.from('{"sub":"x"}').toString('base64url')}.c2ln`;

const testKey = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgqsssNV4LJKyNCXJj
sV97D0nGotiR/NLs7M8B3bAulQahRANCAAR6n+qDeaEEf7m/JGPeLYqEb5TA2gfm
K4vQec6yRfHsZqRAIjb9hvayyBuK/W2CpUWB/9IiSqQ5RK8D68b4Ktvf
-----END PRIVATE KEY-----
`;

const testCertificate = `-----BEGIN CERTIFICATE-----
MIIBdDCCARugAwIBAgIUV0PovM5h3J5Mq9egntDbNBiBrpMwCgYIKoZIzj0EAwIw
DzENMAsGA1UEAwwEdGVzdDAgFw0yNjExMjYxNDQ4MzRaGA8yMTI2MTEwMjE0NDgz
NFowDzENMAsGA1UEAwwEdGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABHqf
6oN5oQR/ub8kY94tioRvlMDaB+Yri9B5zrJF8exmpEAiNv2G9rLIG4r9bYKlRYH/
0iJKpDlErwPrxvgq29+jUzBRMB0GA1UdDgQWBBTvoG8gQu1lprSxdRFhJR71f6Zy
qTAfBgNVHSMEGDAWgBTvoG8gQu1lprSxdRFhJR71f6ZyqTAPBgNVHRMBAf8EBTAD
AQH/MAoGCCqGSM49BAMCA0cAMEQCIArmbXV8Ytikg7fivlU13ZBRff9NF0avGFUo
VUpV6dh8AiA2TCqrlZh0z+VR0wq4jlFW3WsmTKABE5qVzcm3KFI0yw==
-----END CERTIFICATE-----
`;

/** `openssl x509 -outform der | openssl dgst -sha256 -binary | basenc --base64url` */
const testThumbprint = 'gJSQb8wqOTcOFrnaYlmBr6fxlG-2-A1jehnse7-ePq4';
