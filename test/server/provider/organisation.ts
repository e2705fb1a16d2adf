import { createServer } from 'node:http';
import { exportJWK, exportPKCS8, generateKeyPair } from 'jose';
import Provider from 'oidc-provider';
import { onTestFinished } from 'vitest';

/** A key pair of a client: the private half as PEM, the public one as the provider stores it. */
export async function clientKey(kid: string, alg: 'ES256' | 'RS256' = 'ES256') {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return {
    pem: await exportPKCS8(privateKey),
    jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' },
  };
}

type ClientKey = Awaited<ReturnType<typeof clientKey>>;

/**
 * An organisation's OpenID provider on loopback: the package oidc-provider, with one client per name that proves who
 * it is by `private_key_jwt`. Asked for the resource `urn:databricks`, it gives JWTs for the audience; else opaque ones.
 */
export async function startOrganisation(audience: string, clients: Record<string, ClientKey[]>) {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const issuer = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  const provider = new Provider(issuer, {
    clients: Object.entries(clients).map(([client_id, keys]) => ({
      client_id,
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
      token_endpoint_auth_method: 'private_key_jwt' as const,
      id_token_signed_response_alg: 'ES256' as const,
      jwks: { keys: keys.map(({ jwk }) => jwk) },
    })),
    jwks: { keys: [{ ...(await exportJWK(privateKey)), kid: 'organisation', alg: 'ES256', use: 'sig' }] },
    ttl: { ClientCredentials: 300 },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({
          scope: 'databricks',
          audience,
          accessTokenTTL: 300,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'ES256' } },
        }),
      },
    },
  });
  server.on('request', provider.callback());
  return { issuer };
}
