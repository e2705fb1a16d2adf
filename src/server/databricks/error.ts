/**
 * A call to Databricks that did not give what was asked for.
 *
 * `status` 0 means that no answer came (no connection, time-out): whether the call had an effect is unknown.
 * The message is Databricks' own, without any secret of ours.
 */
export class DatabricksError extends Error {
  /** Databricks' `error_code`, else `HTTP_<status>`, or `NO_CONNECTION` and `TIMEOUT`. */
  readonly code: string;
  readonly status: number;
  /** Seconds to wait before the next try, where Databricks said so. */
  readonly retryAfter: number | null;
  /** Databricks' id of the request, for its support and its audit log. */
  readonly requestId: string | null;

  constructor(
    fields: {
      code: string;
      status: number;
      message: string;
      retryAfter?: number | null;
      requestId?: string | null;
    },
    options?: { cause?: unknown },
  ) {
    super(fields.message, options);
    this.name = 'DatabricksError';
    this.code = fields.code;
    this.status = fields.status;
    this.retryAfter = fields.retryAfter ?? null;
    this.requestId = fields.requestId ?? null;
  }

  /** No answer, too many requests, or a fault on the other side: the same call may pass later. */
  get temporary(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }

  /**
   * The thing does not exist. Jobs 2.2 says so with 400 and a sentence (facts: Jobs); ENDPOINT_NOT_FOUND says that
   * the API itself does not, and nothing about the thing.
   */
  get missing(): boolean {
    return (
      (this.status === 404 && this.code !== 'ENDPOINT_NOT_FOUND') ||
      this.code === 'RESOURCE_DOES_NOT_EXIST' ||
      (this.status === 400 && /does not exist/i.test(this.message))
    );
  }
}
