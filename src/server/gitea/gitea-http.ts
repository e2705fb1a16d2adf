import ky, { HTTPError } from 'ky';
import type { Clock } from '../duty/clock.ts';
import { pause, systemClock } from '../duty/clock.ts';
import { assertLease } from '../duty/lease.ts';
import { withoutQuotedSecrets } from '../identity/quoted-secrets.ts';
import { timeLimit } from '../outbound/time-limit.ts';
import { GiteaError } from './error.ts';

export interface GiteaHttpOptions {
  /** Where the backend reaches Gitea, without trailing slash (a sub-path is kept). */
  url: string;
  /** Of the bot: `read:user,write:repository,write:issue`. */
  token: string;
  userAgent: string;
  /** Ends all calls with a temporary error: the backend stops. */
  signal?: AbortSignal;
  /** For time-outs and the pauses between two tries. */
  clock?: Clock;
  fetch?: typeof globalThis.fetch;
}

export interface GiteaCall {
  query?: Record<string, string | number | boolean | undefined>;
  /** Sent as JSON. */
  body?: unknown;
  /** For all tries together and the answer's body; 20 s by default. */
  timeoutMs?: number;
}

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

/** The answer itself does not go along as a cause: it may quote the token, and causes are logged. */
function refusal(error: HTTPError, token: string): GiteaError {
  const data = error.data as { message?: unknown } | string | undefined;
  const told =
    typeof data === 'object' && data !== null && typeof data.message === 'string' ? data.message : '';
  const { status } = error.response;
  return new GiteaError(
    status,
    withoutQuotedSecrets(told, [token]).slice(0, 500) || `Gitea answered ${status}.`,
  );
}

const mostTries = 3;
/** Longest `Retry-After` that is heeded, milliseconds. */
const longestRestMs = 10_000;

/** Pause before a read is tried again, milliseconds; null: the same would come again. */
function restMs(error: unknown, tries: number): number | null {
  const own = 300 * 2 ** tries * (0.5 + Math.random());
  // An answer that is no JSON came from somebody else than Gitea, who says the same again.
  if (!(error instanceof HTTPError)) return error instanceof SyntaxError ? null : own;
  if (![429, 503].includes(error.response.status)) return null;
  const wanted = Number(error.response.headers.get('retry-after')) * 1_000 || 0;
  return Math.min(Math.max(own, wanted), longestRestMs);
}

/** A branch called ".." (which git does not allow) would make another address of it, for the bot's token (hazard 25). */
function leadsElsewhere(path: string): boolean {
  return path.split('/').some((step) => /^(\.|%2e){1,2}$/i.test(step));
}

/**
 * REST v1 calls with the bot's token. Reads are retried on 429, 503 and lost connections; writes never, since
 * the outbox repeats them. Redirects are not followed. Every failure is a {@link GiteaError}; a duty whose lease ran
 * out meanwhile does not call at all (LeaseLost).
 */
export class GiteaHttp {
  readonly url: string;
  readonly #options: GiteaHttpOptions;

  constructor(options: GiteaHttpOptions) {
    this.url = options.url.replace(/\/+$/, '');
    this.#options = options;
  }

  /** @param path below `/api/v1`, encoded by the caller. @returns undefined for an answer without a body (204) */
  async json<T>(method: Method, path: string, call: GiteaCall = {}): Promise<T> {
    if (leadsElsewhere(path)) throw new GiteaError(404, 'Gitea has nothing of that name.');
    const { signal, clock = systemClock } = this.#options;
    const limit = timeLimit(clock, call.timeoutMs ?? 20_000, signal);
    try {
      for (let tries = 1; ; tries += 1) {
        assertLease();
        try {
          return await this.#ask<T>(method, path, call, limit.signal);
        } catch (error) {
          const rest =
            method === 'GET' && tries < mostTries && !limit.signal.aborted ? restMs(error, tries) : null;
          if (rest === null) throw this.#failure(error, limit.over);
          await pause(clock, rest, limit.signal);
        }
      }
    } finally {
      limit.callOff();
    }
  }

  async #ask<T>(method: Method, path: string, call: GiteaCall, signal: AbortSignal): Promise<T> {
    const response = await ky(`${this.url}/api/v1${path}`, {
      method,
      searchParams: call.query,
      redirect: 'manual',
      signal,
      timeout: false,
      headers: { authorization: `token ${this.#options.token}`, 'user-agent': this.#options.userAgent },
      ...(call.body !== undefined && { json: call.body }),
      retry: 0,
      ...(this.#options.fetch && { fetch: this.#options.fetch }),
    });
    return (response.status === 204 ? undefined : await response.json()) as T;
  }

  #failure(error: unknown, tooLate: boolean): GiteaError {
    if (error instanceof HTTPError) return refusal(error, this.#options.token);
    if (tooLate) return new GiteaError(0, `Gitea (${this.url}) did not answer in time.`, { cause: error });
    if (this.#options.signal?.aborted)
      return new GiteaError(0, 'The backend stops; this goes on at its next start.', { cause: error });
    return new GiteaError(0, `Gitea (${this.url}) cannot be reached.`, { cause: error });
  }

  /** Like `json`, null where Gitea says that it does not exist. */
  async find<T>(path: string, call: GiteaCall = {}): Promise<T | null> {
    try {
      return await this.json<T>('GET', path, call);
    } catch (error) {
      if (error instanceof GiteaError && error.missing) return null;
      throw error;
    }
  }

  /** All pages of a list. @param bound after so many items it stops, so that no answer is endless */
  async *pages<T>(path: string, call: GiteaCall = {}, bound = 10_000): AsyncIterable<T> {
    const limit = 50;
    for (let page = 1, seen = 0; seen < bound; page++) {
      const items = await this.json<T[]>('GET', path, { ...call, query: { ...call.query, page, limit } });
      yield* items;
      seen += items.length;
      if (items.length < limit) return;
    }
  }
}
