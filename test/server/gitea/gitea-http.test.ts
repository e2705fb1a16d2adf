import { expect, test } from 'vitest';
import { LeaseLost, underLease } from '../../../src/server/duty/lease.ts';
import { GiteaHttp } from '../../../src/server/gitea/gitea-http.ts';
import { SimulatedClock } from '../../faults/simulated-clock.ts';

/** Answers that come one after the other; the last one stays. */
function client(...answers: ((signal: AbortSignal) => Response | Promise<Response>)[]) {
  const clock = new SimulatedClock();
  let calls = 0;
  const fetch = (async (input: RequestInfo | URL, init?: RequestInit) => {
    const answer = answers[Math.min(calls, answers.length - 1)];
    calls += 1;
    const signal = init?.signal ?? (input as Request).signal;
    return await answer?.(signal);
  }) as typeof globalThis.fetch;
  const http = new GiteaHttp({
    url: 'http://git.example.com',
    token: 't',
    userAgent: 'test/1',
    fetch,
    clock,
  });
  return { http, clock, calls: () => calls };
}

const refused = () => Promise.reject(new TypeError('fetch failed'));
const silent = (signal: AbortSignal) =>
  new Promise<Response>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
/** Headers, and then nothing any more. */
const halfway = (signal: AbortSignal) =>
  new Response(
    new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('{"id":'));
        signal.addEventListener('abort', () => controller.error(signal.reason));
      },
    }),
    { headers: { 'content-type': 'application/json' } },
  );
const busy = () => new Response('{}', { status: 429, headers: { 'retry-after': '3' } });
const well = () => Response.json({ id: 7 });

test.each([
  ['does not answer', silent],
  ['begins an answer and does not end it', halfway],
])('where Gitea %s a call ends after its 20 seconds', async (_, answer) => {
  const { http, clock } = client(answer);
  const asked = http.json('GET', '/user');
  const ended = asked.catch((error: unknown) => error);
  await clock.pass(19_999);
  expect(await Promise.race([ended, 'waits'])).toBe('waits');
  await clock.pass(1);
  expect(await ended).toMatchObject({ name: 'GiteaError', status: 0, temporary: true });
  expect(await ended).toHaveProperty('message', expect.stringContaining('in time'));
  expect(clock.waiting).toBe(0);
});

test('a read is tried three times, with pauses on the clock of the backend', async () => {
  const { http, clock, calls } = client(refused, busy, well);
  const asked = http.json('GET', '/user');
  await clock.pass(0);
  expect(calls()).toBe(1);
  await clock.pass(1_000);
  expect(calls()).toBe(2);
  await clock.pass(2_000);
  // As long as it was told to.
  expect(calls()).toBe(2);
  await clock.pass(1_500);
  expect(await asked).toEqual({ id: 7 });
  expect(clock.waiting).toBe(0);
});

test('a write is never repeated, and a page in place of JSON is not asked for again', async () => {
  const lost = client(refused);
  await expect(lost.http.json('POST', '/x')).rejects.toMatchObject({ status: 0 });
  expect(lost.calls()).toBe(1);
  const page = client(() => new Response('<html></html>', { headers: { 'content-type': 'text/html' } }));
  await expect(page.http.json('GET', '/x')).rejects.toMatchObject({ status: 0 });
  expect(page.calls()).toBe(1);
});

test('nothing is sent on a lease that ran out, nor tried once more', async () => {
  const lease = { name: 'outbox', holder: 'a', token: 1 };
  const { http, calls } = client(well);
  const call = () => http.json('POST', '/x');
  await underLease({ ...lease, stillHeld: () => true }, call);
  await expect(underLease({ ...lease, stillHeld: () => false }, call)).rejects.toBeInstanceOf(LeaseLost);
  expect(calls()).toBe(1);

  const slow = client(refused, well);
  let held = true;
  const asked = underLease({ ...lease, stillHeld: () => held }, () => slow.http.json('GET', '/user'));
  const refusal = expect(asked).rejects.toBeInstanceOf(LeaseLost);
  await slow.clock.pass(0);
  held = false;
  await slow.clock.pass(10_000);
  await refusal;
  expect(slow.calls()).toBe(1);
});
