import ky from 'ky';
import { apiPath, pageUserHeader } from '../../contract/address.ts';
import type { PageContext } from '../page/context.ts';
import { ProblemError, problemOf } from './problem-error.ts';
import type { SignInOutcome } from './sign-in.ts';

/** The slice of sign-in that requests need. */
export interface SignInPort {
  /** Tries without asking the user; the new state. Calls at once share one attempt. */
  silently(): Promise<SignInOutcome>;
  /** Tells that a request was answered as the page's user. */
  confirm(): void;
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

  constructor(page: Pick<PageContext, 'base' | 'user'>, signIn: SignInPort) {
    this.#signIn = signIn;
    this.#user = page.user;
    this.#http = ky.create({
      prefix: page.base + apiPath,
      headers: {
        accept: 'application/json',
        ...(page.user === null ? {} : { [pageUserHeader]: `${page.user}` }),
      },
      // Another origin of the same site needs the session's cookie too.
      credentials: 'include',
      throwHttpErrors: false,
      retry: 0,
      timeout: 30_000,
    });
  }

  async get<T>(path: string, options: Omit<RequestOptions, 'body'> = {}): Promise<T> {
    return this.#request<T>('get', path, options);
  }

  /** Sends a JSON body always: the API takes no other media type. */
  async post<T = unknown>(path: string, body: unknown = {}, signal?: AbortSignal): Promise<T> {
    return this.#request<T>('post', path, { body, signal });
  }

  async #request<T>(method: 'get' | 'post', path: string, options: RequestOptions): Promise<T> {
    if (this.#user === null) throw new ProblemError('signed-out', 'Nobody is signed in.');
    let answer = await this.#send(method, path, options);
    if (isSessionRefusal(answer.error)) {
      const outcome = await this.#signIn.silently();
      if (outcome !== 'signed-in') throw new ProblemError(outcome, refusals[outcome]);
      answer = await this.#send(method, path, options);
    }
    if (answer.error !== null) throw answer.error;
    this.#signIn.confirm();
    return answer.body as T;
  }

  async #send(
    method: 'get' | 'post',
    path: string,
    { query, body, signal }: RequestOptions,
  ): Promise<Answer> {
    let response: Response;
    try {
      response = await this.#http(path, { method, searchParams: query, json: body, signal });
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      throw new ProblemError('unreachable', "The Databricks panel's server cannot be reached.", {
        cause: error,
      });
    }
    const parsed: unknown = await response.json().catch(() => undefined);
    if (signal?.aborted) throw signal.reason;
    if (!response.ok) return { body: undefined, error: problemOf(response.status, parsed) };
    if (parsed === undefined && response.status !== 204) {
      return { body: undefined, error: problemOf(response.status, parsed) };
    }
    return { body: parsed, error: null };
  }
}

const refusals = {
  'signed-out': 'You are signed out of Gitea.',
  'consent-needed': 'Gitea asks you once to allow this.',
  unreachable: "The Databricks panel's server cannot be reached.",
};

interface Answer {
  body: unknown;
  error: ProblemError | null;
}

function isSessionRefusal(error: ProblemError | null): boolean {
  return error?.code === 'signed-out' || error?.code === 'session-of-another-user';
}
