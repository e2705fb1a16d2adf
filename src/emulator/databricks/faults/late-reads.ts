import { createHash } from 'node:crypto';
import type { AfterHandler } from './fault.ts';

type Late = Extract<AfterHandler, { kind: 'late' }>;

/** An answer in place of the handler's. */
export interface Shown {
  status: number;
  body: string;
}

/** What each kind of read showed so far, so that what is new can be held back. */
export function createLateReads() {
  const seen = new Map<string, string>();

  return {
    /**
     * Whether this answer is news to its reader; what is not held back counts as shown from now on.
     * @param read method, address and body of the request
     */
    isNews(fault: Late, id: number, read: string, body: string): boolean {
      const last = seen.get(keyOf(id, read));
      if (last === body) return false;
      if (last !== undefined || fault.before !== 'seen') return true;
      seen.set(keyOf(id, read), body);
      return false;
    },
    /**
     * What the reader sees instead of the news.
     * @param address the request's path and query
     */
    instead(fault: Late, address: string, shown: string | undefined): Shown {
      if (shown !== undefined) return { status: 200, body: shown };
      return fault.before === 'empty' ? { status: 200, body: '{}' } : missing(address);
    },
    shownBefore: (id: number, read: string): string | undefined => seen.get(keyOf(id, read)),
  };
}

/** Jobs says that something is missing with 400 (facts: Jobs 2.2), everybody else with 404. */
function missing(address: string): Shown {
  const { pathname, searchParams } = new URL(address, 'http://workspace');
  const [kind, id] = searchParams.has('run_id')
    ? ['Run', searchParams.get('run_id')]
    : ['Job', searchParams.get('job_id')];
  return pathname.includes('/jobs/')
    ? { status: 400, body: envelope('INVALID_PARAMETER_VALUE', `${kind} ${id} does not exist.`) }
    : { status: 404, body: envelope('RESOURCE_DOES_NOT_EXIST', `${pathname} is not known here.`) };
}

const envelope = (error_code: string, message: string) => JSON.stringify({ error_code, message });

const keyOf = (id: number, read: string) => `${id} ${createHash('sha256').update(read).digest('hex')}`;
