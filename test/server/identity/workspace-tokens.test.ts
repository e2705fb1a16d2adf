import fc from 'fast-check';
import { createLocalJWKSet, decodeJwt, jwtVerify } from 'jose';
import { expect, onTestFinished, test } from 'vitest';
import type {
  ServerConfiguration,
  WorkspaceConfiguration,
} from '../../../src/server/config/server-configuration.ts';
import { createTokenExchange } from '../../../src/server/databricks/token-exchange.ts';
import { federationPolicies } from '../../../src/server/identity/federation-policies.ts';
import { Issuer } from '../../../src/server/identity/issuer.ts';
import type { Act } from '../../../src/server/identity/role.ts';
import { subjectOf } from '../../../src/server/identity/subject.ts';
import { createWorkspaceTokens } from '../../../src/server/identity/workspace-tokens.ts';
import { createProviderTokens } from '../../../src/server/provider/provider-tokens.ts';
import { openDatabase } from '../../../src/server/store/database.ts';
import { createStores } from '../../../src/server/store/stores.ts';
import { createTransactor } from '../../../src/server/store/transactor.ts';
import { client, servicePrincipal, startWorkspace } from '../../emulator/databricks/support.ts';

const publicUrl = 'http://127.0.0.1:3000/-/databricks/';
const act: Act = {
  repository: 17,
  ref: 'refs/heads/main',
  commit: 'a'.repeat(40),
  pull: 5,
  actor: 'wendy',
  approval: null,
  run: 'run-1',
};

async function openIssuer() {
  const db = await openDatabase(':memory:');
  onTestFinished(() => db.destroy());
  const transactor = createTransactor(db, createStores);
  const issuer = new Issuer({ publicUrl, transactor, encryptionKey: new Uint8Array(32).fill(1) });
  return { transactor, issuer };
}

/** A backend's identity beside a real workspace, with one service principal per role. */
async function identityWithWorkspace(
  auth?: (ids: Record<string, string>, secrets: Record<string, string>) => WorkspaceConfiguration['auth'],
) {
  const { workspace, admin } = await startWorkspace();
  const ids: Record<string, string> = {};
  const secrets: Record<string, string> = {};
  const numbers: Record<string, string> = {};
  for (const role of ['reader', 'trainer', 'releaser', 'fork']) {
    const principal = await servicePrincipal(workspace, admin, role);
    ids[role] = principal.applicationId;
    secrets[principal.applicationId] = principal.secret;
    numbers[principal.applicationId] = principal.id;
  }
  const { transactor, issuer } = await openIssuer();
  const configuration = {
    publicUrl,
    workspaces: {
      main: {
        name: 'main',
        host: workspace.host,
        accountId: workspace.accountId,
        auth: auth?.(ids, secrets) ?? { kind: 'federation', audience: workspace.accountId },
        reader: ids.reader!,
      },
    },
    bindings: [
      {
        id: 'wine',
        workspace: 'main',
        principals: { trainer: ids.trainer!, releaser: ids.releaser!, fork: ids.fork! },
      },
    ],
  } as unknown as ServerConfiguration;
  let exchanges = 0;
  const real = createTokenExchange('gitea-databricks/test');
  let offset = 0;
  const tokens = createWorkspaceTokens({
    configuration,
    issuer,
    provider: createProviderTokens('gitea-databricks/test'),
    exchange: {
      ...real,
      federated: (...given) => {
        exchanges += 1;
        return real.federated(...given);
      },
    },
    audit: transactor.stores.audit,
    now: () => Date.now() + offset,
  });
  async function makePolicies() {
    for (const { principal, policy } of federationPolicies(configuration, await issuer.keySet())) {
      const path = `/api/2.0/accounts/${workspace.accountId}/servicePrincipals/${numbers[principal!]}/federationPolicies`;
      const made = await admin.post(path, policy);
      expect(made.status, JSON.stringify(made.body)).toBeLessThan(300);
    }
  }
  const whoIs = async (token: string): Promise<string> =>
    (await client(workspace.host, token).get('/api/2.0/preview/scim/v2/Me')).body.userName;
  return {
    workspace,
    ids,
    tokens,
    issuer,
    transactor,
    configuration,
    makePolicies,
    whoIs,
    exchanges: () => exchanges,
    pass: (ms: number) => {
      offset += ms;
    },
  };
}

test('each role gets the token of its own service principal, by policies made from the configuration', async () => {
  const { tokens, ids, makePolicies, whoIs } = await identityWithWorkspace();
  await makePolicies();
  expect(await whoIs(await tokens.accessToken('wine', 'reader'))).toBe(ids.reader);
  expect(await whoIs(await tokens.accessToken('wine', 'trainer', act))).toBe(ids.trainer);
  expect(await whoIs(await tokens.accessToken('wine', 'releaser', act))).toBe(ids.releaser);
  expect(await whoIs(await tokens.accessToken('wine', 'fork', act))).toBe(ids.fork);
});

test('without its policy a role gets nothing, and the refusal says why; with it, the next try passes', async () => {
  const { tokens, makePolicies, transactor } = await identityWithWorkspace();
  await expect(tokens.accessToken('wine', 'reader')).rejects.toMatchObject({ name: 'DatabricksError' });
  await expect(tokens.accessToken('wine', 'trainer', act)).rejects.toMatchObject({ name: 'DatabricksError' });
  await makePolicies();
  expect(await tokens.accessToken('wine', 'reader')).toBeTruthy();
  const { items } = await transactor.stores.audit.list({ repository: 17, before: null, limit: 10 });
  expect(items).toHaveLength(1);
  expect(items[0]).toMatchObject({ action: 'token.exchanged', outcome: 'failed', pull: 5 });
});

test('reads share a token until shortly before it ends; acts never share, and are recorded', async () => {
  const { tokens, makePolicies, exchanges, pass, transactor, ids } = await identityWithWorkspace();
  await makePolicies();
  const reads = await Promise.all(Array.from({ length: 10 }, () => tokens.accessToken('wine', 'reader')));
  expect(new Set(reads).size).toBe(1);
  expect(exchanges()).toBe(1);
  pass(10 * 60_000);
  expect(await tokens.accessToken('wine', 'reader')).toBeTruthy();
  expect(exchanges()).toBe(2);

  const acts = [
    await tokens.accessToken('wine', 'trainer', act),
    await tokens.accessToken('wine', 'trainer', act),
  ];
  expect(new Set(acts).size).toBe(2);
  expect(exchanges()).toBe(4);
  const { items } = await transactor.stores.audit.list({ repository: 17, before: null, limit: 10 });
  expect(items).toHaveLength(2);
  expect(items[0]).toMatchObject({
    action: 'token.exchanged',
    outcome: 'done',
    principal: ids.trainer,
    commit: act.commit,
    detail: { method: 'federation', as: 'service principal', for: 'wendy', run: 'run-1' },
  });
  expect(JSON.stringify(items)).not.toContain(acts[0]);
});

test('the fallback with client secrets gives the same principals', async () => {
  const { tokens, ids, whoIs } = await identityWithWorkspace((_ids, secrets) => ({ kind: 'm2m', secrets }));
  expect(await whoIs(await tokens.accessToken('wine', 'reader'))).toBe(ids.reader);
  expect(await whoIs(await tokens.accessToken('wine', 'releaser', act))).toBe(ids.releaser);
});

test('a minted token is short, names only immutable ids as its subject, and verifies with the key set', async () => {
  const { issuer } = await openIssuer();
  const jwt = await issuer.mint({
    subject: 'binding:wine:role:trainer',
    audience: 'account',
    claims: { actor: 'wendy' },
  });
  const { payload, protectedHeader } = await jwtVerify(jwt, createLocalJWKSet(await issuer.keySet()), {
    issuer: 'http://127.0.0.1:3000/-/databricks',
    audience: 'account',
    algorithms: ['ES256'],
  });
  expect(protectedHeader).toMatchObject({ alg: 'ES256', kid: expect.any(String) });
  expect(payload).toMatchObject({
    sub: 'binding:wine:role:trainer',
    actor: 'wendy',
    jti: expect.any(String),
  });
  expect(payload.exp! - payload.iat!).toBeLessThanOrEqual(300);
  expect(JSON.stringify(await issuer.keySet())).not.toMatch(/"d":/);
});

test('private keys are sealed in the database', async () => {
  const { issuer, transactor } = await openIssuer();
  await issuer.mint({ subject: 's', audience: 'a' });
  const stored = JSON.stringify(await transactor.stores.signingKeys.all());
  expect(stored).not.toMatch(/PRIVATE KEY|"d":/);
  const other = new Issuer({ publicUrl, transactor, encryptionKey: new Uint8Array(32).fill(2) });
  await expect(other.mint({ subject: 's', audience: 'a' })).rejects.toThrow('cannot be decrypted');
});

test('many callers at once make one first key', async () => {
  const { issuer, transactor } = await openIssuer();
  const minted = await Promise.all(
    Array.from({ length: 8 }, () => issuer.mint({ subject: 's', audience: 'a' })),
  );
  expect(new Set(minted.map((jwt) => decodeJwt(jwt).jti)).size).toBe(8);
  expect(await transactor.stores.signingKeys.all()).toHaveLength(1);
});

const roles = ['trainer', 'releaser', 'fork', 'reader'] as const;

test('no two names make the same subject, whatever is in them', () => {
  const pieces = [
    ':',
    '*',
    '@',
    '%',
    '%3A',
    '%25',
    ':role:releaser',
    'ä',
    'a\u0308',
    '𝛼',
    '/',
    ' ',
    '~',
    "'",
    '!',
    '(',
    ')',
  ];
  const name = fc.string({
    unit: fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 1 })),
    maxLength: 8,
  });
  const wellFormed = name.filter((text) => text.isWellFormed());
  fc.assert(
    fc.property(
      wellFormed,
      wellFormed,
      fc.constantFrom(...roles),
      fc.constantFrom(...roles),
      (a, b, of, other) => {
        const [first, second] = [
          subjectOf({ id: a, workspace: a }, of),
          subjectOf({ id: b, workspace: b }, other),
        ];
        expect(first).toMatch(/^(binding|workspace):[A-Za-z0-9%._-]*:role:[a-z]+$/);
        expect(first === second).toBe(a === b && of === other);
        // What went in can be read again: nothing is lost.
        expect(decodeURIComponent(first.split(':')[1]!)).toBe(a);
      },
    ),
    { numRuns: 2000 },
  );
});

test('subjects that name the repository hold its id, and nothing is made up where it is not known', () => {
  const binding = { id: 'wine', workspace: 'main', subject: 'repository' as const };
  expect(subjectOf(binding, 'trainer', 17)).toBe('repository:17:role:trainer');
  expect(subjectOf(binding, 'reader')).toBe('workspace:main:role:reader');
  expect(() => subjectOf(binding, 'trainer')).toThrow('name a repository');
  expect(() => subjectOf(binding, 'trainer', Number.NaN)).toThrow('name a repository');
});

test('a workspace that names a token endpoint on another host gets nothing', async () => {
  const { createServer } = await import('node:http');
  const sent: string[] = [];
  const server = createServer((request, response) => {
    sent.push(`${request.method} ${request.url}`);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ oidc_endpoint: 'http://169.254.169.254/oidc' }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => new Promise((resolve) => server.close(() => resolve())));
  const { port } = server.address() as { port: number };
  const exchange = createTokenExchange('gitea-databricks/test');
  await expect(exchange.federated(`http://127.0.0.1:${port}`, 'p', 'jwt')).rejects.toMatchObject({
    code: 'DISCOVERY_REFUSED',
  });
  expect(sent).toEqual(['GET /.well-known/databricks-config']);
});
