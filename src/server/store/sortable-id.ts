import { randomBytes } from 'node:crypto';

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';
let lastTime = 0;
let sequence = 0;

function encode(value: number, length: number): string {
  let rest = value;
  let text = '';
  for (let i = 0; i < length; i++) {
    text = alphabet[rest % 32] + text;
    rest = Math.floor(rest / 32);
  }
  return text;
}

/**
 * An id that sorts by its time of birth: 9 characters of milliseconds, 3 of a counter within the millisecond,
 * 8 random ones (Crockford's base 32, lower case, no letters that look alike).
 */
export function sortableId(now: number = Date.now()): string {
  sequence = now <= lastTime ? sequence + 1 : 0;
  lastTime = Math.max(now, lastTime);
  const random = [...randomBytes(8)].map((byte) => alphabet[byte % 32]).join('');
  return encode(lastTime, 9) + encode(sequence % 32_768, 3) + random;
}

/** Sorts after every id that was born before then, and before all others. */
export const firstIdAt = (time: Date): string => encode(Math.max(0, time.getTime()), 9);

/**
 * An id that sorts after this one, whatever the clock says: it may have been set back, and another backend's may be
 * ahead.
 */
export function sortableIdAfter(earlier: string, now?: number): string {
  const id = sortableId(now);
  if (id > earlier) return id;
  const time = [...earlier.slice(0, 9)].reduce((sum, digit) => sum * 32 + alphabet.indexOf(digit), 0);
  return encode(time + 1, 9) + id.slice(9);
}
