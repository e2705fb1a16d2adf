import ky from 'ky';
import { apiPath, pageUserHeader } from '../../contract/address.ts';
import type { PageContext } from '../page/context.ts';
import { ProblemError, problemOf } from './problem-error.ts';
import type { SignInOutcome } from './sign-in.ts';

/** The slice of sign-in that requests need. */
export interface SignInPort {
  /** Tries without asking the user. Calls at once share one attempt. */
  silently(): Promise<SignInOutcome>;
}

export interface RequestOptions {
  query?: Record<string, string | number | boolean | undefined>;
  body?: unknown;
  signal?: AbortSignal;
}

/**
 * Requests to the backend as the page's user. A missing session, or one of another user, is replaced silently
 * and the request is sent once more: nothing was done under the refused one. Rejects with `ProblemError` only
 * (and with the abort reason).
 */
export class Backend {
  readonly #http: typeof ky;
  readonly #signIn: SignInPort;
  readonly #user: number | null;
  /** Resolves with the first request that is not refused: it succeeded, or the backend is away and may come back. */
  readonly unrefused: Promise<void>;
  #tellUnrefused: () => void = () => {};

  constructor(page: Pick<PageContext, 'base' | 'user'>, signIn: SignInPort) {
    this.#signIn = signIn;
    this.#user = page.user;
    this.unrefused = new Promise((resolve) => {
      this.#tellUnrefused = resolve;
    });
    this.#http = ky.create({
      prefix: page.base + apiPath,
      headers: { [pageUserHeader]: `${page.user}` },
      // Another origin of the same site needs the session's cookie too.
      credentials: 'include',
      throwHttpErrors: false,
      retry: 0,
      timeout: 30_000,
    });
  }

  get<T>(path: string, options: Omit<RequestOptions, 'body'> = {}): Promise<T> {
    return this.#request('get', path, options);
  }

  /** Sends a JSON body always: the API takes no other media type. */
  post<T = unknown>(path: string, body: unknown = {}, signal?: AbortSignal): Promise<T> {
    return this.#request('post', path, { body, signal });
  }

  async #request<T>(method: string, path: string, options: RequestOptions): Promise<T> {
    if (this.#user === null) throw new ProblemError('signed-out', refusals['signed-out']);
    try {
      return await this.#send(method, path, options);
    } catch (error) {
      if (!isSessionRefusal(error)) throw error;
    }
    const outcome = await this.#signIn.silently();
    if (outcome !== 'signed-in') throw new ProblemError(outcome, refusals[outcome]);
    return this.#send(method, path, options);
  }

  async #send<T>(method: string, path: string, { query, body, signal }: RequestOptions): Promise<T> {
    let response: Response;
    try {
      response = await this.#http(path, { method, searchParams: query, json: body, signal });
    } catch (cause) {
      signal?.throwIfAborted();
      this.#tellUnrefused();
      throw new ProblemError('unreachable', refusals.unreachable, { cause });
    }
    const parsed: unknown = await response.json().catch(() => undefined);
    signal?.throwIfAborted();
    if (response.ok || response.status >= 500) this.#tellUnrefused();
    // An answer that is no JSON is some proxy's page; only "no content" needs none.
    if (!response.ok || (parsed === undefined && response.status !== 204)) {
      throw problemOf(response.status, parsed);
    }
    return parsed as T;
  }
}

const refusals = {
  'signed-out': 'You are signed out of Gitea.',
  'consent-needed': 'Gitea asks you once to allow this.',
  unreachable: "The Databricks panel's server cannot be reached.",
};

function isSessionRefusal(error: unknown): boolean {
  const code = error instanceof ProblemError && error.code;
  return code === 'signed-out' || code === 'session-of-another-user';
}
