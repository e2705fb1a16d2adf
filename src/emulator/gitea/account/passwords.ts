import { createHash, createHmac, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify<string, Buffer, number, Buffer>(scrypt);

/** scrypt of a password with a fresh salt: `salt:key`, hex. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  return `${salt.toString('hex')}:${(await derive(password, salt, 32)).toString('hex')}`;
}

/** How many checks that passed are remembered; the oldest is forgotten first. */
const rememberedChecks = 1_000;
const remembering = randomBytes(32);
const passed = new Set<string>();

/**
 * Whether a password is the one that was hashed. git sends it with each of its requests, and deriving takes tens
 * of milliseconds by design: what passed once is remembered while the process lives, under a key that goes with it.
 */
export async function isPassword(password: string, stored: string): Promise<boolean> {
  const [salt, key] = stored.split(':');
  if (salt === undefined || key === undefined) return false;
  const check = createHmac('sha256', remembering).update(`${stored}:${password}`).digest('hex');
  if (passed.has(check)) return true;
  const expected = Buffer.from(key, 'hex');
  if (!timingSafeEqual(await derive(password, Buffer.from(salt, 'hex'), expected.length), expected))
    return false;
  if (passed.size >= rememberedChecks) passed.delete(passed.values().next().value!);
  passed.add(check);
  return true;
}

/** sha-256, hex: how tokens, codes and session ids are stored. They are random, so no salt is needed. */
export function sha256(value: string): string {
  return createHash('sha256').update(value).digest('hex');
}
