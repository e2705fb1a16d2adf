import type { Json } from '../body.ts';
import { optionalInteger, optionalString } from '../body.ts';
import { invalid } from '../errors.ts';

/** Where a page of a newest-first list begins. */
export interface PageStart {
  /** False for a page that `prev_page_token` asked for: it ends where the one after it begins. */
  older: boolean;
  /** The page holds ids below this one (older) or above it. */
  than: number;
  /** How many to leave out, of the deprecated `offset`. */
  offset: number;
}

const token = (older: boolean, id: number) =>
  Buffer.from(`${older ? 'before' : 'after'}:${id}`).toString('base64url');

/** Reads `page_token` and `offset`. @throws ApiError 400 for a foreign token. */
export function pageStart(query: Json): PageStart {
  const given = optionalString(query, 'page_token');
  if (!given)
    return { older: true, than: Number.MAX_SAFE_INTEGER, offset: optionalInteger(query, 'offset') ?? 0 };
  const [, direction, id] = /^(before|after):(\d+)$/.exec(Buffer.from(given, 'base64url').toString()) ?? [];
  if (id === undefined) throw invalid('page_token is not one that this list gave out.');
  return { older: direction === 'before', than: Number(id), offset: 0 };
}

/**
 * The page of a list, newest first, and what the answer says of the pages beside it.
 * @param found what matches from the page's start on, in the page's direction; only what is needed is read.
 */
export function takePage<Item extends { id: number }>(
  found: Iterable<Item>,
  start: PageStart,
  limit: number,
): { page: Item[]; links: { has_more: boolean; next_page_token?: string; prev_page_token?: string } } {
  const taken: Item[] = [];
  let skipped = 0;
  let beyond = false;
  for (const item of found) {
    if (skipped < start.offset) skipped += 1;
    else if (taken.length < limit) taken.push(item);
    else {
      beyond = true;
      break;
    }
  }
  const page = start.older ? taken : taken.toReversed();
  const [newest, oldest] = [page[0], page.at(-1)];
  const first = start.than === Number.MAX_SAFE_INTEGER && skipped === 0;
  const more = start.older ? beyond : true;
  const before = start.older ? !first : beyond;
  return {
    page,
    links: {
      has_more: more,
      ...(more && oldest && { next_page_token: token(true, oldest.id) }),
      ...(before && newest && { prev_page_token: token(false, newest.id) }),
    },
  };
}
