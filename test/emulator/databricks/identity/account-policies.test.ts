import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { expect, test } from 'vitest';
import { client, requestToken, servicePrincipal, startWorkspace } from '../support.ts';

const issuer = 'https://idp.example.com';

async function account() {
  const { workspace, admin } = await startWorkspace();
  const { privateKey, publicKey } = await generateKeyPair('RS256');
  const jwks_json = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'one', alg: 'RS256' }] });
  const base = `/api/2.0/accounts/${workspace.accountId}/federationPolicies`;
  const mint = (claims: Record<string, unknown>) => {
    const now = Math.floor(Date.now() / 1000);
    return new SignJWT({ iss: issuer, aud: workspace.accountId, iat: now, exp: now + 300, ...claims })
      .setProtectedHeader({ alg: 'RS256', kid: 'one' })
      .sign(privateKey);
  };
  const exchange = async (claims: Record<string, unknown>) =>
    requestToken(workspace.host, {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: await mint(claims),
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      scope: 'all-apis',
    });
  return { workspace, admin, base, jwks_json, exchange };
}

test('an account-wide policy gives a token of the user whom the claim names, if there is one', async () => {
  const { workspace, admin, base, jwks_json, exchange } = await account();
  const users = '/api/2.0/preview/scim/v2/Users';
  const made = await admin.post(users, { userName: 'anna@example.com', displayName: 'Anna' });
  expect(made).toMatchObject({ status: 201, body: { userName: 'anna@example.com', active: true } });
  expect((await admin.post(users, { userName: 'Anna@example.com' })).status).toBe(409);
  expect((await exchange({ sub: 'anna@example.com' })).body.error).toBe('invalid_grant');
  const policy = await admin.post(base, { oidc_policy: { issuer, subject_claim: 'email', jwks_json } });
  expect(policy.body.oidc_policy).toMatchObject({ issuer, subject_claim: 'email' });
  expect(policy.body.oidc_policy).not.toHaveProperty('subject');

  const { status, body } = await exchange({ sub: 'x', email: 'anna@example.com' });
  expect(status, JSON.stringify(body)).toBe(200);
  const anna = client(workspace.host, body.access_token);
  expect((await anna.get('/api/2.0/preview/scim/v2/Me')).body).toMatchObject({
    userName: 'anna@example.com',
    emails: [{ value: 'anna@example.com' }],
  });
  expect((await anna.get(base)).status).toBe(403);
  expect((await exchange({ sub: 'anna@example.com' })).body.error_description).toContain('claim email');
  expect((await exchange({ sub: 'x', email: 'bert@example.com' })).body.error_description).toContain(
    'no active user "bert@example.com"',
  );

  const found = await admin.get(`${users}?filter=${encodeURIComponent('userName eq "anna@example.com"')}`);
  expect(found.body.Resources).toMatchObject([{ id: made.body.id }]);
  await admin.send('DELETE', `${users}/${made.body.id}`);
  expect((await anna.get('/api/2.0/preview/scim/v2/Me')).status).toBe(403);
  expect((await exchange({ sub: 'x', email: 'anna@example.com' })).body.error).toBe('invalid_grant');
});

test('an account-wide policy names no subject; it may name a service principal by its application id', async () => {
  const { workspace, admin, base, jwks_json, exchange } = await account();
  const refused = await admin.post(base, { oidc_policy: { issuer, subject: 's', jwks_json } });
  expect(refused.body.message).toContain('must not be specified');
  const policy = await admin.post(base, { oidc_policy: { issuer, jwks_json } });
  const reader = await servicePrincipal(workspace, admin, 'reader');
  const { body } = await exchange({ sub: reader.applicationId });
  const me = await client(workspace.host, body.access_token).get('/api/2.0/preview/scim/v2/Me');
  expect(me.body.userName).toBe(reader.applicationId);
  expect((await reader.client.post(base, {})).status).toBe(403);
  const patched = await admin.send('PATCH', `${base}/${policy.body.uid}?update_mask=oidc_policy`, {
    oidc_policy: { jwks_json: '{"keys":[]}' },
  });
  expect(patched.body.oidc_policy).toMatchObject({ issuer, jwks_json: '{"keys":[]}' });
  expect((await exchange({ sub: reader.applicationId })).body.error).toBe('invalid_grant');
  await admin.send('DELETE', `${base}/${policy.body.uid}`);
  expect((await admin.get(base)).body.policies).toEqual([]);
  expect((await exchange({ sub: reader.applicationId })).body.error).toBe('invalid_grant');
});
