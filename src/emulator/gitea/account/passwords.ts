import type { ScryptOptions } from 'node:crypto';
import { createHash, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt);

/** scrypt's N: low, for passwords here are made at random, git sends one with each request, and tests make many users. */
const cost = 1_024;

/** scrypt of a password with a fresh salt: `salt:key:cost`, the first two in hex. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const key = await derive(password, salt, 32, { N: cost });
  return `${salt.toString('hex')}:${key.toString('hex')}:${cost}`;
}

/** Whether a password is the one that was hashed. */
export async function isPassword(password: string, stored: string): Promise<boolean> {
  const [salt, key, N] = stored.split(':');
  if (salt === undefined || key === undefined || N === undefined) return false;
  const expected = Buffer.from(key, 'hex');
  const derived = await derive(password, Buffer.from(salt, 'hex'), expected.length, { N: Number(N) });
  return timingSafeEqual(derived, expected);
}

/** sha-256, hex: how tokens, codes and session ids are stored. They are random, so no salt is needed. */
export function sha256(value: string): string {
  return createHash('sha256').update(value).digest('hex');
}
