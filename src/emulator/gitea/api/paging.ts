import type { ApiCall } from './router.ts';

/** Gitea's `[api]` DEFAULT_PAGING_NUM and MAX_RESPONSE_ITEMS. */
const defaultLimit = 30;
const maxLimit = 50;

export interface Page {
  page: number;
  limit: number;
  offset: number;
}

/** The page a call asks for with `page` and `limit`. */
export function pageOf(call: ApiCall): Page {
  const page = Math.max(1, Number(call.query('page')) || 1);
  const asked = Number(call.query('limit')) || defaultLimit;
  const limit = Math.min(maxLimit, Math.max(1, asked));
  return { page, limit, offset: (page - 1) * limit };
}

/** Cuts the asked page out of a list and sets `X-Total-Count` and `Link`. */
export function paged<T>(call: ApiCall, all: readonly T[]): T[] {
  const page = pageOf(call);
  setPageHeaders(call, page, all.length);
  return all.slice(page.offset, page.offset + page.limit);
}

/** Sets `X-Total-Count` and `Link` for a page of a list. */
export function setPageHeaders(call: ApiCall, { page, limit }: Page, total: number): void {
  call.reply.header('X-Total-Count', String(total));
  const last = Math.max(1, Math.ceil(total / limit));
  if (last === 1) return;
  const link = (number: number, relation: string) => {
    const url = new URL(call.request.url.replace(/^\//, ''), call.forge.settings.rootUrl);
    url.searchParams.set('page', String(number));
    return `<${url.href}>; rel="${relation}"`;
  };
  const links = [
    ...(page < last ? [link(page + 1, 'next'), link(last, 'last')] : []),
    ...(page > 1 ? [link(1, 'first'), link(page - 1, 'prev')] : []),
  ];
  if (links.length > 0) call.reply.header('Link', links.join(','));
}
