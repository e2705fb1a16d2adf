import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { WorkspaceContext } from '../context.ts';
import { forbidden } from '../errors.ts';

/** How long a link works, in milliseconds: as long as those of cloud storage that Databricks gives out. */
const lifeMs = 15 * 60_000;

export type SignedLinks = ReturnType<typeof createSignedLinks>;

/**
 * Links that let whoever holds them read one file for a while, in the place of a cloud storage's presigned URLs. The
 * key lives as long as this process: after a restart a link is refused like one that expired.
 */
export function createSignedLinks(context: WorkspaceContext) {
  const key = randomBytes(32);
  const sign = (path: string, expires: string) =>
    createHmac('sha256', key).update(`${expires} ${path}`).digest();

  return {
    /** The query string for a path as `require` will see it. */
    query(path: string): string {
      const expires = String(context.clock.now() + lifeMs);
      return new URLSearchParams({
        expires,
        signature: sign(path, expires).toString('base64url'),
      }).toString();
    },
    /** @throws ApiError 403 unless the query was made for this path and has not expired. */
    require(path: string, { expires, signature }: { expires?: unknown; signature?: unknown }): void {
      const given = Buffer.from(String(signature), 'base64url');
      const wanted = sign(path, String(expires));
      const valid = given.length === wanted.length && timingSafeEqual(given, wanted);
      if (!valid || Number(expires) < context.clock.now())
        throw forbidden('This link is not signed for that file, or it has expired.');
    },
  };
}
