import * as client from 'openid-client';
import type { Person } from '../../contract/person.ts';
import type { GiteaConfiguration } from '../config/server-configuration.ts';
import type { SignInProvider, UserTokens } from '../identity/ports.ts';
import { GrantLost } from '../identity/ports.ts';
import { GiteaError } from './error.ts';
import { GiteaHttp } from './gitea-http.ts';
import type { GiteaUser } from './gitea-shapes.ts';

/**
 * The scopes on day one: Gitea cannot widen a grant later, and takes pure OpenID scopes for all of its API
 * (facts: OAuth2 provider). `read:user` for who it is, `read:repository` for what they may do.
 */
const scope = 'openid profile email groups read:user read:repository';

/** How long a call to Gitea may take, seconds. */
const timeout = 15;

interface Discovery {
  issuer: string;
  id_token_signing_alg_values_supported?: string[];
}

/** With or without a slash at its end: Gitea 1.25 dropped it. */
function sameIssuer(a: string, b: string): boolean {
  return a.replace(/\/+$/, '') === b.replace(/\/+$/, '');
}

async function discover(gitea: GiteaConfiguration): Promise<client.Configuration> {
  let discovery: Discovery;
  try {
    const response = await fetch(`${gitea.internalUrl}/.well-known/openid-configuration`, {
      redirect: 'error',
      signal: AbortSignal.timeout(timeout * 1000),
    });
    if (!response.ok) throw new Error(`it answered ${response.status}`);
    discovery = (await response.json()) as Discovery;
  } catch (cause) {
    throw new GiteaError(0, `Gitea's OpenID configuration at ${gitea.internalUrl} cannot be read.`, {
      cause,
    });
  }
  if (!sameIssuer(discovery.issuer, gitea.url)) {
    throw new GiteaError(
      0,
      `Gitea calls itself ${discovery.issuer} (its ROOT_URL) and the configuration says gitea.url: ${gitea.url}. Make them equal.`,
    );
  }
  const configuration = new client.Configuration(
    {
      issuer: discovery.issuer,
      // The browser goes to the public address; what the backend asks itself takes the internal one.
      authorization_endpoint: `${gitea.url}/login/oauth/authorize`,
      token_endpoint: `${gitea.internalUrl}/login/oauth/access_token`,
      jwks_uri: `${gitea.internalUrl}/login/oauth/keys`,
      id_token_signing_alg_values_supported: discovery.id_token_signing_alg_values_supported ?? ['RS256'],
    },
    gitea.oauth.clientId,
    undefined,
    // Not Basic: RFC 6749 has id and secret form-encoded there, which Gitea does not undo.
    client.ClientSecretPost(gitea.oauth.clientSecret),
  );
  configuration.timeout = timeout;
  if (gitea.internalUrl.startsWith('http:')) client.allowInsecureRequests(configuration);
  return configuration;
}

function userTokens(answer: client.TokenEndpointResponse & client.TokenEndpointResponseHelpers): UserTokens {
  const seconds = answer.expiresIn() ?? 3600;
  return {
    accessToken: answer.access_token,
    refreshToken: answer.refresh_token ?? null,
    expiresAt: new Date(Date.now() + seconds * 1000),
  };
}

/** What Gitea (not the network) refused: its OAuth error code; null for anything else. */
function refusedCode(error: unknown): string | null {
  return error instanceof client.ResponseBodyError ? error.error : null;
}

/** The status with which Gitea (or what the browser brought from it) refused; 0: no answer. */
function refusedStatus(error: unknown): number {
  if (error instanceof client.ResponseBodyError) return error.status;
  return error instanceof client.AuthorizationResponseError ? 400 : 0;
}

/**
 * Gitea as OpenID Connect provider, as a confidential client with PKCE.
 *
 * @param redirectUri the callback's full address, as registered in Gitea
 */
export function createGiteaSignIn(
  gitea: GiteaConfiguration,
  redirectUri: string,
  userAgent: string,
): SignInProvider {
  let known: Promise<client.Configuration> | null = null;
  function configuration(): Promise<client.Configuration> {
    known ??= discover(gitea).catch((error) => {
      known = null;
      throw error;
    });
    return known;
  }

  async function personOf(token: string, subject: string): Promise<Person> {
    const user = await new GiteaHttp({ url: gitea.internalUrl, token, userAgent }).json<GiteaUser>(
      'GET',
      '/user',
    );
    if (String(user.id) !== subject)
      throw new GiteaError(0, 'Gitea named two different users in one sign-in.');
    return { id: user.id, name: user.login, fullName: user.full_name, avatarUrl: user.avatar_url };
  }

  return {
    async authorizationUrl({ state, nonce, codeVerifier }) {
      return client.buildAuthorizationUrl(await configuration(), {
        redirect_uri: redirectUri,
        scope,
        state,
        nonce,
        code_challenge: await client.calculatePKCECodeChallenge(codeVerifier),
        code_challenge_method: 'S256',
      });
    },

    async finish(query, { state, nonce, codeVerifier }) {
      const brought = [...query.getAll('code'), ...query.getAll('error')];
      if (brought.length !== 1 || brought[0] === '') {
        throw new GiteaError(400, 'The browser came back from Gitea without a code.');
      }
      const address = new URL(redirectUri);
      address.search = query.toString();
      let answer: client.TokenEndpointResponse & client.TokenEndpointResponseHelpers;
      try {
        answer = await client.authorizationCodeGrant(await configuration(), address, {
          expectedState: state,
          expectedNonce: nonce,
          pkceCodeVerifier: codeVerifier,
          idTokenExpected: true,
        });
      } catch (cause) {
        if (cause instanceof GiteaError) throw cause;
        throw new GiteaError(
          refusedStatus(cause),
          `Gitea's answer to the sign-in was not accepted (${refusedCode(cause) ?? (cause as Error).message}).`,
          // Gitea's answer may quote what was sent, and causes are logged: its code is in the message.
          refusedCode(cause) === null ? { cause } : {},
        );
      }
      const tokens = userTokens(answer);
      return { tokens, person: await personOf(tokens.accessToken, answer.claims()?.sub ?? '') };
    },

    async refresh(refreshToken) {
      try {
        return userTokens(await client.refreshTokenGrant(await configuration(), refreshToken));
      } catch (cause) {
        const code = refusedCode(cause);
        if (code === 'invalid_grant' || code === 'unauthorized_client') throw new GrantLost();
        if (cause instanceof GiteaError) throw cause;
        throw new GiteaError(
          0,
          `Gitea did not refresh a sign-in (${code ?? (cause as Error).message}).`,
          code === null ? { cause } : {},
        );
      }
    },
  };
}
