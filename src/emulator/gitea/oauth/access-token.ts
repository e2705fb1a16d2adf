import { importJWK, jwtVerify, SignJWT } from 'jose';
import { normalScopes } from '../account/scopes.ts';
import type { ForgeContext } from '../context.ts';
import { groupsOf } from '../organisation/organisations.ts';
import type { ApplicationRow, GrantRow, UserRow } from '../store/rows.ts';
import { signingKey } from './signing-key.ts';

/** `[oauth2] ACCESS_TOKEN_EXPIRATION_TIME`, in seconds. */
export const accessTokenLifetime = 3600;
/** `[oauth2] REFRESH_TOKEN_EXPIRATION_TIME` (730 h), in seconds. */
const refreshTokenLifetime = 730 * 3600;

/** The issuer of tokens and of discovery. */
export function issuer(forge: ForgeContext): string {
  const { rootUrl, release } = forge.settings;
  return release.issuerSlash ? rootUrl : rootUrl.replace(/\/$/, '');
}

/** Signs the access and refresh token of a grant. Both are JWTs that name the grant and hold no scope. */
export async function signTokens(forge: ForgeContext, grant: GrantRow) {
  const sign = async (kind: 'access' | 'refresh', lifetime: number) => {
    const { privateKey, kid } = await signingKey(forge);
    return new SignJWT({ gnt: grant.id, tt: kind === 'access' ? 0 : 1 })
      .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid })
      .setIssuedAt(forge.now())
      .setJti(crypto.randomUUID())
      .setExpirationTime(forge.now() + lifetime)
      .sign(privateKey);
  };
  return {
    access: await sign('access', accessTokenLifetime),
    refresh: await sign('refresh', refreshTokenLifetime),
  };
}

/** The grant that a token of this forge names; undefined where token or grant are not valid any more. */
export async function grantOfToken(
  forge: ForgeContext,
  token: string,
  kind: 'access' | 'refresh',
): Promise<GrantRow | undefined> {
  try {
    const { publicJwk } = await signingKey(forge);
    const { payload } = await jwtVerify(token, await importJWK(publicJwk, 'RS256'), {
      algorithms: ['RS256'],
      currentDate: new Date(forge.now() * 1000),
      requiredClaims: ['exp', 'gnt', 'tt'],
    });
    if (payload.tt !== (kind === 'access' ? 0 : 1)) return undefined;
    return forge.store.grants.get(Number(payload.gnt));
  } catch {
    return undefined;
  }
}

/** The user of an OAuth access token and what it may be used for. The grant is looked up on every call. */
export async function userOfAccessToken(
  forge: ForgeContext,
  token: string,
): Promise<{ user: UserRow; scopes: string[]; grant: GrantRow } | undefined> {
  const grant = await grantOfToken(forge, token, 'access');
  const user = grant && forge.store.users.get(grant.userId);
  return user && grant
    ? { user, grant, scopes: forge.settings.release.scopedGrants ? grantedScopes(grant.scope) : ['all'] }
    : undefined;
}

/**
 * What a grant lets its token do in the API. Gitea's trap: where only OpenID's scopes were asked for, or any scope
 * is unknown, the token may do everything.
 */
function grantedScopes(scope: string): string[] {
  const openId = new Set(['openid', 'profile', 'email', 'groups']);
  const asked = scope.split(' ').filter((one) => one !== '' && !openId.has(one));
  const normal = normalScopes(asked);
  return normal === undefined || normal.length === 0 ? ['all'] : normal;
}

/** The OpenID token of a grant: claims by scope, `sub` is the numeric user id as text. */
export async function signIdToken(
  forge: ForgeContext,
  application: ApplicationRow,
  grant: GrantRow,
): Promise<string> {
  const user = forge.store.users.get(grant.userId)!;
  const { privateKey, kid } = await signingKey(forge);
  return new SignJWT({
    ...(grant.nonce === '' ? {} : { nonce: grant.nonce }),
    ...claims(forge, user, grant.scope.split(' ')),
  })
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid })
    .setIssuer(issuer(forge))
    .setAudience([application.clientId])
    .setSubject(String(user.id))
    .setIssuedAt(forge.now())
    .setExpirationTime(forge.now() + accessTokenLifetime)
    .sign(privateKey);
}

/** A user's claims for the granted scopes; `groups` is absent for users without organisations. */
export function claims(
  forge: ForgeContext,
  user: UserRow,
  scopes: readonly string[],
): Record<string, unknown> {
  const { rootUrl } = forge.settings;
  const groups = scopes.includes('groups') ? groupsOf(forge, user) : [];
  return {
    ...(scopes.includes('profile')
      ? {
          name: user.fullName || user.name,
          preferred_username: user.name,
          profile: `${rootUrl}${user.name}`,
          picture: `${rootUrl}avatars/${user.avatar}`,
          website: user.website,
          locale: user.language,
          updated_at: user.created,
        }
      : {}),
    ...(scopes.includes('email') ? { email: user.email, email_verified: true } : {}),
    ...(groups.length > 0 ? { groups } : {}),
  };
}
