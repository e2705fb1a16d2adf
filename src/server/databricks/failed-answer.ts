import type { HTTPError } from 'ky';
import { withoutQuotedSecrets } from '../identity/quoted-secrets.ts';
import { connectionReason } from '../outbound/connection-reason.ts';
import { DatabricksError } from './error.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD';

/** Seconds; null where Databricks names none. */
export const retryAfterOf = (response: Response) => {
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  return Number.isFinite(seconds) ? seconds : null;
};

/**
 * What answered is not Databricks' API: a sign-in page, a proxy, a gateway that knows no such host. Whatever status
 * it has says nothing about what was asked for, so it counts as a fault on the way.
 */
export const foreignAnswer = (method: Method, path: string, what: string, cause?: unknown) =>
  new DatabricksError(
    {
      code: 'BAD_ANSWER',
      status: 502,
      message: `Something else than Databricks' API answered ${method} ${path}: ${what}.`,
    },
    { cause },
  );

/** Databricks' API never answers with HTML. */
export const isPage = (response: Response) =>
  /^text\/html\b/i.test(response.headers.get('content-type') ?? '');

/**
 * Databricks answers with JSON, sometimes with text or HTML; `error_code` is sometimes an integer. The answer itself
 * does not go along as a cause: it may quote the token, and causes are logged.
 */
export function refusal(error: HTTPError, method: Method, path: string, token: string): DatabricksError {
  const clean = (said: string) => withoutQuotedSecrets(said, [token]);
  const { response } = error;
  // Taken for an answer, a gateway's 404 would say that a run or a file is gone.
  if (response.status === 404 && isPage(response)) return foreignAnswer(method, path, 'a web page');
  const data = error.data as { error_code?: unknown; message?: unknown } | string | undefined;
  const told = typeof data === 'object' && data !== null ? data : {};
  const text = typeof data === 'string' && !data.trimStart().startsWith('<') ? clean(data).slice(0, 500) : '';
  const redirected = response.status >= 300 && response.status < 400;
  return new DatabricksError({
    code: typeof told.error_code === 'string' ? clean(told.error_code) : `HTTP_${response.status}`,
    status: response.status,
    message:
      (typeof told.message === 'string' && clean(told.message)) ||
      (redirected && 'Databricks redirected the call; redirects are never followed with a token.') ||
      text ||
      `Databricks answered ${response.status}.`,
    retryAfter: retryAfterOf(response),
    requestId: response.headers.get('x-databricks-request-id') ?? response.headers.get('x-request-id'),
  });
}

/** The answer, or the rest of it, did not come in time. */
export const tooLate = (host: string, cause: unknown) =>
  new DatabricksError(
    { code: 'TIMEOUT', status: 0, message: `Databricks (${host}) did not answer in time.` },
    { cause },
  );

/** The backend stops: what a call that was sent has done is unknown, and the next start looks. */
export const stopping = () =>
  new DatabricksError({
    code: 'STOPPING',
    status: 0,
    message: 'The backend stops; this goes on at its next start.',
  });

/** No answer came: no connection. */
export function noAnswer(error: unknown, host: string): DatabricksError {
  const reason = connectionReason(error);
  return new DatabricksError(
    { code: 'NO_CONNECTION', status: 0, message: `Databricks (${host}) cannot be reached: ${reason}.` },
    { cause: error },
  );
}
