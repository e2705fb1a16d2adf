import { signal } from '@preact/signals';
import type { ProblemError } from '../api/problem-error.ts';
import { asProblemError } from '../api/problem-error.ts';

/** Where an act stands: `what` names the button that shows it. */
export type ActState<Name extends string> =
  | { state: 'idle' }
  | { state: 'running'; what: Name }
  | { state: 'refused'; what: Name; problem: ProblemError };

/** Acts of one model: one at a time, the result or the refusal shown in place. */
export class Acts<Name extends string> {
  readonly now = signal<ActState<Name>>({ state: 'idle' });

  /** Runs the act unless one is running; true when it succeeded. Never rejects. */
  async run(what: Name, act: () => Promise<unknown>): Promise<boolean> {
    if (this.now.value.state === 'running') return false;
    this.now.value = { state: 'running', what };
    try {
      await act();
      this.now.value = { state: 'idle' };
      return true;
    } catch (error) {
      this.now.value = { state: 'refused', what, problem: asProblemError(error) };
      return false;
    }
  }

  /** Forgets a refusal. */
  dismiss(): void {
    if (this.now.value.state === 'refused') this.now.value = { state: 'idle' };
  }
}
