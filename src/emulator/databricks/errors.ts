/**
 * The error codes that real clients know (databricks-sdk `errors/platform.py`, mlflow `databricks_pb2.ErrorCode`).
 * mlflow turns a code that it does not know into a retried 500, so nothing outside this list is ever sent.
 */
const statusByCode = {
  BAD_REQUEST: 400,
  INVALID_PARAMETER_VALUE: 400,
  INVALID_STATE: 400,
  DIRECTORY_NOT_EMPTY: 400,
  MALFORMED_REQUEST: 400,
  RESOURCE_ALREADY_EXISTS: 400,
  MAX_NOTEBOOK_SIZE_EXCEEDED: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  ENDPOINT_NOT_FOUND: 404,
  NOT_FOUND: 404,
  RESOURCE_DOES_NOT_EXIST: 404,
  ABORTED: 409,
  ALREADY_EXISTS: 409,
  RESOURCE_CONFLICT: 409,
  REQUEST_LIMIT_EXCEEDED: 429,
  RESOURCE_EXHAUSTED: 429,
  INTERNAL_ERROR: 500,
  NOT_IMPLEMENTED: 501,
  TEMPORARILY_UNAVAILABLE: 503,
} as const;

export type ErrorCode = keyof typeof statusByCode;

/** The HTTP status that usually goes with a code. */
export const statusOf = (code: ErrorCode): number => statusByCode[code];

/** A refusal as a Databricks REST API words it: `{error_code, message}` with an HTTP status. */
export class ApiError extends Error {
  readonly status: number;
  /** A name, or (for credentials, as the real workspace does) the status as an integer. */
  readonly errorCode: ErrorCode | number;
  /** Seconds, sent as `Retry-After`. */
  readonly retryAfter: number | undefined;
  /** What clients tell apart where a code is too coarse (`google.rpc.ErrorInfo`; databricks CLI, Files API client). */
  readonly reason: string | undefined;

  /** @param options.status overrides the code's usual HTTP status (some APIs answer 400 where others answer 404). */
  constructor(
    errorCode: ErrorCode | number,
    message: string,
    options: { status?: number; retryAfter?: number; reason?: string; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ApiError';
    this.errorCode = errorCode;
    this.status = options.status ?? (typeof errorCode === 'number' ? errorCode : statusByCode[errorCode]);
    this.retryAfter = options.retryAfter;
    this.reason = options.reason;
  }

  /** The response body. */
  toBody(): { error_code: ErrorCode | number; message: string; details?: object[] } {
    const body = { error_code: this.errorCode, message: this.message };
    if (this.reason === undefined) return body;
    const info = { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: this.reason };
    return { ...body, details: [info] };
  }
}

/** Jobs answers a missing job or run with 400, not 404 (facts: Jobs 2.2). */
export const missingJob = (id: number | string) =>
  new ApiError('INVALID_PARAMETER_VALUE', `Job ${id} does not exist.`);

/** See {@link missingJob}. */
export const missingRun = (id: number | string) =>
  new ApiError('INVALID_PARAMETER_VALUE', `Run ${id} does not exist.`);

export const invalid = (message: string) => new ApiError('INVALID_PARAMETER_VALUE', message);

export const forbidden = (message: string) => new ApiError('PERMISSION_DENIED', message);

/** No credential at all: the error code is an integer here, as on Databricks. */
export const credentialMissing = () =>
  new ApiError(401, 'Credential was not sent or was of an unsupported type for this API.');

/** An unknown, expired or revoked token: 403 with an integer code, as on Databricks. */
export const credentialRefused = () => new ApiError(403, 'Invalid access token.');
