import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * Whether `X-Gitea-Signature` is the hex HMAC-SHA256 of these very bytes. Gitea sends an empty signature for a
 * hook without a secret: that is refused like a wrong one. Never throws, whatever the header holds.
 */
export function signatureIsValid(
  secret: string,
  body: Uint8Array,
  header: string | string[] | undefined,
): boolean {
  if (typeof header !== 'string' || !/^[0-9a-f]{64}$/i.test(header) || secret === '') return false;
  const expected = createHmac('sha256', secret).update(body).digest();
  const given = Buffer.from(header, 'hex');
  return given.length === expected.length && timingSafeEqual(given, expected);
}
