import type { StoredSigningKey } from './signing-keys.ts';

/** A token of ours lives no longer than this, seconds. */
export const tokenLifeSeconds = 300;

/** How long whoever fetched the key set may go on using it, seconds: the `max-age` of its route. */
export const keySetCacheSeconds = 300;

/**
 * A new key is published this long before it signs, unless the admin asks for longer: twice what caches may keep, so
 * that nobody meets a token whose key they have not seen.
 */
export const shortestLeadMs = 2 * keySetCacheSeconds * 1000;

/**
 * What is allowed for beyond life and cache: clocks that differ by a minute (which Databricks forgives), and a key
 * set that is fetched at the very end of its cache time.
 */
const marginMs = 2 * 60_000;

/** From its retirement on a key stays published this long: until the last token of it has ended everywhere. */
export const publishedAfterMs = (tokenLifeSeconds + keySetCacheSeconds) * 1000 + marginMs;

/** `next`: published, signs later. `retired`: signs no more, still published. `outdated`: may be removed. */
export type KeyState = 'next' | 'signing' | 'retired' | 'outdated';

export interface ScheduledKey {
  key: StoredSigningKey;
  state: KeyState;
  /** When it begins to sign, where that lies ahead; when it goes away, for a retired one. */
  until: Date | null;
}

const retirement = ({ retiredAt }: StoredSigningKey) => retiredAt?.getTime() ?? Number.POSITIVE_INFINITY;

/** In the order in which they sign; keys of one moment (two processes made the first one) by their names. */
function inOrder(a: StoredSigningKey, b: StoredSigningKey): number {
  const [first, second] = [retirement(a), retirement(b)];
  if (first !== second) return first < second ? -1 : 1;
  return a.createdAt.getTime() - b.createdAt.getTime() || (a.kid < b.kid ? -1 : 1);
}

/**
 * What each key does at a moment. The first that is not retired signs; the next waits until that one's retirement,
 * which lies ahead from the rotation on.
 *
 * @returns in the order in which they sign
 */
export function keySchedule(keys: readonly StoredSigningKey[], now: Date): ScheduledKey[] {
  const at = now.getTime();
  let signing: StoredSigningKey | null = null;
  return [...keys].sort(inOrder).map((key) => {
    const retired = retirement(key);
    if (retired + publishedAfterMs <= at) return { key, state: 'outdated', until: null };
    if (retired <= at) return { key, state: 'retired', until: new Date(retired + publishedAfterMs) };
    if (signing) return { key, state: 'next', until: signing.retiredAt };
    signing = key;
    return { key, state: 'signing', until: null };
  });
}
