/**
 * A call to Gitea that did not give what was asked for. `status` 0 means that no answer came.
 * The message is Gitea's own where it sent one.
 */
export class GiteaError extends Error {
  readonly status: number;

  constructor(status: number, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'GiteaError';
    this.status = status;
  }

  /** No answer, too many requests, or a fault on the other side: the same call may pass later. */
  get temporary(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }

  get missing(): boolean {
    return this.status === 404;
  }
}
