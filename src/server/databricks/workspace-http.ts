import ky, { HTTPError } from 'ky';
import type { Clock } from '../duty/clock.ts';
import { systemClock } from '../duty/clock.ts';
import { guardedFetch } from '../outbound/guarded-fetch.ts';
import type { TimeLimit } from '../outbound/time-limit.ts';
import { timeLimit } from '../outbound/time-limit.ts';
import { familyOf } from './api-family.ts';
import { DatabricksError } from './error.ts';
import type { Method } from './failed-answer.ts';
import { foreignAnswer, isPage, noAnswer, refusal, tooLate } from './failed-answer.ts';
import { parseLenientJson } from './lenient-json.ts';
import { WorkspaceGate } from './workspace-gate.ts';

export interface WorkspaceHttpOptions {
  /** `https://…` without trailing slash. */
  host: string;
  /** `<product>/<semver>`: ends up in Databricks' audit log. */
  userAgent: string;
  /** The guarded one by default: it connects to no link-local or metadata address. */
  fetch?: typeof globalThis.fetch;
  /** What all calls to this workspace go through; one of its own by default. */
  gate?: WorkspaceGate;
  /** Ends all calls with a temporary error: the backend stops. */
  signal?: AbortSignal;
  /** For time-outs. */
  clock?: Clock;
}

export interface CallOptions {
  query?: Record<string, string | number | boolean | undefined>;
  /** Sent as JSON; bytes and text as they are. */
  body?: unknown;
  /** For its turn, for one attempt's headers, and again for its body; default 30 s. */
  timeoutMs?: number;
  /** A POST that may be repeated (a search, or a call with an idempotency token) is retried like a GET. */
  idempotent?: boolean;
}

const usualTimeoutMs = 30_000;
/** Below the pause between two probes. */
const probeTimeoutMs = 8_000;

const idempotentMethods: readonly Method[] = ['GET', 'PUT', 'DELETE', 'HEAD'];

/**
 * REST calls to one workspace, with the token of the role that makes the call.
 *
 * All go through the workspace's gate, which repeats them where that is safe, holds them back where Databricks would
 * not take them, and fails them at once while it does not answer. Redirects are never followed, so that a token stays
 * with the configured host (hazard 24). Every failure is a {@link DatabricksError}.
 */
export class WorkspaceHttp {
  readonly host: string;
  readonly #options: WorkspaceHttpOptions;
  readonly #gate: WorkspaceGate;

  constructor(options: WorkspaceHttpOptions) {
    this.host = options.host.replace(/\/+$/, '');
    this.#options = options;
    this.#gate = options.gate ?? new WorkspaceGate();
    this.#gate.probeBy(() => this.#probe());
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
    const { idempotent = idempotentMethods.includes(method), timeoutMs = usualTimeoutMs } = options;
    const { signal } = this.#options;
    const address = this.#address(path);
    const call = { family: familyOf(method, path), timeoutMs, idempotent, signal };
    return await this.#gate.send(call, async () => {
      const headers = this.#limit(timeoutMs);
      // A body may still stand still, or break off.
      const whole = this.#limit(2 * timeoutMs);
      try {
        const response = await this.#send(
          token,
          method,
          address,
          options,
          AbortSignal.any([headers.signal, whole.signal]),
        );
        headers.callOff();
        return await read(response);
      } catch (error) {
        if (error instanceof DatabricksError) throw error;
        if (error instanceof HTTPError) throw refusal(error, method, path, token);
        throw headers.over || whole.over ? tooLate(this.host, error) : noAnswer(error, this.host);
      } finally {
        headers.callOff();
        whole.callOff();
      }
    });
  }

  async #send(
    token: string,
    method: Method,
    address: string,
    { query, body }: CallOptions,
    signal: AbortSignal,
  ): Promise<Response> {
    const raw = body instanceof Uint8Array || typeof body === 'string';
    const response = await ky(address, {
      method,
      searchParams: query,
      redirect: 'manual',
      signal,
      timeout: false,
      headers: {
        authorization: `Bearer ${token}`,
        'user-agent': this.#options.userAgent,
        ...(raw && { 'content-type': 'application/octet-stream' }),
      },
      ...(raw && { body: body as RequestInit['body'] }),
      ...(!raw && body !== undefined && { json: body }),
      retry: 0,
      fetch: this.#options.fetch ?? guardedFetch,
    });
    this.#gate.time.note(response.headers.get('date'));
    return response;
  }

  /** Asks without a token, which is refused: that somebody refuses it is what is to be known. */
  async #probe(): Promise<void> {
    const path = '/api/2.2/jobs/list';
    const limit = this.#limit(probeTimeoutMs);
    try {
      const response = await ky(this.#address(path), {
        searchParams: { limit: 1 },
        redirect: 'manual',
        signal: limit.signal,
        timeout: false,
        headers: { 'user-agent': this.#options.userAgent },
        retry: 0,
        throwHttpErrors: false,
        fetch: this.#options.fetch ?? guardedFetch,
      });
      await response.body?.cancel();
      if (response.status >= 502 || isPage(response)) throw foreignAnswer('GET', path, 'a gateway');
    } catch (error) {
      if (error instanceof DatabricksError) throw error;
      throw limit.over ? tooLate(this.host, error) : noAnswer(error, this.host);
    } finally {
      limit.callOff();
    }
  }

  #limit(milliseconds: number): TimeLimit {
    const { clock = systemClock, signal } = this.#options;
    return timeLimit(clock, milliseconds, signal);
  }
}
