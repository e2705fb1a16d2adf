import type { RunError } from './ports.ts';

/** Ends a run as failed: repeating would fail the same way. The message says what is wrong and what to do. */
export class RunFailure extends Error {
  readonly task: string | null;
  readonly trace: string | null;

  constructor(
    message: string,
    detail: { task?: string | null; trace?: string | null; cause?: unknown } = {},
  ) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.name = 'RunFailure';
    this.task = detail.task ?? null;
    this.trace = detail.trace ?? null;
  }

  toRunError(): RunError {
    return { task: this.task, message: this.message, trace: this.trace };
  }
}
