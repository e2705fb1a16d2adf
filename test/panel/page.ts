import { afterEach, vi } from 'vitest';
import type { PageContext } from '../../src/panel/page/context.ts';

/** A page context as the templates give it for the pull request 3 of ml/wine. */
export function pageContext(changes: Partial<PageContext> = {}): PageContext {
  return {
    kind: 'pull-conversation',
    base: 'https://git.example.com/-/databricks/',
    repository: { id: 7, fullName: 'ml/wine', link: '/ml/wine' },
    pull: 3,
    user: 2,
    signInUrl: '/user/login?redirect_to=%2Fml%2Fwine%2Fpulls%2F3',
    ...changes,
  };
}

export interface SentRequest {
  method: string;
  path: string;
  body: unknown;
  user: string | null;
}

/** What a route answers: a body (200), or a status with one; a function is asked each time. */
export type Answer = { status?: number; body?: unknown; url?: string; fail?: boolean };
/** Requests that nobody planned, for the check after each test. */
const asked: string[] = [];

type Routes = Record<string, Answer | ((request: SentRequest) => Answer | Promise<Answer>)>;

/**
 * Stands in for the network: answers the named routes ("GET api/v1/…", below the base) and records what was
 * sent. Anything else fails the test that asked for it, at its end.
 */
export function network(routes: Routes) {
  const sent: SentRequest[] = [];
  const base = pageContext().base;
  vi.stubGlobal('fetch', async (input: Request | string, init?: RequestInit) => {
    const request = input instanceof Request ? input : new Request(input, init);
    const text = await request.clone().text();
    const one = {
      method: request.method,
      path: request.url.replace(base, ''),
      body: text === '' ? undefined : (JSON.parse(text) as unknown),
      user: request.headers.get('x-gitea-user'),
    };
    sent.push(one);
    const route = routes[`${one.method} ${one.path}`];
    if (route === undefined) {
      asked.push(`${one.method} ${one.path}`);
      throw new TypeError('unplanned request');
    }
    const answer = typeof route === 'function' ? await route(one) : route;
    if (answer.fail) throw new TypeError('Failed to fetch');
    const response = new Response(answer.body === undefined ? null : JSON.stringify(answer.body), {
      status: answer.status ?? 200,
      headers: { 'content-type': 'application/json' },
    });
    Object.defineProperty(response, 'url', { value: answer.url ?? request.url });
    return response;
  });
  return { sent, routes };
}

/** A problem-details answer with a code of the contract. */
export function problem(status: number, code: string, detail: string, more: object = {}): Answer {
  return { status, body: { type: `#${code}`, title: code, status, code, detail, ...more } };
}

/** Polls until the condition holds; says what was there when it never did. */
export async function until(condition: () => boolean, what = () => document.body.innerHTML): Promise<void> {
  for (let i = 0; i < 400; i += 1) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`still not so: ${condition}\n${what()}`);
}

afterEach(() => {
  vi.unstubAllGlobals();
  const surprises = asked.splice(0);
  if (surprises.length > 0)
    throw new Error(`requests that no route was planned for: ${surprises.join(', ')}`);
});
