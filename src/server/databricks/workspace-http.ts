import ky, { HTTPError, TimeoutError } from 'ky';
import { DatabricksError } from './error.ts';
import { parseLenientJson } from './lenient-json.ts';

export interface WorkspaceHttpOptions {
  /** `https://…` without trailing slash. */
  host: string;
  /** `<product>/<semver>`: ends up in Databricks' audit log. */
  userAgent: string;
  fetch?: typeof globalThis.fetch;
  /** Told after each call whether the workspace answered (a refusal is an answer), for the connection state. */
  onResult?: (answered: boolean, error?: string) => void;
}

export interface CallOptions {
  query?: Record<string, string | number | boolean | undefined>;
  /** Sent as JSON; bytes and text as they are. */
  body?: unknown;
  /** For one attempt; default 30 s. */
  timeoutMs?: number;
  /** A POST that may be repeated (a search, or a call with an idempotency token) is retried like a GET. */
  idempotent?: boolean;
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD';

const idempotentMethods: readonly Method[] = ['GET', 'PUT', 'DELETE', 'HEAD'];

/** Databricks answers with JSON, sometimes with text or HTML; `error_code` is sometimes an integer. */
function refusal(error: HTTPError): DatabricksError {
  const { response } = error;
  const data = error.data as { error_code?: unknown; message?: unknown } | string | undefined;
  const told = typeof data === 'object' && data !== null ? data : {};
  const text = typeof data === 'string' && !data.trimStart().startsWith('<') ? data.slice(0, 500) : '';
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  const redirected = response.status >= 300 && response.status < 400;
  return new DatabricksError(
    {
      code: typeof told.error_code === 'string' ? told.error_code : `HTTP_${response.status}`,
      status: response.status,
      message:
        (typeof told.message === 'string' && told.message) ||
        (redirected && 'Databricks redirected the call; redirects are never followed with a token.') ||
        text ||
        `Databricks answered ${response.status}.`,
      retryAfter: Number.isFinite(seconds) ? seconds : null,
      requestId: response.headers.get('x-databricks-request-id') ?? response.headers.get('x-request-id'),
    },
    { cause: error },
  );
}

function noAnswer(error: unknown, host: string): DatabricksError {
  if (error instanceof TimeoutError) {
    return new DatabricksError(
      { code: 'TIMEOUT', status: 0, message: `Databricks (${host}) did not answer in time.` },
      { cause: error },
    );
  }
  let root: unknown = error;
  while (root instanceof Error && root.cause) root = root.cause;
  const reason = root instanceof Error ? (root as NodeJS.ErrnoException).code || root.message : String(root);
  return new DatabricksError(
    { code: 'NO_CONNECTION', status: 0, message: `Databricks (${host}) cannot be reached: ${reason}.` },
    { cause: error },
  );
}

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
    const text = await this.#call(token, method, path, options, (response) => response.text());
    if (text === '') return {} as T;
    try {
      return parseLenientJson(text) as T;
    } catch (cause) {
      throw new DatabricksError(
        {
          code: 'BAD_ANSWER',
          status: 502,
          message: `Databricks answered ${method} ${path} with something that is not JSON.`,
        },
        { cause },
      );
    }
  }

  /** @returns the raw body. */
  async bytes(token: string, method: Method, path: string, options: CallOptions = {}): Promise<Uint8Array> {
    return await this.#call(
      token,
      method,
      path,
      options,
      async (response) => new Uint8Array(await response.arrayBuffer()),
    );
  }

  async #call<T>(
    token: string,
    method: Method,
    path: string,
    { query, body, timeoutMs = 30_000, idempotent = idempotentMethods.includes(method) }: CallOptions,
    read: (response: Response) => Promise<T>,
  ): Promise<T> {
    const raw = body instanceof Uint8Array || typeof body === 'string';
    try {
      const response = await ky(`${this.host}${path}`, {
        method,
        searchParams: query,
        redirect: 'manual',
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
          maxRetryAfter: 10_000,
          jitter: true,
        },
        ...(this.#options.fetch && { fetch: this.#options.fetch }),
      });
      const result = await read(response);
      this.#options.onResult?.(true);
      return result;
    } catch (error) {
      if (error instanceof HTTPError) {
        const refused = refusal(error);
        // A 500 is an answer; a gateway's 502 to 504 says that nobody is behind it.
        this.#options.onResult?.(![502, 503, 504].includes(refused.status), refused.message);
        throw refused;
      }
      const lost = noAnswer(error, this.host);
      this.#options.onResult?.(false, lost.message);
      throw lost;
    }
  }
}
