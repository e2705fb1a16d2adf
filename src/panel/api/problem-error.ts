import type { Problem, ProblemCode } from '../../contract/problem.ts';

/**
 * What went wrong with a request. Beside the API's codes there are two of the browser's own: `unreachable`
 * (no answer, or none that is the backend's) and `consent-needed` (Gitea has to ask the user once).
 */
export type FailureCode = ProblemCode | 'unreachable' | 'consent-needed';

/** A refused or failed request, with the API's stable code and its own words for people. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly code: FailureCode;
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  readonly problem: Problem | null;

  constructor(code: FailureCode, message: string, options: { problem?: Problem; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.status = options.problem?.status ?? 0;
    this.problem = options.problem ?? null;
  }
}

/** The error for an answer that is no success, whatever its body is. */
export function problemOf(status: number, body: unknown): ProblemError {
  if (isProblem(body)) {
    return new ProblemError(body.code as ProblemCode, body.detail ?? body.title, { problem: body });
  }
  // A proxy's own page: the backend behind it did not answer.
  return new ProblemError('unreachable', `The Databricks panel's server cannot be reached (HTTP ${status}).`);
}

function isProblem(body: unknown): body is Problem {
  const problem = body as Partial<Problem> | null | undefined;
  return typeof problem?.code === 'string' && typeof problem.title === 'string';
}

/** Any thrown value as a `ProblemError`, so that models need to know one kind only. */
export function asProblemError(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new ProblemError('internal', `The panel failed: ${message}`, { cause: error });
}
