import type { CallAs } from '../training/workspace-port.ts';
import type { Call } from './caller.ts';

/** Of the Jobs API; 2.2 tells tasks in pages and `status`. */
export const jobsBase = '/api/2.2/jobs';

/** The most answers that are read for one job or run: 100 tasks each, and a job has at most 1,000. */
const mostPages = 10;

/** The answers about one job or run, whose lists come in parts (Jobs 2.2: more than 100 tasks). */
export async function partsOf<Part>(
  call: Call,
  as: CallAs,
  path: string,
  query: Record<string, string | number>,
): Promise<[Part, ...Part[]]> {
  const get = (page_token?: string) =>
    call<Part & { next_page_token?: string }>(as, 'GET', path, { query: { ...query, page_token } });
  const first = await get();
  const parts: [Part, ...Part[]] = [first];
  let next = first.next_page_token;
  while (next && parts.length < mostPages) {
    const part = await get(next);
    parts.push(part);
    next = part.next_page_token;
  }
  return parts;
}
