import { AsyncLocalStorage } from 'node:async_hooks';
import { beforeEach, describe, expect, test } from 'vitest';
import { Lanes } from '../../../src/server/duty/lanes.ts';
import { Rounds } from '../../../src/server/duty/rounds.ts';
import { SimulatedClock } from '../../faults/simulated-clock.ts';

let clock: SimulatedClock;
let looks: string[];
let failures: unknown[];
let answer: () => Promise<string | null>;
let rounds: Rounds;

beforeEach(() => {
  clock = new SimulatedClock(new Date('2026-03-01T10:00:00.000Z'));
  looks = [];
  failures = [];
  answer = async () => null;
  rounds = new Rounds({
    round: async (now) => {
      looks.push(now.toISOString().slice(14, 23));
      return await answer();
    },
    clock,
    failed: (error) => void failures.push(error),
  });
});

/** What promises still have to do is done. */
const settled = () => clock.pass(0);

describe('rounds', () => {
  test('look at the start, when the next is due, and after a minute at the latest', async () => {
    answer = async () => (looks.length === 1 ? '2026-03-01T10:00:07.500Z' : null);
    rounds.start();
    await clock.pass(7_499);
    expect(looks).toEqual(['00:00.000']);
    await clock.pass(1);
    expect(looks).toEqual(['00:00.000', '00:07.500']);
    await clock.pass(60_000);
    expect(looks).toEqual(['00:00.000', '00:07.500', '01:07.500']);
  });

  test('look once more when they were woken in the middle, however often', async () => {
    let release = () => {};
    answer = () => new Promise((resolve) => (release = () => resolve(null)));
    rounds.start();
    await settled();
    rounds.wake();
    rounds.wake();
    expect(looks).toHaveLength(1);
    release();
    await settled();
    expect(looks).toHaveLength(2);
    release();
    await settled();
    expect(looks).toHaveLength(2);
  });

  test('do not spin on what is due already and cannot be done', async () => {
    answer = async () => '2026-03-01T09:00:00.000Z';
    rounds.start();
    await clock.pass(1_000);
    expect(looks.length).toBeLessThanOrEqual(51);
  });

  test('rest after a failure, and go on', async () => {
    answer = () => Promise.reject(new Error('the disk is full'));
    rounds.start();
    await clock.pass(4_999);
    expect(looks).toHaveLength(1);
    expect(failures).toEqual([new Error('the disk is full')]);
    answer = async () => null;
    await clock.pass(1);
    expect(looks).toHaveLength(2);
  });

  test('stop after the round under way, and are woken by nobody then', async () => {
    let release = () => {};
    answer = () => new Promise((resolve) => (release = () => resolve(null)));
    rounds.start();
    await settled();
    let stopped = false;
    const stop = rounds.stop().then(() => {
      stopped = true;
    });
    await settled();
    expect(stopped).toBe(false);
    release();
    await stop;
    rounds.wake();
    await clock.pass(120_000);
    expect(looks).toHaveLength(1);
  });

  test('keep the context of their start, whoever wakes them', async () => {
    const context = new AsyncLocalStorage<string>();
    const seen: (string | undefined)[] = [];
    answer = async () => {
      seen.push(context.getStore());
      return null;
    };
    context.run('lease 1', () => rounds.start());
    await settled();
    context.run('a request', () => rounds.wake());
    await clock.pass(60_000);
    expect(seen).toEqual(['lease 1', 'lease 1', 'lease 1']);
  });

  test('a new start leaves a round of the old one behind', async () => {
    const context = new AsyncLocalStorage<string>();
    const seen: (string | undefined)[] = [];
    let release = () => {};
    answer = async () => {
      seen.push(context.getStore());
      if (seen.length > 1) return null;
      return await new Promise((resolve) => (release = () => resolve(null)));
    };
    context.run('lease 1', () => rounds.start());
    await settled();
    void rounds.stop();
    context.run('lease 2', () => rounds.start());
    release();
    await clock.pass(60_000);
    expect(seen).toEqual(['lease 1', 'lease 2', 'lease 2']);
  });
});

describe('lanes', () => {
  test('hold one piece of work per key, and tell when one is free', async () => {
    const freed: string[] = [];
    const lanes = new Lanes<string>((key) => void freed.push(key));
    let end = () => {};
    lanes.start('a', () => new Promise((resolve) => (end = resolve)));
    lanes.start('b', async () => {});
    expect([...lanes.keys()]).toEqual(['a', 'b']);
    expect(() => lanes.start('a', async () => {})).toThrow('twice');
    await settled();
    expect(freed).toEqual(['b']);
    expect([lanes.has('a'), lanes.size]).toEqual([true, 1]);
    end();
    await lanes.settled();
    expect(freed).toEqual(['b', 'a']);
  });
});
