import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';

const version = 'v1';

/**
 * Encrypts a secret for the store (AES-256-GCM).
 *
 * @param key 32 bytes, from the admin's file
 * @param place what the secret belongs to; the text opens with the same place only, so rows cannot be swapped
 */
export function seal(key: Uint8Array, place: string, secret: string): string {
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(place));
  const sealed = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
  return [version, iv, sealed, cipher.getAuthTag()]
    .map((part) => (typeof part === 'string' ? part : part.toString('base64url')))
    .join('.');
}

/** Opens what `seal` made. @throws when the key is another one, or the text was changed or moved */
export function unseal(key: Uint8Array, place: string, text: string): string {
  const [head, iv, sealed, tag] = text.split('.');
  if (head !== version || iv === undefined || sealed === undefined || tag === undefined) {
    throw new Error('A stored secret has a form that is not known here.');
  }
  const bytes = (part: string) => Buffer.from(part, 'base64url');
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, bytes(iv)).setAAD(Buffer.from(place));
    decipher.setAuthTag(bytes(tag));
    return Buffer.concat([decipher.update(bytes(sealed)), decipher.final()]).toString('utf8');
  } catch (cause) {
    throw new Error(
      'A stored secret cannot be decrypted: the encryption key is another one than the one it was stored with.',
      { cause },
    );
  }
}

/** 256 random bits, as a text for cookies and states. */
export function randomToken(): string {
  return randomBytes(32).toString('base64url');
}

/** What is stored of a random token: enough to recognise it, nothing to use. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
