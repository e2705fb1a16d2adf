import { readFile } from 'node:fs/promises';
import { decodeJwt } from 'jose';
import * as client from 'openid-client';
import type { ProviderConfiguration, ProviderIdentity } from '../config/provider-configuration.ts';
import { DatabricksError } from '../databricks/error.ts';
import type { ProviderTokens } from '../identity/provider-ports.ts';
import { withoutQuotedSecrets } from '../identity/quoted-secrets.ts';
import { connectionReason } from '../outbound/connection-reason.ts';
import { guardedFetch } from '../outbound/guarded-fetch.ts';
import { isLoopbackHost } from '../outbound/refused-addresses.ts';
import { readClientKey } from './client-key.ts';

/** How long a call to the provider may take, seconds. */
const timeout = 15;

type Client = Extract<ProviderIdentity, { kind: 'client' }>;

/** @param status 0, 429 and from 500 on: it may work later; 400: somebody must change something */
function failure(message: string, status: number, cause?: unknown): DatabricksError {
  return new DatabricksError({ code: 'IDENTITY_PROVIDER', status, message }, { cause });
}

/** What the provider said, or why it said nothing. @param what the sentence begins with */
function refusal(what: string, error: unknown): DatabricksError {
  if (error instanceof client.ResponseBodyError) {
    const { status } = error;
    // Its answer may quote our assertion, and causes are logged: its words go along without it, itself not at all.
    const said = withoutQuotedSecrets(error.error_description ?? '', []);
    const words = said ? `: ${said.slice(0, 300)}` : '';
    return failure(`${what} (${error.error}${words}).`, status === 429 || status >= 500 ? status : 400);
  }
  // A refusal with a challenge in its header (RFC 6750) has its words there.
  if (error instanceof client.WWWAuthenticateChallengeError) {
    const { error: code, error_description: told = '' } = error.cause[0]?.parameters ?? {};
    const words = withoutQuotedSecrets(told, []);
    return failure(`${what} (${code ?? error.status}${words ? `: ${words.slice(0, 300)}` : ''}).`, 400);
  }
  return failure(`${what}: ${connectionReason(error)}.`, 0, error);
}

/**
 * Databricks takes JSON Web Tokens only, and refuses one that has ended without saying much: both are told here.
 *
 * @param source where the token comes from, in words
 */
function usable(token: string, source: string, now: number): string {
  let end: number | undefined;
  try {
    end = decodeJwt(token).exp;
  } catch {
    throw failure(
      `${source} holds no JSON Web Token. Databricks exchanges nothing else: have the provider issue access tokens as JWTs.`,
      400,
    );
  }
  if (end !== undefined && end * 1000 <= now) {
    throw failure(`${source} ended at ${new Date(end * 1000).toISOString()}: nobody renewed it.`, 0);
  }
  return token;
}

/**
 * The organisation's provider: client credentials with a signed assertion (`private_key_jwt`, RFC 7523), or a file
 * into which the platform writes a token. Nothing is kept: keys and files are read for each token, so that their
 * rotation is somebody else's business.
 *
 * @param fetch the guarded one by default: it connects to no link-local or metadata address
 */
export function createProviderTokens(
  userAgent: string,
  options: { fetch?: typeof globalThis.fetch; now?: () => number } = {},
): ProviderTokens {
  const { fetch = guardedFetch, now = Date.now } = options;
  const send: client.CustomFetch = (url, init) =>
    fetch(url, { ...init, headers: { ...init.headers, 'user-agent': userAgent } } as RequestInit);
  /** The provider's metadata by issuer, for an hour; an issuer whose metadata could not be read is asked again. */
  const metadata = new Map<string, { found: Promise<client.ServerMetadata>; until: number }>();

  function discovered(issuer: string): Promise<client.ServerMetadata> {
    const known = metadata.get(issuer);
    if (known && known.until > now()) return known.found;
    const found = discover(issuer);
    metadata.set(issuer, { found, until: now() + 3600_000 });
    found.catch(() => metadata.delete(issuer));
    return found;
  }

  async function discover(issuer: string): Promise<client.ServerMetadata> {
    const url = new URL(issuer);
    const local = isLoopbackHost(url.hostname);
    const found = await client.discovery(url, 'discovery', undefined, client.None(), {
      [client.customFetch]: send,
      timeout,
      ...(local && { execute: [client.allowInsecureRequests] }),
    });
    const server = found.serverMetadata();
    const endpoint = server.token_endpoint;
    // What is sent there is worth a token (hazard 24).
    if (endpoint === undefined || new URL(endpoint).origin !== url.origin) {
      throw failure(`The provider ${issuer} names a token endpoint that is not on its own host.`, 400);
    }
    return server;
  }

  async function asClient(provider: ProviderConfiguration, identity: Client): Promise<string> {
    const { issuer, scope, parameters, assertionAudience } = provider;
    if (issuer === null) throw failure('The provider has no issuer.', 400);
    const server = await discovered(issuer);
    const { key, kid, thumbprint } = await readClientKey(identity);
    const proof = client.PrivateKeyJwt(kid === null ? key : { key, kid }, {
      [client.modifyAssertion]: (header, payload) => {
        header.typ = 'JWT';
        if (thumbprint !== null) header['x5t#S256'] = thumbprint;
        if (assertionAudience === 'token-endpoint') payload.aud = server.token_endpoint;
      },
    });
    const configuration = new client.Configuration(server, identity.clientId, undefined, proof);
    configuration[client.customFetch] = send;
    configuration.timeout = timeout;
    if (isLoopbackHost(new URL(issuer).hostname)) client.allowInsecureRequests(configuration);
    const answer = await client.clientCredentialsGrant(configuration, {
      ...parameters,
      ...(scope !== null && { scope }),
    });
    return usable(answer.access_token, `The access token of the provider ${issuer}`, now());
  }

  return {
    async subjectToken(provider, principal) {
      const identity = provider.principals[principal];
      if (!identity) throw failure(`The configuration has no identity for ${principal}.`, 400);
      if (identity.kind === 'token-file') {
        try {
          return usable((await readFile(identity.path, 'utf8')).trim(), `The file ${identity.path}`, now());
        } catch (error) {
          if (error instanceof DatabricksError) throw error;
          throw failure(`The token file ${identity.path} cannot be read.`, 0, error);
        }
      }
      try {
        return await asClient(provider, identity);
      } catch (error) {
        if (error instanceof DatabricksError) throw error;
        throw refusal(`The provider ${provider.issuer} gave the client ${identity.clientId} no token`, error);
      }
    },
  };
}
