import type { Json } from '../body.ts';
import { optionalString } from '../body.ts';
import { invalid } from '../errors.ts';

/** An opaque token for what lies below an id in a newest-first list. */
export const pageToken = (lastId: number) => Buffer.from(`before:${lastId}`).toString('base64url');

/** The id below which the asked page starts; infinite for the first. @throws ApiError 400 for a foreign token. */
export function pageAt(query: Json): number {
  const token = optionalString(query, 'page_token');
  if (!token) return Number.MAX_SAFE_INTEGER;
  const id = /^before:(\d+)$/.exec(Buffer.from(token, 'base64url').toString())?.[1];
  if (id === undefined) throw invalid('page_token is not one that this list gave out.');
  return Number(id);
}
