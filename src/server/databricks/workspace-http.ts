import ky, { HTTPError } from 'ky';
import { guardedFetch } from '../outbound/guarded-fetch.ts';
import { DatabricksError } from './error.ts';
import type { Method } from './failed-answer.ts';
import { foreignAnswer, isPage, noAnswer, refusal, retryAfterOf, tooLate } from './failed-answer.ts';
import { parseLenientJson } from './lenient-json.ts';

export interface WorkspaceHttpOptions {
  /** `https://…` without trailing slash. */
  host: string;
  /** `<product>/<semver>`: ends up in Databricks' audit log. */
  userAgent: string;
  /** The guarded one by default: it connects to no link-local or metadata address. */
  fetch?: typeof globalThis.fetch;
  /** Told after each call whether the workspace answered (a refusal is an answer), for the connection state. */
  onResult?: (answered: boolean, error?: string) => void;
}

export interface CallOptions {
  query?: Record<string, string | number | boolean | undefined>;
  /** Sent as JSON; bytes and text as they are. */
  body?: unknown;
  /** For one attempt's headers, and again for its body; default 30 s. */
  timeoutMs?: number;
  /** A POST that may be repeated (a search, or a call with an idempotency token) is retried like a GET. */
  idempotent?: boolean;
}

const usualTimeoutMs = 30_000;

const idempotentMethods: readonly Method[] = ['GET', 'PUT', 'DELETE', 'HEAD'];

/** Statuses that something between us and Databricks gives when nobody is behind it. */
const gatewayStatuses: readonly number[] = [502, 503, 504];

/** Longest `Retry-After` that a call waits for itself, in seconds; with a longer one the caller decides. */
const longestWait = 10;

/**
 * REST calls to one workspace, with the token of the role that makes the call.
 *
 * Retried (twice, with jitter) are only 429, 503 and lost connections, and only where repeating is safe;
 * redirects are never followed, so that a token stays with the configured host (hazard 24).
 * Every failure is a {@link DatabricksError}.
 */
export class WorkspaceHttp {
  readonly host: string;
  readonly #options: WorkspaceHttpOptions;

  constructor(options: WorkspaceHttpOptions) {
    this.host = options.host.replace(/\/+$/, '');
    this.#options = options;
  }

  /** @returns the parsed body; `{}` where Databricks sends none. */
  async json<T>(token: string, method: Method, path: string, options: CallOptions = {}): Promise<T> {
    return await this.#call(token, method, path, options, async (response) => {
      const text = await response.text();
      if (text === '') return {} as T;
      try {
        return parseLenientJson(text) as T;
      } catch (cause) {
        throw foreignAnswer(method, path, isPage(response) ? 'a web page' : 'no JSON', cause);
      }
    });
  }

  /** @returns the raw body; files never come as web pages. */
  async bytes(token: string, method: Method, path: string, options: CallOptions = {}): Promise<Uint8Array> {
    return await this.#call(token, method, path, options, async (response) => {
      if (isPage(response)) throw foreignAnswer(method, path, 'a web page');
      return new Uint8Array(await response.arrayBuffer());
    });
  }

  /** Whatever a path holds, the token stays with the configured host. */
  #address(path: string): string {
    const address = `${this.host}${path}`;
    if (path.startsWith('/') && new URL(address).origin === new URL(this.host).origin) return address;
    throw new Error('A call to a workspace must have a path of its own host.');
  }

  async #call<T>(
    token: string,
    method: Method,
    path: string,
    options: CallOptions,
    read: (response: Response) => Promise<T>,
  ): Promise<T> {
    const { idempotent = idempotentMethods.includes(method) } = options;
    try {
      for (let left = idempotent ? 2 : 0; ; left -= 1) {
        // ky's time-out and retries end with the headers: a body may still stand still, or break off.
        const stop = new AbortController();
        const response = await this.#send(token, method, path, { ...options, idempotent }, stop.signal);
        const timer = setTimeout(() => stop.abort(), options.timeoutMs ?? usualTimeoutMs);
        try {
          const result = await read(response);
          this.#options.onResult?.(true);
          return result;
        } catch (error) {
          if (stop.signal.aborted) throw tooLate(this.host, error);
          if (left === 0 || error instanceof DatabricksError) throw error;
        } finally {
          clearTimeout(timer);
        }
      }
    } catch (error) {
      const failure =
        error instanceof DatabricksError
          ? error
          : error instanceof HTTPError
            ? refusal(error, method, path, token)
            : noAnswer(error, this.host);
      // A 500 is an answer; a gateway's 502 to 504 says that nobody is behind it.
      const answered = failure.status !== 0 && !gatewayStatuses.includes(failure.status);
      this.#options.onResult?.(answered, failure.message);
      throw failure;
    }
  }

  async #send(
    token: string,
    method: Method,
    path: string,
    { query, body, timeoutMs = usualTimeoutMs, idempotent }: CallOptions,
    signal: AbortSignal,
  ): Promise<Response> {
    const raw = body instanceof Uint8Array || typeof body === 'string';
    return await ky(this.#address(path), {
      method,
      searchParams: query,
      redirect: 'manual',
      signal,
      timeout: timeoutMs,
      headers: {
        authorization: `Bearer ${token}`,
        'user-agent': this.#options.userAgent,
        ...(raw && { 'content-type': 'application/octet-stream' }),
      },
      ...(raw && { body: body as RequestInit['body'] }),
      ...(!raw && body !== undefined && { json: body }),
      retry: {
        limit: 2,
        methods: idempotent ? [method.toLowerCase()] : [],
        statusCodes: [429, 503],
        afterStatusCodes: [429, 503],
        maxRetryAfter: longestWait * 1000,
        // Sooner than Databricks asks for only makes it worse.
        shouldRetry: ({ error }) =>
          error instanceof HTTPError && (retryAfterOf(error.response) ?? 0) > longestWait ? false : undefined,
        jitter: true,
      },
      fetch: this.#options.fetch ?? guardedFetch,
    });
  }
}
