import { createLocalJWKSet, jwtVerify } from 'jose';
import { expect, onTestFinished, test } from 'vitest';
import { keySetCacheSeconds } from '../../../src/server/identity/key-schedule.ts';
import { request, startBackendWithForge } from '../backend-with-forge.ts';

test('discovery leads from the issuer’s name to the keys that verify its tokens, which may be kept for as long as rotation allows', async () => {
  const backend = await startBackendWithForge();
  onTestFinished(() => backend.close());
  const discovery = await request(backend, null, 'GET', '.well-known/openid-configuration');
  const { issuer, jwks_uri, id_token_signing_alg_values_supported } = discovery.json();
  expect(issuer).toBe(`${backend.origin}/-/databricks`);
  expect(id_token_signing_alg_values_supported).toEqual(['ES256']);
  const path = String(jwks_uri).slice(`${issuer}/`.length);
  const keys = await request(backend, null, 'GET', path);
  for (const answer of [discovery, keys]) {
    expect(answer.headers['cache-control']).toBe(`public, max-age=${keySetCacheSeconds}`);
    expect(answer.headers['content-type']).toContain('application/json');
  }
  const set = keys.json();
  for (const key of set.keys) {
    expect(Object.keys(key).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
  }
  const jwt = await backend.issuer.mint({ subject: 's', audience: 'a' });
  await jwtVerify(jwt, createLocalJWKSet(set), { issuer, audience: 'a', algorithms: ['ES256'] });
});
