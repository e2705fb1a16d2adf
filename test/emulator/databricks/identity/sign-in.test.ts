import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { client, requestToken, servicePrincipal, startWorkspace, temporaryFolder } from '../support.ts';

test('discovery leads from the host to the token endpoint', async () => {
  const { workspace } = await startWorkspace();
  const anybody = client(workspace.host);
  const config = (await anybody.get('/.well-known/databricks-config')).body;
  expect(config).toMatchObject({
    oidc_endpoint: `${workspace.host}/oidc`,
    account_id: workspace.accountId,
    token_federation_default_oidc_audiences: [workspace.accountId],
  });
  const server = await fetch(`${config.oidc_endpoint}/.well-known/oauth-authorization-server`);
  expect(await server.json()).toMatchObject({ token_endpoint: `${workspace.host}/oidc/v1/token` });
});

test('client credentials give an hour by Basic authentication; a wrong or removed secret gives 401', async () => {
  const { workspace, admin } = await startWorkspace();
  const principal = await servicePrincipal(workspace, admin, 'reader');
  const form = { grant_type: 'client_credentials', scope: 'all-apis' };
  const basic = (secret: string) => ({
    authorization: `Basic ${Buffer.from(`${principal.applicationId}:${secret}`).toString('base64')}`,
  });
  const good = await requestToken(workspace.host, form, basic(principal.secret));
  expect(good).toMatchObject({ status: 200, body: { token_type: 'Bearer', expires_in: 3600 } });
  expect(await requestToken(workspace.host, form, basic('wrong'))).toMatchObject({
    status: 401,
    body: { error: 'invalid_client' },
  });
  expect((await requestToken(workspace.host, form)).status).toBe(401);
  const secrets = `/api/2.0/accounts/${workspace.accountId}/servicePrincipals/${principal.id}/credentials/secrets`;
  const [first] = (await admin.get(secrets)).body.secrets;
  expect((await admin.send('DELETE', `${secrets}/${first.id}`)).status).toBe(204);
  expect((await requestToken(workspace.host, form, basic(principal.secret))).status).toBe(401);
});

test('requests without, with an unknown and with a revoked token are refused in the codes of Databricks', async () => {
  const { workspace, admin } = await startWorkspace();
  const me = '/api/2.0/preview/scim/v2/Me';
  expect(await client(workspace.host).get(me)).toMatchObject({ status: 401, body: { error_code: 401 } });
  expect(await client(workspace.host, 'dapi00').get(me)).toMatchObject({
    status: 403,
    body: { error_code: 403 },
  });
  const { body } = await admin.post('/api/2.0/token/create', { comment: 'short', lifetime_seconds: 600 });
  const other = client(workspace.host, body.token_value);
  expect((await other.get(me)).body.groups.map((group: { display: string }) => group.display)).toContain(
    'admins',
  );
  const remove = () => admin.post('/api/2.0/token/delete', { token_id: body.token_info.token_id });
  expect((await remove()).status).toBe(200);
  expect((await other.get(me)).status).toBe(403);
  expect(await remove()).toMatchObject({ status: 404, body: { error_code: 'RESOURCE_DOES_NOT_EXIST' } });
});

test('service principals are made, found, deactivated and deleted by the admin alone', async () => {
  const { workspace, admin } = await startWorkspace();
  const trainer = await servicePrincipal(workspace, admin, 'trainer');
  const path = '/api/2.0/preview/scim/v2/ServicePrincipals';
  const found = await admin.get(`${path}?filter=${encodeURIComponent('displayName eq "trainer"')}`);
  expect(found.body).toMatchObject({
    totalResults: 1,
    Resources: [{ id: trainer.id, applicationId: trainer.applicationId }],
  });
  expect((await trainer.client.post(path, { displayName: 'mine' })).status).toBe(403);
  expect((await admin.get(`${path}?startIndex=2&count=100`)).body).toMatchObject({
    totalResults: 1,
    Resources: [],
  });
  const account = `/api/2.0/accounts/${workspace.accountId}/scim/v2/ServicePrincipals/${trainer.id}`;
  expect((await admin.get(account)).body.displayName).toBe('trainer');

  await admin.send('PATCH', `${path}/${trainer.id}`, {
    Operations: [{ op: 'replace', path: 'active', value: false }],
  });
  expect((await trainer.client.get('/api/2.0/preview/scim/v2/Me')).status).toBe(403);
  // The name of one that is inactive is taken all the same.
  expect(
    await admin.post(path, { displayName: 'again', applicationId: trainer.applicationId }),
  ).toMatchObject({
    status: 409,
    body: { status: '409' },
  });
  await admin.send('PUT', `${path}/${trainer.id}`, { displayName: 'renamed', active: true });
  expect((await trainer.client.get('/api/2.0/preview/scim/v2/Me')).body.displayName).toBe('renamed');
  expect((await admin.send('PUT', `${path}/${trainer.id}`, { applicationId: 'other' })).status).toBe(400);
  await admin.send('PATCH', `${path}/${trainer.id}`, {
    Operations: [{ op: 'replace', path: 'active', value: 'False' }],
  });
  expect((await trainer.client.get('/api/2.0/preview/scim/v2/Me')).status).toBe(403);
  expect((await admin.send('DELETE', `${path}/${trainer.id}`)).status).toBe(204);
  expect((await admin.get(`${path}/${trainer.id}`)).body).toMatchObject({ status: '404' });
});

test('no credential lies readable in the data folder but the admin token, which its owner alone may read', async () => {
  const dataDir = await temporaryFolder();
  const { workspace, admin } = await startWorkspace({ dataDir });
  const trainer = await servicePrincipal(workspace, admin, 'trainer');
  const { token_value } = (await admin.post('/api/2.0/token/create')).body;
  expect((await stat(join(dataDir, 'admin-token'))).mode & 0o777).toBe(0o600);
  for (const file of ['workspace.db', 'workspace.db-wal']) {
    expect((await stat(join(dataDir, file))).mode & 0o077, file).toBe(0);
    const bytes = await readFile(join(dataDir, file), 'latin1');
    for (const secret of [token_value, trainer.secret, workspace.adminToken])
      expect(bytes.includes(secret)).toBe(false);
  }
});
