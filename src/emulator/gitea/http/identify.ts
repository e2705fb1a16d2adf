import { sha256 } from '../account/passwords.ts';
import { verifyPassword } from '../account/sessions.ts';
import type { ForgeContext } from '../context.ts';
import { userOfAccessToken } from '../oauth/access-token.ts';
import type { UserRow } from '../store/rows.ts';

/** Who a request comes from, and what its token may be used for. */
export interface Identity {
  user: UserRow;
  /** `password`: HTTP basic with the user's password; it may do everything. */
  by: 'password' | 'token' | 'oauth';
  scopes: readonly string[];
}

/**
 * Identifies a request by its `Authorization` header: `token X`, `Bearer X` (access tokens and OAuth access
 * tokens) or basic with a password, or a token in either place. Cookies never count here, as in Gitea's API.
 * Undefined without credentials, 'invalid' where they fit nobody.
 */
export async function identify(
  forge: ForgeContext,
  authorization: string | undefined,
): Promise<Identity | 'invalid' | undefined> {
  if (authorization === undefined) return undefined;
  const [scheme = '', credentials = ''] = authorization.split(/\s+(.*)/s);
  switch (scheme.toLowerCase()) {
    case 'token':
    case 'bearer':
      return (await byToken(forge, credentials.trim())) ?? 'invalid';
    case 'basic': {
      const text = Buffer.from(credentials, 'base64').toString('utf8');
      const colon = text.indexOf(':');
      const name = colon === -1 ? text : text.slice(0, colon);
      const password = colon === -1 ? '' : text.slice(colon + 1);
      const isToken = password === '' || password === 'x-oauth-basic';
      const token = await byToken(forge, isToken ? name : password);
      if (token !== undefined) return token;
      const user = await verifyPassword(forge, name, password);
      return user === undefined ? 'invalid' : { user, by: 'password', scopes: ['all'] };
    }
    default:
      return undefined;
  }
}

async function byToken(forge: ForgeContext, token: string): Promise<Identity | undefined> {
  if (/^[0-9a-f]{40}$/.test(token)) {
    const row = forge.store.tokens.find({ hash: sha256(token) });
    if (row === undefined) return undefined;
    if (row.updated < forge.now()) forge.store.tokens.update(row.id, { updated: forge.now() });
    return { user: forge.store.users.get(row.userId)!, by: 'token', scopes: row.scopes };
  }
  if (token.split('.').length !== 3) return undefined;
  const access = await userOfAccessToken(forge, token);
  return access && { user: access.user, by: 'oauth', scopes: access.scopes };
}
