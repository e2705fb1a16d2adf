import type { JWTPayload } from 'jose';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { expect, test } from 'vitest';
import { client, requestToken, servicePrincipal, startWorkspace } from '../support.ts';

const issuer = 'https://git.example.com/-/databricks/';
const subject = 'binding:wine:role:trainer';

interface Mint {
  claims?: JWTPayload;
  header?: { alg?: string; kid?: string };
  key?: CryptoKey | Uint8Array;
}

async function federated(alg: 'ES256' | 'RS256' = 'ES256', policy: object = {}) {
  const { workspace, admin } = await startWorkspace();
  const trainer = await servicePrincipal(workspace, admin, 'trainer');
  const { privateKey, publicKey } = await generateKeyPair(alg);
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'one', alg, use: 'sig' }] };
  const base = `/api/2.0/accounts/${workspace.accountId}/servicePrincipals/${trainer.id}/federationPolicies`;
  const created = await admin.post(base, {
    oidc_policy: { issuer, subject, jwks_json: JSON.stringify(jwks), ...policy },
  });
  expect(created.status, JSON.stringify(created.body)).toBe(200);

  async function mint({ claims = {}, header = {}, key = privateKey }: Mint = {}): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    const all: JWTPayload = {
      iss: issuer,
      aud: workspace.accountId,
      sub: subject,
      iat: now,
      exp: now + 300,
      ...claims,
    };
    for (const name of Object.keys(all)) if (all[name] === undefined) delete all[name];
    return new SignJWT(all).setProtectedHeader({ alg, kid: 'one', ...header }).sign(key);
  }
  const exchange = (token: string, form: Record<string, string> = {}) =>
    requestToken(workspace.host, {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: token,
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      scope: 'all-apis',
      client_id: trainer.applicationId,
      ...form,
    });
  return { workspace, admin, trainer, mint, exchange, base, policyId: created.body.policy_id as string };
}

test.each(['ES256', 'RS256'] as const)(
  'a %s token that the policy describes is exchanged; the life is the token’s',
  async (alg) => {
    const { workspace, trainer, mint, exchange } = await federated(alg);
    const { status, body } = await exchange(await mint());
    expect(status, JSON.stringify(body)).toBe(200);
    expect(body).toMatchObject({ token_type: 'Bearer', scope: 'all-apis' });
    expect(body.expires_in).toBeGreaterThan(290);
    expect(body.expires_in).toBeLessThanOrEqual(300);
    const me = await client(workspace.host, body.access_token).get('/api/2.0/preview/scim/v2/Me');
    expect(me.body.userName).toBe(trainer.applicationId);
  },
);

test.each<[what: string, names: RegExp, claims: JWTPayload]>([
  ['another issuer', /claim iss/, { iss: 'https://evil.example.com/' }],
  ['an issuer without its slash', /claim iss/, { iss: issuer.slice(0, -1) }],
  ['no issuer', /claim iss/, { iss: undefined }],
  ['another audience', /claim aud/, { aud: 'another-account' }],
  ['no audience', /claim aud/, { aud: undefined }],
  ['another subject', /claim sub/, { sub: 'binding:wine:role:releaser' }],
  ['a subject with more behind it', /claim sub/, { sub: `${subject}:x` }],
  ['a subject in other case', /claim sub/, { sub: subject.toUpperCase() }],
  ['no subject', /claim sub/, { sub: undefined }],
  ['an end in the past', /expired|exp/, { iat: 1, exp: Math.floor(Date.now() / 1000) - 120 }],
  ['no end', /claim exp/, { exp: undefined }],
  ['no beginning', /claim iat/, { iat: undefined }],
  [
    'a beginning in the future',
    /claim iat/,
    { iat: Math.floor(Date.now() / 1000) + 600, exp: Math.floor(Date.now() / 1000) + 900 },
  ],
  ['a not-before in the future', /claim nbf/, { nbf: Math.floor(Date.now() / 1000) + 600 }],
])('a token with %s is refused and the answer names the claim', async (_what, names, claims) => {
  const { mint, exchange } = await federated();
  const { status, body } = await exchange(await mint({ claims }));
  expect(status).toBe(400);
  expect(body.error).toBe('invalid_grant');
  expect(body.error_description).toMatch(names);
  expect(JSON.stringify(body)).not.toContain('eyJ');
});

test('signatures by other keys, symmetric algorithms and none are refused', async () => {
  const { mint, exchange } = await federated();
  const stranger = await generateKeyPair('ES256');
  const forged = await exchange(await mint({ key: stranger.privateKey }));
  expect(forged.body).toMatchObject({
    error: 'invalid_grant',
    error_description: expect.stringContaining('signature'),
  });
  const unknown = await exchange(await mint({ header: { kid: 'two' } }));
  expect(unknown.body.error_description).toContain('kid');
  const symmetric = await exchange(
    await mint({ header: { alg: 'HS256' }, key: new TextEncoder().encode('x'.repeat(64)) }),
  );
  expect(symmetric.body.error_description).toContain('HS256');
  const [, payload] = (await mint()).split('.');
  const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`;
  expect((await exchange(none)).body).toMatchObject({
    error: 'invalid_grant',
    error_description: expect.stringContaining('none'),
  });
  expect((await exchange('rubbish')).body.error).toBe('invalid_grant');
});

test('a clock that is a little off is forgiven, ten minutes are not', async () => {
  const { mint, exchange } = await federated();
  const now = Math.floor(Date.now() / 1000);
  expect((await exchange(await mint({ claims: { iat: now + 30, exp: now + 300 } }))).status).toBe(200);
  expect((await exchange(await mint({ claims: { iat: now - 900, exp: now - 600 } }))).status).toBe(400);
});

test('the policy decides audience and subject claim', async () => {
  const { workspace, mint, exchange } = await federated('ES256', {
    audiences: ['https://dbx'],
    subject_claim: 'role',
    subject: 'trainer',
  });
  expect((await exchange(await mint({ claims: { aud: 'https://dbx', role: 'trainer' } }))).status).toBe(200);
  expect(
    (await exchange(await mint({ claims: { aud: workspace.accountId, role: 'trainer' } }))).body
      .error_description,
  ).toContain('aud');
  expect(
    (await exchange(await mint({ claims: { aud: 'https://dbx', role: 'releaser' } }))).body.error_description,
  ).toContain('role');
  expect((await exchange(await mint({ claims: { aud: 'https://dbx' } }))).body.error_description).toContain(
    'role',
  );
});

test('rotation: the patched key set counts at once, the former key no longer', async () => {
  const { admin, mint, exchange, base, policyId } = await federated();
  const next = await generateKeyPair('ES256');
  const jwks_json = JSON.stringify({
    keys: [{ ...(await exportJWK(next.publicKey)), kid: 'two', alg: 'ES256' }],
  });
  const patched = await admin.send('PATCH', `${base}/${policyId}?update_mask=oidc_policy`, {
    oidc_policy: { jwks_json },
  });
  expect(patched.body.oidc_policy).toMatchObject({ issuer, subject });
  expect((await exchange(await mint({ header: { kid: 'two' }, key: next.privateKey }))).status).toBe(200);
  expect((await exchange(await mint())).status).toBe(400);
});

test('no token for another principal, without policy, without client_id, or once the policy is gone', async () => {
  const { workspace, admin, mint, exchange, base, policyId } = await federated();
  const other = await servicePrincipal(workspace, admin, 'other');
  expect((await exchange(await mint(), { client_id: other.applicationId })).body.error).toBe('invalid_grant');
  expect((await exchange(await mint(), { client_id: 'nobody' })).body.error).toBe('invalid_grant');
  expect((await exchange(await mint(), { scope: 'sql' })).body.error).toBe('invalid_scope');
  expect((await exchange(await mint(), { grant_type: 'password' })).body.error).toBe(
    'unsupported_grant_type',
  );
  expect((await exchange(await mint(), { subject_token_type: 'x' })).body.error).toBe('invalid_request');
  await admin.send('DELETE', `${base}/${policyId}`);
  expect((await exchange(await mint())).body.error).toBe('invalid_grant');
});

test('a policy needs issuer and subject, takes public keys only, and there are at most 20', async () => {
  const { admin, base, trainer } = await federated();
  const policy = async (oidc_policy: object) => admin.post(base, { oidc_policy });
  expect((await policy({ issuer })).body.message).toContain('subject');
  expect((await policy({ subject })).body.message).toContain('issuer');
  const secret = JSON.stringify({ keys: [{ kty: 'oct', k: 'c2VjcmV0' }] });
  expect((await policy({ issuer, subject, jwks_json: secret })).body.message).toContain('public keys only');
  for (let count = 1; count < 20; count += 1)
    expect((await policy({ issuer, subject: `s${count}` })).status).toBe(200);
  expect((await policy({ issuer, subject: 'one too many' })).body.message).toContain('at most 20');
  expect((await admin.get(base)).body.policies).toHaveLength(20);
  expect((await trainer.client.get(base)).status).toBe(403);
});
