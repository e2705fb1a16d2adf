import { HTTPError } from 'ky';

/** Whether a call was answered with one of these status codes. */
export function answered(error: unknown, ...statuses: number[]): error is HTTPError {
  return error instanceof HTTPError && statuses.includes(error.response.status);
}

/** An error of a call as one line for the terminal: method, path, status and what the server said. */
export function describeError(error: unknown): string {
  if (!(error instanceof HTTPError)) return error instanceof Error ? error.message : String(error);
  const { request, response, data } = error;
  const said = typeof data === 'object' && data !== null ? (data as { message?: unknown }).message : data;
  return `${request.method} ${new URL(request.url).pathname} was answered ${response.status}${said ? `: ${said}` : ''}`;
}

/** The answer, or undefined where the thing does not exist (404). */
export async function orNothing<Answer>(call: Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await call;
  } catch (error) {
    if (answered(error, 404)) return undefined;
    throw error;
  }
}
