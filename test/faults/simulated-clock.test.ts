import { expect, test } from 'vitest';
import { pause } from '../../src/server/duty/clock.ts';
import { SimulatedClock } from './simulated-clock.ts';

/** A clock, and a list of what was called and when, in milliseconds since its start. */
function diary() {
  const clock = new SimulatedClock();
  const entries: string[] = [];
  return { clock, entries, note: (what: string) => () => void entries.push(`${clock.monotonic()} ${what}`) };
}

test('no time passes by itself', async () => {
  const { clock, entries, note } = diary();
  const before = clock.now();
  clock.after(1, note('a timer'));
  await new Promise((resolve) => setTimeout(resolve, 15));
  expect(entries).toEqual([]);
  expect(clock.now()).toEqual(before);
  expect(clock.waiting).toBe(1);
});

test('timers fire in the order of their moments, and see their own', () => {
  const { clock, entries, note } = diary();
  clock.after(300, note('third'));
  clock.after(100, note('first'));
  clock.after(100, note('second'));
  clock.after(301, note('too late'));
  clock.advance(300);
  expect(entries).toEqual(['100 first', '100 second', '300 third']);
  expect(clock.untilNext).toBe(1);
});

test('a timer that a timer sets fires within the same advance', () => {
  const { clock, entries, note } = diary();
  clock.after(100, () => clock.after(100, note('inner')));
  clock.advance(250);
  expect(entries).toEqual(['200 inner']);
  expect(clock.monotonic()).toBe(250);
});

test('a timer that was called off does not fire', () => {
  const { clock, entries, note } = diary();
  const callOff = clock.after(100, note('a timer'));
  clock.after(50, callOff);
  clock.advance(1_000);
  expect(entries).toEqual([]);
  expect(clock.untilNext).toBeNull();
});

test.each([600_000, -600_000])('a jump of the wall clock by %i ms fires no timer and delays none', (by) => {
  const { clock, entries, note } = diary();
  const before = clock.now().getTime();
  clock.after(100, note('a timer'));
  clock.jump(by);
  expect(entries).toEqual([]);
  expect(clock.now().getTime()).toBe(before + by);
  expect(clock.monotonic()).toBe(0);
  clock.advance(100);
  expect(entries).toEqual(['100 a timer']);
  expect(clock.now().getTime()).toBe(before + by + 100);
});

test('a loop that waits by promises goes on while time passes', async () => {
  const { clock, entries, note } = diary();
  const loop = async () => {
    for (let round = 1; round <= 3; round += 1) {
      await pause(clock, 1_000);
      note(`round ${round}`)();
    }
  };
  const done = loop();
  await clock.pass(2_500);
  expect(entries).toEqual(['1000 round 1', '2000 round 2']);
  await clock.pass(500);
  await done;
  expect(entries).toHaveLength(3);
});

test('what a timer starts is waited for before the next one fires', async () => {
  const { clock, entries, note } = diary();
  let work = Promise.resolve();
  clock.after(10, () => {
    work = new Promise((resolve) =>
      setTimeout(() => {
        note('work')();
        resolve();
      }, 20),
    );
  });
  clock.after(20, note('next'));
  await clock.pass(30, () => work);
  expect(entries).toEqual(['10 work', '20 next']);
});
