import { expect, test } from 'vitest';
import type { RunState } from '../../../src/contract/run.ts';
import {
  activeStates,
  assertTransition,
  finalStates,
  transitions,
} from '../../../src/server/training/transitions.ts';

const states = Object.keys(transitions) as RunState[];

test('a run that ended stays as it is', () => {
  expect(finalStates).toEqual(['succeeded', 'failed', 'cancelled', 'superseded', 'timed-out']);
  for (const from of finalStates) for (const to of states) expect(() => assertTransition(from, to)).toThrow();
});

test('every state can be reached, and every other one can end', () => {
  const reached = new Set<RunState>(['waiting']);
  for (let size = 0; size !== reached.size; ) {
    size = reached.size;
    for (const from of [...reached]) for (const to of transitions[from]) reached.add(to);
  }
  expect([...reached].sort()).toEqual([...states].sort());
  for (const from of [...activeStates, 'waiting' as const]) {
    expect(transitions[from]).toEqual(expect.arrayContaining(['cancelled', 'superseded']));
  }
});

test('only a run that was evaluated succeeds, and nothing trains before it was approved', () => {
  expect(states.filter((from) => transitions[from].includes('succeeded'))).toEqual(['evaluating']);
  expect(transitions.waiting).toEqual(['queued', 'cancelled', 'superseded']);
});
