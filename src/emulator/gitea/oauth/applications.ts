import { randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import { sha256 } from '../account/passwords.ts';
import type { ForgeContext } from '../context.ts';
import { Refusal } from '../refusal.ts';
import type { ApplicationRow, UserRow } from '../store/rows.ts';

export interface NewApplication {
  name: string;
  redirectUris: string[];
  isConfidential: boolean;
  skipSecondaryAuthorization: boolean;
}

/** Registers an OAuth2 client; the secret's text is given once. */
export function createApplication(
  forge: ForgeContext,
  user: UserRow,
  input: NewApplication,
): { row: ApplicationRow; secret: string } {
  if (input.redirectUris.length === 0) throw new Refusal(422, '[RedirectURIs]: Required');
  const invalid = input.redirectUris.find((uri) => !URL.canParse(uri));
  if (invalid !== undefined) throw new Refusal(422, `invalid redirect URI: ${invalid}`);
  const { secret, hash } = newSecret();
  const row = forge.store.applications.insert({
    ...input,
    userId: user.id,
    clientId: randomUUID(),
    secretHash: hash,
    created: forge.now(),
  });
  return { row, secret };
}

/** A fresh client secret and how it is stored. */
export function newSecret(): { secret: string; hash: string } {
  const secret = `gto_${randomBytes(32).toString('base64url').toLowerCase()}`;
  return { secret, hash: sha256(secret) };
}

/** Whether a client may use a redirect URI: exactly one it registered; public clients may vary a loopback's port. */
export function isRegisteredRedirect(application: ApplicationRow, uri: string): boolean {
  if (application.redirectUris.includes(uri)) return true;
  if (application.isConfidential || !URL.canParse(uri)) return false;
  const url = new URL(uri);
  if (!['127.0.0.1', '[::1]'].includes(url.hostname) || url.protocol !== 'http:') return false;
  url.port = '';
  return application.redirectUris.includes(url.href);
}

/** Whether a text is the client's secret. */
export function isSecret(application: ApplicationRow, secret: string): boolean {
  return timingSafeEqual(Buffer.from(sha256(secret)), Buffer.from(application.secretHash));
}
