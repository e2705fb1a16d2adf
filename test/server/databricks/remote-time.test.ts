import { expect, test } from 'vitest';
import { clockFault, RemoteTime } from '../../../src/server/databricks/remote-time.ts';
import { SimulatedClock } from '../../faults/simulated-clock.ts';

const date = 'Mon, 05 Jan 2026 08:00:00 GMT';
const now = Date.parse(date);

test('a workspace’s time goes on from its last answer, whatever happens to our clock', () => {
  const clock = new SimulatedClock();
  const time = new RemoteTime(clock);
  expect(time.now()).toBeNull();
  time.note(date);
  clock.advance(5_000);
  clock.jump(600_000);
  expect(time.now()?.getTime()).toBe(now + 5_000);
  time.note('soon');
  time.note(null);
  expect(time.now()?.getTime()).toBe(now + 5_000);
});

test.each([
  [0, null],
  [59_000, null],
  [-59_000, null],
  [600_000, 'is 10 minutes ahead of'],
  [-600_000, 'is 10 minutes behind'],
  [70_000, 'is a minute ahead of'],
])('a clock that is %i ms off is told as: %s', (off, told) => {
  const fault = clockFault(date, now + off);
  if (told === null) expect(fault).toBeNull();
  else expect(fault).toContain(`The clock of the backend's machine ${told} Databricks'`);
});

test('nobody knows without a date', () => {
  expect(clockFault(null, now)).toBeNull();
  expect(clockFault('yesterday', now)).toBeNull();
});
