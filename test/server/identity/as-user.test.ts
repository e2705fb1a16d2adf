import { expect, onTestFinished, test } from 'vitest';
import type { ServerConfiguration } from '../../../src/server/config/server-configuration.ts';
import { createReleaseTarget } from '../../../src/server/databricks/release-target.ts';
import { createTokenExchange } from '../../../src/server/databricks/token-exchange.ts';
import { WorkspaceHttp } from '../../../src/server/databricks/workspace-http.ts';
import { federationPolicies } from '../../../src/server/identity/federation-policies.ts';
import { Issuer } from '../../../src/server/identity/issuer.ts';
import type { Act, Role } from '../../../src/server/identity/role.ts';
import { createWorkspaceTokens } from '../../../src/server/identity/workspace-tokens.ts';
import type { BoundRepository } from '../../../src/server/permission/bound-repository.ts';
import { createProviderTokens } from '../../../src/server/provider/provider-tokens.ts';
import { openDatabase } from '../../../src/server/store/database.ts';
import { createStores } from '../../../src/server/store/stores.ts';
import { createTransactor } from '../../../src/server/store/transactor.ts';
import { client, requestToken, servicePrincipal, startWorkspace } from '../../emulator/databricks/support.ts';

const publicUrl = 'http://127.0.0.1:3000/-/databricks/';
const userAgent = 'gitea-databricks/test';
const anna = 'anna@example.com';
const act: Act = {
  repository: 17,
  ref: 'refs/heads/main',
  commit: 'a'.repeat(40),
  pull: 5,
  actor: 'anna',
  person: 3,
  approval: null,
  run: null,
};
/** The same, set off by a merge: nobody is there. */
const { person: _, ...merge } = act;

async function openIdentity(asUser: Record<string, string> | undefined) {
  const { workspace, admin } = await startWorkspace();
  const ids: Record<string, string> = {};
  const numbers: Record<string, string> = {};
  for (const role of ['reader', 'trainer', 'releaser', 'fork']) {
    const principal = await servicePrincipal(workspace, admin, role);
    ids[role] = principal.applicationId;
    numbers[principal.applicationId] = principal.id;
  }
  const made = await admin.post('/api/2.0/preview/scim/v2/Users', { userName: anna });
  expect(made.status, JSON.stringify(made.body)).toBe(201);
  const db = await openDatabase(':memory:');
  onTestFinished(() => db.destroy());
  const transactor = createTransactor(db, createStores);
  const issuer = new Issuer({ publicUrl, transactor, encryptionKey: new Uint8Array(32).fill(1) });
  const configuration = {
    publicUrl,
    workspaces: {
      main: {
        name: 'main',
        host: workspace.host,
        accountId: workspace.accountId,
        auth: { kind: 'federation', audience: workspace.accountId },
        reader: ids.reader,
      },
    },
    bindings: [
      {
        id: 'wine',
        workspace: 'main',
        principals: { trainer: ids.trainer, releaser: ids.releaser, fork: ids.fork },
        ...(asUser && { asUser }),
      },
    ],
  } as unknown as ServerConfiguration;
  const account = `/api/2.0/accounts/${workspace.accountId}`;
  for (const { principal, policy } of federationPolicies(configuration, await issuer.keySet())) {
    const path = principal === null ? account : `${account}/servicePrincipals/${numbers[principal]}`;
    const answer = await admin.post(`${path}/federationPolicies`, policy);
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  }
  const tokens = createWorkspaceTokens({
    configuration,
    issuer,
    provider: createProviderTokens(userAgent),
    exchange: createTokenExchange(userAgent),
    audit: transactor.stores.audit,
  });
  const whoActs = async (role: Role, one?: Act): Promise<string> => {
    const token = await tokens.accessToken('wine', role, one);
    return (await client(workspace.host, token).get('/api/2.0/preview/scim/v2/Me')).body.userName;
  };
  return {
    workspace,
    admin,
    account,
    ids,
    issuer,
    tokens,
    whoActs,
    audit: transactor.stores.audit,
    userId: made.body.id,
  };
}

test('off by default: a person’s release is the releaser’s, and no account-wide policy is asked for', async () => {
  const { whoActs, ids, admin, account } = await openIdentity(undefined);
  expect(await whoActs('releaser', act)).toBe(ids.releaser);
  expect((await admin.get(`${account}/federationPolicies`)).body.policies).toEqual([]);
});

test('who is named releases as themselves, in a session of their own only; all else stays the principals’', async () => {
  const { whoActs, ids, audit } = await openIdentity({ 3: anna });
  expect(await whoActs('releaser', act)).toBe(anna);
  const { items } = await audit.list({ repository: 17, before: null, limit: 1 });
  expect(items[0]).toMatchObject({
    action: 'token.exchanged',
    principal: anna,
    detail: { as: 'user', for: 'anna', method: 'federation' },
  });
  expect(await whoActs('releaser', merge)).toBe(ids.releaser);
  expect(await whoActs('releaser', { ...act, person: 4 })).toBe(ids.releaser);
  expect(await whoActs('trainer', act)).toBe(ids.trainer);
  expect(await whoActs('fork', act)).toBe(ids.fork);
  expect(await whoActs('reader')).toBe(ids.reader);
});

test('somebody whom Databricks does not know is refused, and nobody else acts instead', async () => {
  const { tokens, admin, userId, audit } = await openIdentity({ 3: anna });
  await admin.send('DELETE', `/api/2.0/preview/scim/v2/Users/${userId}`);
  await expect(tokens.accessToken('wine', 'releaser', act)).rejects.toMatchObject({
    code: 'invalid_grant',
    message: expect.stringContaining('no token for the user'),
  });
  const { items } = await audit.list({ repository: 17, before: null, limit: 1 });
  expect(items[0]).toMatchObject({ outcome: 'failed', principal: anna });
});

test('the account-wide policy takes no token of a principal, and no principal’s policy one of a person', async () => {
  const { workspace, issuer, ids } = await openIdentity({ 3: anna });
  const exchange = (jwt: string, principal?: string) =>
    requestToken(workspace.host, {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: jwt,
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      scope: 'all-apis',
      ...(principal && { client_id: principal }),
    });
  const users = `${workspace.accountId}:users`;
  const forRole = { subject: 'binding:wine:role:releaser', audience: workspace.accountId };
  expect((await exchange(await issuer.mint({ subject: anna, audience: users }))).status).toBe(200);
  expect((await exchange(await issuer.mint(forRole))).body.error_description).toContain('aud');
  expect((await exchange(await issuer.mint({ ...forRole, audience: users }))).body.error).toBe(
    'invalid_grant',
  );
  const asPrincipal = await exchange(await issuer.mint({ subject: anna, audience: users }), ids.releaser);
  expect(asPrincipal.body.error_description).toContain('aud');
});

test('a release as oneself is judged by one’s own grants at Databricks', async () => {
  const { admin, tokens, workspace, ids } = await openIdentity({ 3: anna });
  const catalog = '/api/2.1/unity-catalog';
  await admin.post(`${catalog}/catalogs`, { name: 'ml' });
  await admin.post(`${catalog}/schemas`, { name: 'prod', catalog_name: 'ml' });
  await admin.post(`${catalog}/models`, { catalog_name: 'ml', schema_name: 'prod', name: 'wine' });
  const owner = (name: string) => admin.send('PATCH', `${catalog}/models/ml.prod.wine`, { owner: name });
  const use = async (name: string) => {
    for (const [type, of, privilege] of [
      ['catalog', 'ml', 'USE_CATALOG'],
      ['schema', 'ml.prod', 'USE_SCHEMA'],
    ]) {
      const changes = [{ principal: name, add: [privilege] }];
      await admin.send('PATCH', `${catalog}/permissions/${type}/${of}`, { changes });
    }
  };
  for (const name of [anna, ids.releaser!]) await use(name);
  const target = createReleaseTarget(() => new WorkspaceHttp({ host: workspace.host, userAgent }), tokens);
  const repository = { binding: { id: 'wine' }, workspace: { name: 'main' } } as unknown as BoundRepository;
  const move = (one: Act) => target.setAlias(repository, 'ml.prod.wine', 'champion', 1, one);
  expect((await owner(ids.releaser!)).status).toBe(200);
  await expect(move(act)).rejects.toMatchObject({ status: 403, code: 'PERMISSION_DENIED' });
  // Who may, gets as far as the version that is not there.
  await expect(move(merge)).rejects.toMatchObject({ status: 404 });
  expect((await owner(anna)).status).toBe(200);
  await expect(move(act)).rejects.toMatchObject({ status: 404 });
  await expect(move(merge)).rejects.toMatchObject({ status: 403 });
});
