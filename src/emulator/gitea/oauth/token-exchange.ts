import { createHash } from 'node:crypto';
import { sha256 } from '../account/passwords.ts';
import type { ForgeContext } from '../context.ts';
import type { ApplicationRow, CodeRow, GrantRow } from '../store/rows.ts';
import { accessTokenLifetime, grantOfToken, signIdToken, signTokens } from './access-token.ts';
import { isSecret } from './applications.ts';

/** An error of the token endpoint (RFC 6749 §5.2), always answered with 400. */
export class TokenError extends Error {
  readonly code: string;
  constructor(code: string, description: string) {
    super(description);
    this.name = 'TokenError';
    this.code = code;
  }
}

export interface TokenRequest {
  grantType: string;
  clientId: string;
  clientSecret: string;
  code: string;
  redirectUri: string;
  codeVerifier: string;
  refreshToken: string;
}

/** Exchanges a code or a refresh token for an access token, a refresh token and, with `openid`, an id token. */
export async function exchangeToken(forge: ForgeContext, request: TokenRequest) {
  const application = requireClient(forge, request.clientId, request.clientSecret);
  const grant = await findGrant(forge, application, request);
  const tokens = await signTokens(forge, grant);
  return {
    access_token: tokens.access,
    token_type: 'bearer',
    expires_in: accessTokenLifetime,
    refresh_token: tokens.refresh,
    ...(grant.scope.split(' ').includes('openid')
      ? { id_token: await signIdToken(forge, application, grant) }
      : {}),
  };
}

/** The client of an id and, for confidential ones, its secret. */
export function requireClient(forge: ForgeContext, clientId: string, secret: string): ApplicationRow {
  const application = forge.store.applications.find({ clientId });
  if (application === undefined) {
    throw new TokenError('invalid_client', `cannot load client with client id: ${JSON.stringify(clientId)}`);
  }
  if ((application.isConfidential || secret !== '') && !isSecret(application, secret)) {
    const description = secret === '' ? 'empty client secret' : 'invalid client secret';
    throw new TokenError(secret === '' ? 'invalid_client' : 'unauthorized_client', description);
  }
  return application;
}

async function findGrant(
  forge: ForgeContext,
  application: ApplicationRow,
  request: TokenRequest,
): Promise<GrantRow> {
  switch (request.grantType) {
    case 'authorization_code':
      return grantOfCode(forge, application, request);
    case 'refresh_token': {
      const grant = await grantOfToken(forge, request.refreshToken, 'refresh');
      if (grant === undefined) throw new TokenError('invalid_grant', 'grant does not exist');
      if (grant.applicationId !== application.id) {
        throw new TokenError('unauthorized_client', 'the refresh token belongs to another client');
      }
      return grant;
    }
    default:
      throw new TokenError(
        'unsupported_grant_type',
        'Only refresh_token or authorization_code grant type is supported',
      );
  }
}

function grantOfCode(forge: ForgeContext, application: ApplicationRow, request: TokenRequest): GrantRow {
  const { store } = forge;
  const code = store.transaction(() => {
    const found = store.codes.find({ hash: sha256(request.code) });
    // One use, whatever comes of it.
    if (found !== undefined) store.codes.remove({ id: found.id });
    return found;
  });
  if (code === undefined || code.validUntil < forge.now()) {
    throw new TokenError('unauthorized_client', 'client is not authorized');
  }
  const grant = store.grants.get(code.grantId);
  if (grant === undefined || grant.applicationId !== application.id) {
    throw new TokenError('invalid_grant', 'the code was given to another client');
  }
  if (code.redirectUri !== request.redirectUri) {
    throw new TokenError('unauthorized_client', 'the redirect URI differs from the authorization request');
  }
  if (!provesPossession(code, request.codeVerifier)) {
    throw new TokenError('unauthorized_client', 'failed PKCE code challenge');
  }
  return grant;
}

/** PKCE (RFC 7636 §4.6). */
function provesPossession(code: CodeRow, verifier: string): boolean {
  if (code.challengeMethod === '') return true;
  if (code.challengeMethod === 'plain') return verifier === code.challenge;
  return createHash('sha256').update(verifier).digest('base64url') === code.challenge.replace(/=+$/, '');
}
