import { randomBytes } from 'node:crypto';
import type { ForgeContext } from '../context.ts';
import { Refusal } from '../refusal.ts';
import type { TokenRow, UserRow } from '../store/rows.ts';
import { sha256 } from './passwords.ts';
import { normalScopes } from './scopes.ts';

/** Makes an access token; its text is given once and only its hash is kept. */
export function createToken(
  forge: ForgeContext,
  user: UserRow,
  name: string,
  scopes: readonly string[],
): { row: TokenRow; token: string } {
  if (name.trim() === '') throw new Refusal(422, '[Name]: Required');
  if (forge.store.tokens.find({ userId: user.id, name }) !== undefined) {
    throw new Refusal(400, 'access token name has been used already');
  }
  const normal = normalScopes(scopes);
  if (normal === undefined)
    throw new Refusal(400, `invalid access token scope provided: ${scopes.join(',')}`);
  if (normal.length === 0) throw new Refusal(400, 'access token must have a scope');
  const token = randomBytes(20).toString('hex');
  const row = forge.store.tokens.insert({
    userId: user.id,
    name,
    hash: sha256(token),
    lastEight: token.slice(-8),
    scopes: normal,
    created: forge.now(),
    updated: forge.now(),
  });
  return { row, token };
}
