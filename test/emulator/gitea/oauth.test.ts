import { createRemoteJWKSet, jwtVerify } from 'jose';
import * as client from 'openid-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signIn } from '../../../src/emulator/gitea/account/sessions.ts';
import { revokeGrant } from '../../../src/emulator/gitea/oauth/authorize.ts';
import type { SmallTeam } from './small-team.ts';
import { startSmallTeam } from './small-team.ts';

const redirectUri = 'http://127.0.0.1:9/-/databricks/auth/callback';
const scope = 'openid profile email groups read:user read:repository';
let team: SmallTeam;
let application: { client_id: string; client_secret: string };
let config: client.Configuration;

beforeAll(async () => {
  team = await startSmallTeam();
  const made = await team.api('ada', 'POST', '/user/applications/oauth2', {
    name: 'Databricks panel',
    redirect_uris: [redirectUri],
    confidential_client: true,
  });
  application = made.body;
  config = await client.discovery(
    new URL(team.url),
    application.client_id,
    application.client_secret,
    client.ClientSecretBasic(application.client_secret),
    { execute: [client.allowInsecureRequests] },
  );
});
afterAll(() => team?.close());

async function cookieOf(user: string): Promise<string> {
  const session = await signIn(team.forge.context, user, team.password(user));
  return session!.setCookie.split(';')[0]!;
}

async function start(cookie: string | undefined, changes: Record<string, string> = {}) {
  const verifier = client.randomPKCECodeVerifier();
  const parameters = {
    redirect_uri: redirectUri,
    scope,
    state: client.randomState(),
    nonce: client.randomNonce(),
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    ...changes,
  };
  const response = await fetch(client.buildAuthorizationUrl(config, parameters), {
    redirect: 'manual',
    headers: cookie === undefined ? {} : { cookie },
  });
  return { verifier, parameters, response, location: response.headers.get('location') };
}

async function answer(cookie: string, parameters: Record<string, string>, granted: boolean) {
  return fetch(`${team.url}login/oauth/grant`, {
    method: 'POST',
    redirect: 'manual',
    headers: { cookie, 'sec-fetch-site': 'same-origin' },
    body: new URLSearchParams({
      client_id: application.client_id,
      state: parameters.state!,
      scope: parameters.scope!,
      nonce: parameters.nonce!,
      redirect_uri: parameters.redirect_uri!,
      granted: String(granted),
    }),
  });
}

const exchange = (location: string, flow: Awaited<ReturnType<typeof start>>) =>
  client.authorizationCodeGrant(config, new URL(location), {
    pkceCodeVerifier: flow.verifier,
    expectedState: flow.parameters.state,
    expectedNonce: flow.parameters.nonce,
  });

async function signInto(user: string) {
  const cookie = await cookieOf(user);
  const flow = await start(cookie);
  if (flow.location !== null) return { cookie, tokens: await exchange(flow.location, flow) };
  const granted = await answer(cookie, flow.parameters, true);
  return { cookie, tokens: await exchange(granted.headers.get('location')!, flow) };
}

describe('signing in through the forge', () => {
  it('sends a signed-out visitor to the sign-in page', async () => {
    const { response, location } = await start(undefined);
    expect(response.status).toBe(303);
    expect(location).toContain('/user/login?redirect_to=%2Flogin%2Foauth%2Fauthorize');
  });

  it('asks for consent once, and is silent afterwards', async () => {
    const cookie = await cookieOf('wendy');
    const first = await start(cookie);
    expect(first.response.status).toBe(200);
    expect(await first.response.text()).toContain('Databricks panel');
    const granted = await answer(cookie, first.parameters, true);
    expect(granted.status).toBe(303);
    const tokens = await exchange(granted.headers.get('location')!, first);
    expect(tokens).toMatchObject({ token_type: 'bearer', expires_in: 3600 });
    const second = await start(cookie);
    expect(second.response.status).toBe(303);
    expect(second.location).toContain(`${redirectUri}?code=`);
    await exchange(second.location!, second);
  });

  it('gives an id token that a client can verify', async () => {
    const { tokens } = await signInto('ada');
    const keys = createRemoteJWKSet(new URL(`${team.url}login/oauth/keys`));
    const { payload, protectedHeader } = await jwtVerify(tokens.id_token!, keys, {
      issuer: team.url.replace(/\/$/, ''),
      audience: application.client_id,
    });
    expect(protectedHeader).toMatchObject({ alg: 'RS256', kid: expect.any(String) });
    expect(payload).toMatchObject({
      sub: '1',
      preferred_username: 'ada',
      email: 'ada@example.com',
      groups: ['ml', 'ml:owners'],
    });
    const { tokens: wendy } = await signInto('wendy');
    expect(wendy.claims()).not.toHaveProperty('groups');
    const info = await client.fetchUserInfo(config, tokens.access_token, '1');
    expect(info).toMatchObject({ sub: '1', preferred_username: 'ada' });
  });

  it('a refusal comes back as access_denied', async () => {
    const cookie = await cookieOf('rita');
    const { parameters } = await start(cookie);
    const denied = await answer(cookie, parameters, false);
    expect(denied.headers.get('location')).toContain('error=access_denied');
  });

  it('an answer to an overtaken consent page is a 400', async () => {
    const cookie = await cookieOf('rita');
    const first = await start(cookie);
    await start(cookie);
    expect((await answer(cookie, first.parameters, true)).status).toBe(400);
  });

  it('does not let another site answer the consent', async () => {
    const cookie = await cookieOf('rita');
    await start(cookie);
    const response = await fetch(`${team.url}login/oauth/grant`, {
      method: 'POST',
      headers: { cookie, 'sec-fetch-site': 'cross-site' },
      body: new URLSearchParams({ granted: 'true' }),
    });
    expect(response.status).toBe(403);
  });

  it('sends nobody to an address that is not registered exactly', async () => {
    const cookie = await cookieOf('wendy');
    for (const redirect_uri of [`${redirectUri}/x`, `${redirectUri}?a=b`, 'https://evil.example.com/']) {
      const { response, location } = await start(cookie, { redirect_uri });
      expect([response.status, location]).toEqual([400, null]);
    }
  });

  it('a code works once, with its verifier and its redirect only', async () => {
    const cookie = await cookieOf('wendy');
    await signInto('wendy');
    const wrong = await start(cookie);
    await expect(
      exchange(wrong.location!, { ...wrong, verifier: client.randomPKCECodeVerifier() }),
    ).rejects.toMatchObject({ error: 'unauthorized_client' });
    await expect(exchange(wrong.location!, wrong), 'spent by the failed attempt').rejects.toThrow();
    const right = await start(cookie);
    await exchange(right.location!, right);
    await expect(exchange(right.location!, right)).rejects.toMatchObject({ error: 'unauthorized_client' });
  });

  it('a wrong secret is refused', async () => {
    const response = await fetch(`${team.url}login/oauth/access_token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'refresh_token',
        client_id: application.client_id,
        client_secret: 'gto_wrong',
        refresh_token: 'x',
      }),
    });
    expect([response.status, (await response.json()).error]).toEqual([400, 'unauthorized_client']);
  });
});

describe('an OAuth access token', () => {
  it('acts for its user in the API, within its scopes', async () => {
    const { tokens } = await signInto('wendy');
    const bearer = `Bearer ${tokens.access_token}`;
    const mine = await team.call(bearer, 'GET', '/repos/ml/wine');
    expect(mine.body.permissions).toEqual({ admin: false, push: true, pull: true });
    expect((await team.call(bearer, 'GET', '/user')).body.login).toBe('wendy');
    const refused = await team.call(bearer, 'POST', '/repos/ml/wine/branches', { new_branch_name: 'x' });
    expect(refused.status).toBe(403);
    expect(refused.body.message).toContain('required=[write:repository]');
    expect((await team.call(bearer, 'GET', '/repos/ml/wine/issues/1')).status).toBe(403);
  });

  it('is renewed by its refresh token, and the access token is no refresh token', async () => {
    const { tokens } = await signInto('wendy');
    const renewed = await client.refreshTokenGrant(config, tokens.refresh_token!);
    expect((await team.call(`Bearer ${renewed.access_token}`, 'GET', '/user')).status).toBe(200);
    await expect(client.refreshTokenGrant(config, tokens.access_token)).rejects.toMatchObject({
      error: 'invalid_grant',
    });
    expect((await team.call(`Bearer ${tokens.refresh_token}`, 'GET', '/user')).status).toBe(401);
  });

  it('stops at once when the grant is revoked', async () => {
    const { tokens } = await signInto('wendy');
    const bearer = `Bearer ${tokens.access_token}`;
    const { store } = team.forge.context;
    const wendy = store.users.find({ name: 'wendy' })!;
    const grant = store.grants.find({ userId: wendy.id })!;
    revokeGrant(team.forge.context, wendy, grant.id);
    expect((await team.call(bearer, 'GET', '/user')).status).toBe(401);
    await expect(client.refreshTokenGrant(config, tokens.refresh_token!)).rejects.toMatchObject({
      status: 400,
    });
  });

  it('may do everything when only OpenID scopes were asked for: the trap of the real one', async () => {
    const cookie = await cookieOf('walt');
    const flow = await start(cookie, { scope: 'openid profile' });
    const granted = await answer(cookie, flow.parameters, true);
    const tokens = await exchange(granted.headers.get('location')!, flow);
    const { status } = await team.call(`Bearer ${tokens.access_token}`, 'POST', '/user/repos', {
      name: 'any',
    });
    expect(status).toBe(201);
  });
});
