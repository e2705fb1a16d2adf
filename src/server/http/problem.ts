import type { Connection } from '../../contract/connection.ts';
import type { Problem, ProblemCode } from '../../contract/problem.ts';
import { problemStatus } from '../../contract/problem.ts';

/** What a problem may carry beside its code and its sentence. */
export interface ProblemExtra {
  /** One per wrong field. */
  errors?: { path: string; message: string }[];
  /** Of the workspace that does not answer. */
  connection?: Connection;
  /** The fresh plan, where the code is `plan-outdated`. */
  plan?: unknown;
  /** Seconds after which the same request may pass; becomes `Retry-After`. */
  retryAfter?: number | null;
  cause?: unknown;
}

const titles: Record<ProblemCode, string> = {
  'bad-request': 'The request cannot be understood',
  'signed-out': 'Not signed in',
  'signature-invalid': 'The signature is missing or wrong',
  'origin-refused': 'The request comes from another site',
  'permission-missing': 'Permission missing',
  'not-found': 'Not found',
  'method-not-allowed': 'Method not allowed',
  'session-of-another-user': 'The session belongs to another user',
  'plan-outdated': 'The plan is outdated',
  'release-in-progress': 'A release is in progress',
  'run-not-cancellable': 'The run cannot be cancelled',
  'run-not-retryable': 'The run cannot be retried',
  'run-in-progress': 'A run is in progress',
  'pull-not-trainable': 'The pull request cannot be trained',
  'body-too-large': 'The body is too large',
  'media-type-unsupported': 'The media type is not supported',
  'configuration-missing': 'The repository configuration is missing',
  'configuration-invalid': 'The configuration is invalid',
  'parameter-invalid': 'A parameter is invalid',
  'version-not-releasable': 'The version cannot be released',
  'too-many-requests': 'Too many requests',
  internal: 'Something went wrong here',
  'gitea-unavailable': 'Gitea does not answer',
  'databricks-unavailable': 'Databricks does not answer',
  'databricks-refused': 'Databricks refused',
  'store-unavailable': 'The store is not available',
  'starting-up': 'Starting up',
};

/**
 * The one error that routes and rooms throw to answer a request with a problem document (RFC 9457).
 *
 * @param code stable; fixes the HTTP status
 * @param detail what is true now, then what to do; shown to people, so never a secret or a foreign error text
 */
export class ProblemError extends Error {
  readonly code: ProblemCode;
  readonly extra: ProblemExtra;

  constructor(code: ProblemCode, detail: string, extra: ProblemExtra = {}) {
    super(detail, extra.cause === undefined ? undefined : { cause: extra.cause });
    this.name = 'ProblemError';
    this.code = code;
    this.extra = extra;
  }

  get status(): number {
    return problemStatus[this.code];
  }

  /** The document that goes out. @param instance the request's id, as in the log */
  toDocument(instance: string): Problem {
    const { errors, plan, connection } = this.extra;
    return {
      type: `urn:gitea-databricks:problem:${this.code}`,
      title: titles[this.code],
      status: this.status,
      code: this.code,
      detail: this.message,
      instance,
      ...(errors === undefined ? {} : { errors }),
      ...(connection === undefined ? {} : { connection }),
      ...(plan === undefined ? {} : { plan }),
    };
  }
}
