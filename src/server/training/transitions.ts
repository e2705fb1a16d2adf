import type { RunState } from '../../contract/run.ts';

/**
 * Which state may follow which. Whatever is not in the table cannot happen: {@link assertTransition} refuses.
 * `waiting` is a fork's run before a writer approved its commit.
 */
export const transitions: Readonly<Record<RunState, readonly RunState[]>> = {
  waiting: ['queued', 'cancelled', 'superseded'],
  queued: ['uploading', 'failed', 'cancelled', 'superseded'],
  uploading: ['submitted', 'failed', 'cancelled', 'superseded'],
  submitted: ['running', 'evaluating', 'failed', 'cancelled', 'superseded', 'timed-out'],
  running: ['evaluating', 'failed', 'cancelled', 'superseded', 'timed-out'],
  evaluating: ['succeeded', 'failed', 'cancelled', 'superseded'],
  succeeded: [],
  failed: [],
  cancelled: [],
  superseded: [],
  'timed-out': [],
};

export const finalStates = (Object.keys(transitions) as RunState[]).filter(
  (state) => transitions[state].length === 0,
);

/** Under way: neither final nor waiting for a person. */
export const activeStates = (Object.keys(transitions) as RunState[]).filter(
  (state) => transitions[state].length > 0 && state !== 'waiting',
);

export const isFinal = (state: RunState): boolean => transitions[state].length === 0;

/** @throws when the table does not allow it: a fault of ours, never of the input */
export function assertTransition(from: RunState, to: RunState): void {
  if (!transitions[from].includes(to)) {
    throw new Error(`A run cannot move from ${from} to ${to}.`);
  }
}
