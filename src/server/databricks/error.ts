/** Code of a token that was refused while our clock was wrong. */
export const clockWrong = 'CLOCK_WRONG';

const missingCodes: readonly string[] = ['RESOURCE_DOES_NOT_EXIST', 'NOT_FOUND'];
const missingSentence = /\b(Job|Run)\b.* (does not|doesn't) exist/i;

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

  /**
   * No answer, too many requests, a fault on the other side, or a clock of ours that will be set right: the same call
   * may pass later.
   */
  get temporary(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500 || this.code === clockWrong;
  }

  /**
   * Databricks says that the thing does not exist. A 404 alone says less: an API that is not there
   * (`ENDPOINT_NOT_FOUND`), a workspace without Unity Catalog (`FEATURE_DISABLED`, `METASTORE_DOES_NOT_EXIST`) and
   * whatever answers in Databricks' place come with one, too. Jobs 2.2 answers 400 and a sentence.
   * Source of codes and sentences: mlflow databricks.proto (ErrorCode), databricks-sdk errors/overrides.py.
   */
  get missing(): boolean {
    return (
      missingCodes.includes(this.code) ||
      (this.status === 400 && this.code === 'INVALID_PARAMETER_VALUE' && missingSentence.test(this.message))
    );
  }
}
