import { expect, test } from 'vitest';
import { within } from '../../../src/server/duty/within.ts';
import { SimulatedClock } from '../../faults/simulated-clock.ts';

test('work is waited for until its time is over, and no longer', async () => {
  const clock = new SimulatedClock();
  let answer: boolean | undefined;
  const never = within(clock, 4_500, new Promise(() => {})).then((ended) => {
    answer = ended;
  });
  await clock.pass(4_499);
  expect(answer).toBeUndefined();
  await clock.pass(1);
  await never;
  expect(answer).toBe(false);
});

test('work that ended in time is told so, however it ended, and leaves no timer', async () => {
  const clock = new SimulatedClock();
  expect(await within(clock, 4_500, Promise.resolve())).toBe(true);
  expect(await within(clock, 4_500, Promise.reject(new Error('it failed')))).toBe(true);
  expect(clock.waiting).toBe(0);
});
