import { readFile } from 'node:fs/promises';
import ky, { HTTPError, NetworkError } from 'ky';
import type { Clock } from '../duty/clock.ts';
import { systemClock } from '../duty/clock.ts';
import { withoutQuotedSecrets } from '../identity/quoted-secrets.ts';
import type { ExchangedToken } from '../identity/token-cache.ts';
import type { TokenExchange } from '../identity/workspace-tokens.ts';
import { connectionReason } from '../outbound/connection-reason.ts';
import { guardedFetch } from '../outbound/guarded-fetch.ts';
import { timeLimit } from '../outbound/time-limit.ts';
import { clockWrong, DatabricksError } from './error.ts';
import { retryAfterOf } from './failed-answer.ts';
import { clockFault } from './remote-time.ts';
import { WorkspaceGate } from './workspace-gate.ts';

const jwtType = 'urn:ietf:params:oauth:token-type:jwt';
const exchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange';

/** What went out. */
interface Sent {
  /** Databricks' words are told without them. */
  secrets: readonly string[];
  /** Of a token of our own: what our clock said when it was made, milliseconds since the epoch. */
  mintedAt?: number | undefined;
}

/** OAuth errors are `{error, error_description}`, Databricks' own `{error_code, message}` (facts: Authentication). */
interface Refusal {
  error?: unknown;
  error_description?: unknown;
  error_code?: unknown;
  message?: unknown;
}

/**
 * @param clocks what our clock said while the token was made and sent, milliseconds since the epoch
 */
function failure(
  what: string,
  error: unknown,
  { secrets }: Sent,
  clocks: readonly number[],
): DatabricksError {
  if (error instanceof DatabricksError) return error;
  if (error instanceof NetworkError) {
    return new DatabricksError(
      { code: 'NO_CONNECTION', status: 0, message: `${what}: no answer (${connectionReason(error)}).` },
      { cause: error },
    );
  }
  if (!(error instanceof HTTPError)) {
    return new DatabricksError(
      {
        code: 'BAD_ANSWER',
        status: 502,
        message: `${what}: something else than Databricks' sign-in answered.`,
      },
      { cause: error },
    );
  }
  const data = error.data as Refusal | undefined;
  const told = typeof data === 'object' && data !== null ? data : {};
  const text = (...values: unknown[]) =>
    values.find((value): value is string => typeof value === 'string' && value !== '');
  const said = withoutQuotedSecrets(text(told.error_description, told.message) ?? '', secrets).slice(0, 500);
  const { status, headers } = error.response;
  // Whatever it says: a token whose times are wrong is not judged by anything else.
  const refused = status < 500 && status !== 429;
  const fault = clocks.map((clock) => clockFault(headers.get('date'), clock)).find((one) => one !== null);
  if (refused && fault) {
    const message = `${fault} ${what}${said && `: ${said}`}`;
    return new DatabricksError({ code: clockWrong, status, message });
  }
  return new DatabricksError({
    code: text(told.error, told.error_code) ?? `HTTP_${error.response.status}`,
    status: error.response.status,
    message: `${what}: ${said || `it answered ${error.response.status}`}`,
    retryAfter: retryAfterOf(error.response),
    requestId: error.response.headers.get('x-request-id'),
  });
}

const timeoutMs = 15_000;

const tooLate = (what: string, cause: unknown) =>
  new DatabricksError(
    { code: 'NO_CONNECTION', status: 0, message: `${what}: no answer (not in time).` },
    { cause },
  );

export interface TokenExchangeOptions {
  /** The guarded one by default: it connects to no link-local or metadata address. */
  fetch?: typeof globalThis.fetch;
  /** What all calls to a host go through; one of its own for each by default. */
  gateOf?: (host: string) => WorkspaceGate;
  /** Ends all calls with a temporary error: the backend stops. */
  signal?: AbortSignal;
  /** For time-outs, and for telling how wrong it is. */
  clock?: Clock;
}

/**
 * Databricks' token endpoint, found through the workspace's discovery documents.
 *
 * @param userAgent `<product>/<semver>`
 */
export function createTokenExchange(userAgent: string, options: TokenExchangeOptions = {}): TokenExchange {
  const { fetch = guardedFetch, signal, clock = systemClock } = options;
  const http = ky.create({
    fetch,
    redirect: 'manual',
    timeout: false,
    headers: { 'user-agent': userAgent },
    retry: 0,
  });
  const gates = new Map<string, WorkspaceGate>();
  const gateOf =
    options.gateOf ??
    ((host: string) => {
      const gate = gates.get(host) ?? new WorkspaceGate();
      gates.set(host, gate);
      return gate;
    });
  const endpoints = new Map<string, Promise<string>>();

  /** Stays on the workspace's own origin: what is sent there is worth a token (hazard 24). */
  function onHost(host: string, address: unknown, what: string): string {
    if (
      typeof address === 'string' &&
      URL.canParse(address) &&
      new URL(address).origin === new URL(host).origin
    ) {
      return address.replace(/\/+$/, '');
    }
    throw new DatabricksError({
      code: 'DISCOVERY_REFUSED',
      status: 502,
      message: `${host} names a ${what} that is not on its own host.`,
    });
  }

  /** Each may be repeated: a token that nobody took does no harm. */
  async function send<T>(host: string, what: string, sent: Sent, ask: (signal: AbortSignal) => Promise<T>) {
    const call = { family: 'tokens', timeoutMs, idempotent: true, signal } as const;
    return await gateOf(host).send(call, async () => {
      const limit = timeLimit(clock, timeoutMs, signal);
      try {
        return await ask(limit.signal);
      } catch (error) {
        if (limit.over) throw tooLate(what, error);
        // It may have been set while the answer was on its way.
        const { mintedAt } = sent;
        throw failure(what, error, sent, mintedAt === undefined ? [] : [mintedAt, clock.now().getTime()]);
      } finally {
        limit.callOff();
      }
    });
  }

  async function discover(host: string): Promise<string> {
    const read = async <T>(address: string) =>
      await send(host, `The sign-in addresses of ${host} cannot be read`, { secrets: [] }, (limit) =>
        http.get(address, { signal: limit }).json<T>(),
      );
    const about = await read<{ oidc_endpoint?: unknown }>(`${host}/.well-known/databricks-config`);
    const issuer = onHost(host, about.oidc_endpoint, 'OpenID endpoint');
    const server = await read<{ token_endpoint?: unknown }>(
      `${issuer}/.well-known/oauth-authorization-server`,
    );
    return onHost(host, server.token_endpoint, 'token endpoint');
  }

  function endpointOf(host: string): Promise<string> {
    const known = endpoints.get(host);
    if (known) return known;
    const found = discover(host);
    endpoints.set(host, found);
    found.catch(() => endpoints.delete(host));
    return found;
  }

  async function ask(
    host: string,
    who: string,
    form: Record<string, string>,
    sent: Sent,
    headers: Record<string, string> = {},
  ): Promise<ExchangedToken> {
    const endpoint = await endpointOf(host);
    return await send(host, `${host} gave no token for ${who}`, sent, async (limit) => {
      const answer = await http
        .post(endpoint, { signal: limit, body: new URLSearchParams({ ...form, scope: 'all-apis' }), headers })
        .json<{ access_token?: unknown; expires_in?: unknown }>();
      if (typeof answer.access_token !== 'string') throw new Error('no access_token');
      return { token: answer.access_token, expiresInSeconds: Number(answer.expires_in) || 60 };
    });
  }

  return {
    federated: (host, principal, jwt, mintedAt) =>
      ask(
        host,
        principal === null ? 'the user' : `the service principal ${principal}`,
        {
          grant_type: exchangeGrant,
          subject_token: jwt,
          subject_token_type: jwtType,
          ...(principal !== null && { client_id: principal }),
        },
        { secrets: [jwt], mintedAt },
      ),
    clientCredentials: (host, principal, secret) =>
      ask(
        host,
        `the service principal ${principal}`,
        { grant_type: 'client_credentials' },
        { secrets: [secret, Buffer.from(`${principal}:${secret}`).toString('base64')] },
        { authorization: `Basic ${Buffer.from(`${principal}:${secret}`).toString('base64')}` },
      ),
    async fromFile(path) {
      try {
        // Read again each minute, so that a rotated token is taken up.
        return { token: (await readFile(path, 'utf8')).trim(), expiresInSeconds: 60 };
      } catch (cause) {
        throw new DatabricksError(
          { code: 'TOKEN_FILE', status: 0, message: `The token file ${path} cannot be read.` },
          { cause },
        );
      }
    },
  };
}
