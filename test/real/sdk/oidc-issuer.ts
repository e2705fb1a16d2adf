import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

export interface OidcIssuer {
  /** The `iss` of its tokens. */
  url: string;
  /** Its public keys, for a policy that holds them itself. */
  jwks: string;
  close(): Promise<void>;
}

/**
 * An OpenID Connect issuer with one ES256 key: discovery, key set, and `/token`, which gives a token the way a CI
 * service does (GitHub's `ACTIONS_ID_TOKEN_REQUEST_URL`): `{value}` with the subject `sub` and the `audience` of the
 * query. `seconds` is the token's life, negative for one that has ended; `key=other` signs with a key that the set
 * does not have, under the id of the one that it has.
 */
export async function startIssuer(): Promise<OidcIssuer> {
  const keys = await generateKeyPair('ES256', { extractable: true });
  const others = await generateKeyPair('ES256');
  const jwks = { keys: [{ ...(await exportJWK(keys.publicKey)), kid: 'one', alg: 'ES256', use: 'sig' }] };

  async function answer(address: URL): Promise<object | undefined> {
    if (address.pathname === '/.well-known/openid-configuration')
      return { issuer: url, jwks_uri: `${url}/keys`, id_token_signing_alg_values_supported: ['ES256'] };
    if (address.pathname === '/keys') return jwks;
    if (address.pathname !== '/token') return undefined;
    const query = address.searchParams;
    const now = Math.floor(Date.now() / 1000);
    const life = Number(query.get('seconds') ?? 300);
    const value = await new SignJWT({ sub: query.get('sub') ?? '' })
      .setProtectedHeader({ alg: 'ES256', kid: 'one' })
      .setIssuer(url)
      .setAudience(query.get('audience') ?? '')
      .setIssuedAt(now - 1000)
      .setExpirationTime(now + life)
      .sign(query.get('key') === 'other' ? others.privateKey : keys.privateKey);
    return { value };
  }

  const server = createServer((request, response) => {
    void answer(new URL(request.url ?? '/', url)).then((body) => {
      response.writeHead(body ? 200 : 404, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body ?? {}));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    jwks: JSON.stringify(jwks),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
