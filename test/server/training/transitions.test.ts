import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { runStatesPage } from '../../../build/run-states.ts';
import type { RunEvent } from '../../../src/server/training/transitions.ts';
import {
  activeStates,
  births,
  caredForBy,
  finalStates,
  runStates,
  transitions,
} from '../../../src/server/training/transitions.ts';

const events = Object.keys(transitions) as RunEvent[];
const rows = events.map((event) => ({ event, ...transitions[event] }));

describe('the table of transitions', () => {
  test('names every state that the contract has; five of them are final, and nothing leaves those', () => {
    expect(finalStates).toEqual(['succeeded', 'failed', 'cancelled', 'superseded', 'timed-out']);
    expect(rows.filter(({ from }) => from.some((state) => finalStates.includes(state)))).toEqual([]);
  });

  test('every state can be reached, and every one that is not final can be cancelled or superseded', () => {
    const reached = new Set<string>(Object.keys(births));
    for (let size = 0; size !== reached.size; ) {
      size = reached.size;
      for (const { from, to } of rows) if (from.some((state) => reached.has(state))) reached.add(to);
    }
    expect([...reached].sort()).toEqual([...runStates].sort());
    for (const state of [...activeStates, 'waiting' as const]) {
      const out = rows.filter(({ from }) => from.includes(state)).map(({ event }) => event);
      expect(out).toEqual(expect.arrayContaining(['cancelled-by-person', 'superseded']));
    }
  });

  test('only a run that was judged succeeds, and nothing is sent to a workspace before it was approved', () => {
    expect(rows.filter(({ to }) => to === 'succeeded').map(({ event }) => event)).toEqual(['judged']);
    expect(transitions.judged.from).toEqual(['evaluating']);
    expect(births.waiting.sends).toEqual(['tell']);
    const out = rows.filter(({ from }) => from.includes('waiting'));
    expect(out.filter(({ sends }) => sends.includes('upload')).map(({ event }) => event)).toEqual([
      'approved',
    ]);
  });

  test('whoever has to bring a run on is sent for: the outbox has its step, or the watcher looks', () => {
    for (const { to, sends, event } of rows) {
      if (caredForBy(to) !== 'outbox' || event === 'taken-up') continue;
      expect(sends.some((sending) => sending === 'upload' || sending === 'submit')).toBe(true);
    }
    expect(births.queued.sends).toContain('upload');
    expect(transitions['taken-up'].from).toEqual(['queued']);
  });

  test('whatever ends a run is told, and says why unless it is a result', () => {
    for (const { to, sends, guards, event } of rows) {
      if (caredForBy(to) !== 'nobody') continue;
      expect(sends).toContain('tell');
      const says = guards.map((guard) => guard.says);
      if (event !== 'judged') expect(says).toContain('It says why.');
    }
  });

  test('docs/run-states.md is written from it', () => {
    const committed = readFileSync(new URL('../../../docs/run-states.md', import.meta.url), 'utf8');
    expect(committed).toBe(runStatesPage());
  });
});
