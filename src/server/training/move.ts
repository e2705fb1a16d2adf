import type { RunState } from '../../contract/run.ts';
import type { Facts } from './guards.ts';
import type { Run } from './ports.ts';
import type { RunEvent, Sending, Transition } from './transitions.ts';
import { broughtBy, caredForBy, isFinal, transitions } from './transitions.ts';

const brought = Object.entries(broughtBy) as [keyof typeof broughtBy, RunEvent][];

/** Why this cannot happen to the run now, in a sentence; null: it can. */
export function objection(run: Run, event: RunEvent, facts: Facts): string | null {
  const { from, guards: conditions } = transitions[event];
  if (!from.includes(run.state)) return `A run that is ${run.state} cannot be "${event}".`;
  for (const [field, by] of brought) {
    if (facts.change[field] !== undefined && by !== event) return `"${field}" comes with "${by}" alone.`;
  }
  return conditions.find(({ holds }) => !holds(run, facts))?.says ?? null;
}

/** A fault of ours, never of the input. */
export class IllegalTransition extends Error {
  constructor(run: Run, event: RunEvent, why: string) {
    super(`Run ${run.id} is ${run.state} and cannot be "${event}": ${why}`);
    this.name = 'IllegalTransition';
  }
}

/** When a run began and ended at Databricks (ISO 8601), where that is known. */
export interface RemoteTimes {
  beganAt?: string;
  endedAt?: string;
}

/** A transition that the table allows. There is no other way to make one, and the store changes states by it alone. */
export class Move {
  readonly #transition: Transition;
  readonly event: RunEvent;
  readonly from: RunState;
  /** What it writes to the run beside the change. */
  readonly fields: { state: RunState; nextCheckAt: string | null; startedAt?: string; endedAt?: string };

  private constructor(run: Run, event: RunEvent, { change, at }: Facts, { beganAt, endedAt }: RemoteTimes) {
    this.#transition = transitions[event];
    this.event = event;
    this.from = run.state;
    const { to } = this.#transition;
    const now = at.toISOString();
    this.fields = {
      state: to,
      // What is watched is looked at again, whatever the change forgot; nothing else is.
      nextCheckAt: caredForBy(to) === 'watcher' ? (change.nextCheckAt ?? now) : null,
      ...(event === 'taken-up' && { startedAt: now }),
      ...(isFinal(to) && { endedAt: endedAt ?? now }),
      // One that was trained before this row of it was made.
      ...(isFinal(to) && beganAt && beganAt < (run.startedAt ?? now) && { startedAt: beganAt }),
    };
  }

  get to(): RunState {
    return this.#transition.to;
  }

  get audit(): Pick<Transition, 'audit' | 'outcome'> {
    return this.#transition;
  }

  get sends(): readonly Sending[] {
    return this.#transition.sends;
  }

  /**
   * @param times of a run that ends
   * @throws IllegalTransition
   */
  static of(run: Run, event: RunEvent, facts: Facts, times: RemoteTimes = {}): Move {
    const why = objection(run, event, facts);
    if (why !== null) throw new IllegalTransition(run, event, why);
    return new Move(run, event, facts, times);
  }
}
