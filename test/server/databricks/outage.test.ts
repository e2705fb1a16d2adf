import { Registry } from 'prom-client';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createCallMetrics } from '../../../src/server/databricks/call-metrics.ts';
import { CircuitBreaker } from '../../../src/server/databricks/circuit-breaker.ts';
import { createTokenExchange } from '../../../src/server/databricks/token-exchange.ts';
import type { GateObserver } from '../../../src/server/databricks/workspace-gate.ts';
import { WorkspaceGate } from '../../../src/server/databricks/workspace-gate.ts';
import { WorkspaceHttp } from '../../../src/server/databricks/workspace-http.ts';
import { underLease } from '../../../src/server/duty/lease.ts';
import { SimulatedClock } from '../../faults/simulated-clock.ts';

const json = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json', ...headers } });
const page = (status: number) =>
  new Response('<html>gateway</html>', { status, headers: { 'content-type': 'text/html' } });

type World = (path: string) => Response | Error;

/** A client whose network is a function, on a simulated clock. */
function outgoing(world: World, options: { observer?: GateObserver; probing?: boolean } = {}) {
  const clock = new SimulatedClock(new Date('2026-01-05T14:00:00.000Z'));
  const requests: { path: string; at: number }[] = [];
  let now = world;
  const fetch = async (input: RequestInfo | URL) => {
    const path = new URL(input instanceof Request ? input.url : input).pathname;
    requests.push({ path, at: clock.monotonic() });
    const answer = now(path);
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const gate = new WorkspaceGate({ clock, random: () => 0.5, observer: options.observer });
  const http = new WorkspaceHttp({ host: 'https://w.example.com', userAgent: 'test/1', gate, fetch });
  if (!options.probing) gate.close();
  onTestFinished(() => gate.close());
  return {
    clock,
    gate,
    http,
    fetch,
    requests,
    become: (next: World) => {
      now = next;
    },
    read: (path = '/api/2.2/jobs/runs/get') => http.json('t', 'GET', path),
    write: (path = '/api/2.2/jobs/runs/submit') => http.json('t', 'POST', path),
    /** Lets time pass until what was begun has ended. */
    async during<T>(work: Promise<T>): Promise<PromiseSettledResult<T>> {
      const [ended] = [Promise.allSettled([work])];
      let done: PromiseSettledResult<T> | undefined;
      void ended.then(([result]) => {
        done = result;
      });
      for (let turns = 0; done === undefined && turns < 5_000; turns += 1) await clock.pass(20);
      if (!done) throw new Error('it never ended');
      return done;
    },
  };
}

const unreachable = () => new TypeError('fetch failed', { cause: new Error('ECONNREFUSED') });

describe('the circuit breaker of a workspace', () => {
  test('opens after five failures in a row, wherever they come from, and fails what follows at once', async () => {
    const { write, during, requests, clock, gate } = outgoing(unreachable);
    for (let index = 0; index < 5; index += 1) {
      expect(await during(write())).toMatchObject({ reason: { code: 'NO_CONNECTION' } });
    }
    expect(requests).toHaveLength(5);
    expect(gate.permits()).toBe(0);
    expect(await during(write())).toMatchObject({
      reason: {
        code: 'CIRCUIT_OPEN',
        temporary: true,
        status: 0,
        retryAfter: 10,
        message: 'Databricks does not answer since 14:00 UTC.',
      },
    });
    expect(requests).toHaveLength(5);
    await clock.pass(4_000);
    expect(await during(write())).toMatchObject({ reason: { retryAfter: 6 } });
  });

  test.each<[string, World, boolean]>([
    ['a lost connection', unreachable, true],
    ['a gateway’s page', () => page(502), true],
    ['504', () => json(504, {}), true],
    ['a sign-in page with 200', () => page(200), true],
    ['a gateway’s 404 in HTML', () => page(404), true],
    ['a refusal', () => json(403, { error_code: 'PERMISSION_DENIED', message: 'no' }), false],
    ['a missing thing', () => json(404, { error_code: 'RESOURCE_DOES_NOT_EXIST', message: 'no' }), false],
    ['a fault of its own', () => json(500, { error_code: 'INTERNAL_ERROR', message: 'no' }), false],
    ['too many requests', () => json(429, { error_code: 'REQUEST_LIMIT_EXCEEDED', message: 'no' }), false],
  ])('takes %s for what it is', async (_what, world, opens) => {
    const { write, during, gate } = outgoing(world);
    for (let index = 0; index < 8; index += 1) await during(write());
    expect(gate.permits() === Number.POSITIVE_INFINITY).toBe(!opens);
  });

  test('counts only failures in a row', async () => {
    let turn = 0;
    const { write, during, gate, requests } = outgoing(() => {
      turn += 1;
      return turn % 5 === 0 ? json(400, { error_code: 'X', message: '' }) : unreachable();
    });
    for (let index = 0; index < 23; index += 1) await during(write());
    expect(requests).toHaveLength(23);
    expect(gate.permits()).toBe(Number.POSITIVE_INFINITY);
  });

  test('a token that cannot be had counts, too', async () => {
    const { gate, fetch, during, write, requests } = outgoing(unreachable);
    const exchange = createTokenExchange('test/1', { fetch, gateOf: () => gate });
    await during(exchange.federated('https://w.example.com', 'p', 'jwt'));
    await during(exchange.federated('https://w.example.com', 'p', 'jwt'));
    expect(await during(write())).toMatchObject({ reason: { code: 'CIRCUIT_OPEN' } });
    expect(requests).toHaveLength(5);
  });

  test('says since when, from the first failure on, and the first answer closes it', async () => {
    const clock = new SimulatedClock(new Date('2026-01-05T14:00:00.000Z'));
    const turns: boolean[] = [];
    const breaker = new CircuitBreaker({ clock, failures: 3, turned: (open) => turns.push(open) });
    for (const pause of [60_000, 60_000, 0]) {
      breaker.failed('reset');
      clock.advance(pause);
    }
    expect(breaker.silence).toEqual({ since: '2026-01-05T14:00:00.000Z', reason: 'reset' });
    expect(breaker.waitMs()).toBe(10_000);
    expect(() => breaker.admit()).toThrow(/since 14:00 UTC/);
    clock.advance(10_000);
    // One goes out; the next has to wait for its turn, whatever becomes of the first.
    breaker.admit();
    expect(() => breaker.admit()).toThrow();
    clock.advance(9_999);
    expect(breaker.permits()).toBe(0);
    clock.advance(1);
    breaker.admit();
    breaker.failed('still');
    expect(breaker.silence).toEqual({ since: '2026-01-05T14:00:00.000Z', reason: 'still' });
    breaker.answered();
    expect([breaker.isOpen, breaker.silence, turns]).toEqual([false, null, [true, false]]);
  });

  test('an answered probe that no call follows goes on with the same silence', () => {
    const clock = new SimulatedClock(new Date('2026-01-05T14:00:00.000Z'));
    const breaker = new CircuitBreaker({ clock, failures: 2 });
    breaker.failed('a');
    breaker.failed('a');
    clock.advance(600_000);
    breaker.answered('probe');
    expect(breaker.isOpen).toBe(false);
    breaker.failed('b');
    expect([breaker.isOpen, breaker.silence?.since]).toEqual([true, '2026-01-05T14:00:00.000Z']);
    breaker.answered('probe');
    breaker.answered();
    breaker.failed('c');
    expect([breaker.isOpen, breaker.silence?.since]).toEqual([false, '2026-01-05T14:10:00.000Z']);
  });

  test('an answered probe that no call follows for a day is the end of that silence', () => {
    const clock = new SimulatedClock(new Date('2026-01-05T14:00:00.000Z'));
    const breaker = new CircuitBreaker({ clock, failures: 2 });
    breaker.failed('a');
    breaker.failed('a');
    clock.advance(600_000);
    breaker.answered('probe');
    // A call that was begun with the probe runs out of time.
    clock.advance(30_000);
    breaker.failed('b');
    expect([breaker.isOpen, breaker.silence?.since]).toEqual([true, '2026-01-05T14:00:00.000Z']);
    breaker.answered('probe');
    clock.advance(24 * 3_600_000);
    breaker.failed('a time-out');
    expect([breaker.isOpen, breaker.silence?.since]).toEqual([false, '2026-01-06T14:10:30.000Z']);
    breaker.failed('another');
    expect([breaker.isOpen, breaker.silence?.since]).toEqual([true, '2026-01-06T14:10:30.000Z']);
  });
});

test('half an hour without an answer costs a probe in ten seconds, then 429s, then all is drained within the limits', async () => {
  const registry = new Registry();
  const results: string[] = [];
  const counted = createCallMetrics(registry)('main');
  const { clock, become, write, requests, gate } = outgoing(unreachable, {
    probing: true,
    observer: {
      ...counted,
      ended(family, result) {
        counted.ended?.(family, result);
        results.push(result);
      },
    },
  });
  // Two hundred things that must go out, each tried again when the last try says so.
  let left = 200;
  const deliver = async () => {
    for (;;) {
      try {
        await write();
        left -= 1;
        return;
      } catch (error) {
        const { retryAfter } = error as { retryAfter: number | null };
        await new Promise<void>((resolve) => void clock.after((retryAfter ?? 1) * 1_000, resolve));
      }
    }
  };
  const deliveries = Promise.all(Array.from({ length: 200 }, deliver));
  await clock.pass(10_000);
  const opened = requests.length;
  await clock.pass(30 * 60_000);
  const probes = requests.slice(opened);
  expect(left).toBe(200);
  expect(probes.length).toBeLessThanOrEqual(180);
  expect(probes.length).toBeGreaterThanOrEqual(170);
  for (const [index, { at }] of probes.entries()) {
    if (index > 0) expect(at - (probes[index - 1]?.at ?? 0)).toBeGreaterThanOrEqual(10_000);
  }
  expect(await registry.getSingleMetricAsString('gitea_databricks_workspace_circuit_open')).toContain(
    'gitea_databricks_workspace_circuit_open{workspace="main"} 1',
  );

  const before429 = requests.length;
  become(() => json(429, { error_code: 'REQUEST_LIMIT_EXCEEDED', message: 'slow down' }));
  await clock.pass(5 * 60_000);
  expect(gate.permits()).toBe(Number.POSITIVE_INFINITY);
  expect(left).toBe(200);
  // At most every half minute one goes out and is refused, with what was under way beside it.
  expect(requests.length - before429).toBeLessThan(60);

  const from = requests.length;
  become(() => json(200, {}));
  await clock.pass(10 * 60_000);
  await deliveries;
  expect(left).toBe(0);
  const drained = requests.slice(from).filter(({ path }) => path.endsWith('submit'));
  expect(drained).toHaveLength(200);
  for (const { at } of drained) {
    const within = drained.filter((other) => other.at >= at && other.at < at + 1_000).length;
    expect(within).toBeLessThanOrEqual(14);
  }
  const text = await registry.metrics();
  expect(text).toContain('requests_total{workspace="main",family="jobs-write",result="ok"} 200');
  expect(text).toContain('circuit_open{workspace="main"} 0');
  const waited = /budget_wait_seconds_total\{workspace="main",family="jobs-write"\} (\S+)/.exec(text)?.[1];
  expect(Number(waited)).toBeGreaterThan(60);
}, 60_000);

test('what goes on under a lease lets people by', async () => {
  const { clock, http, requests } = outgoing(() => json(200, {}));
  const lease = { name: 'workspace:main', holder: 'a', token: 1, stillHeld: () => true };
  const search = (path: string) => http.json('t', 'POST', `/api/2.0/mlflow/${path}/search`);
  const all = underLease(lease, () => ['a', 'b', 'c', 'd', 'e'].map(search));
  await clock.pass(0);
  all.push(search('person'));
  await clock.pass(5_000);
  await Promise.all(all);
  expect(requests.map(({ path }) => path.split('/').at(-2))).toEqual(['a', 'b', 'person', 'c', 'd', 'e']);
});

test('who wants to know is told by a look of our own, and not more than once in ten seconds', async () => {
  const told: string[] = [];
  const { gate, clock, requests, become } = outgoing(unreachable, {
    probing: true,
    observer: { answered: () => told.push('answered'), silent: () => told.push('silent') },
  });
  for (let second = 0; second < 30; second += 1) {
    gate.look();
    await clock.pass(1_000);
  }
  expect(requests.map(({ path }) => path)).toEqual(Array(3).fill('/api/2.2/jobs/list'));
  become(() => json(401, { error_code: 401, message: 'Credential was not sent.' }));
  gate.look();
  await clock.pass(10);
  expect(told).toEqual(['answered']);
});
