/**
 * At least 20,000 generated requests: every route with hostile addresses, bodies, headers and cookies, and signed
 * and unsigned deliveries. None is answered with a fault, none ends the process. `FUZZ_SEED` and `FUZZ_REQUESTS`
 * try others; the seed of a failure is in its message.
 */
import { setImmediate as breathe } from 'node:timers/promises';
import { Value } from 'typebox/value';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Problem } from '../../src/contract/problem.ts';
import { routeActs } from '../../src/server/permission/matrix.ts';
import { cookieHeader } from '../server/backend-with-forge.ts';
import type { HostileRequest } from './hostile-requests.ts';
import { hostileRequests } from './hostile-requests.ts';
import type { PopulatedBackend } from './populated-backend.ts';
import { startPopulatedBackend } from './populated-backend.ts';

const seed = Number(process.env.FUZZ_SEED ?? 5_2026);
const count = Number(process.env.FUZZ_REQUESTS ?? 20_000);

let backend: PopulatedBackend;
const unhandled: unknown[] = [];
const note = (error: unknown) => void unhandled.push(error);

beforeAll(async () => {
  process.on('unhandledRejection', note).on('uncaughtException', note);
  backend = await startPopulatedBackend();
  backend.rooms.duties.deliveries.start();
}, 60_000);

afterAll(async () => {
  process.off('unhandledRejection', note).off('uncaughtException', note);
  await backend?.rooms.duties.deliveries.stop();
  await backend?.rooms.duties.outbox.stop();
  await backend?.close();
});

interface Answer {
  status: number;
  headers: Record<string, unknown>;
  body: string;
}

async function send({ method, url, headers, payload }: HostileRequest): Promise<Answer> {
  const streams = url.includes('/events');
  const response = await backend.app.inject({
    method: method as 'GET',
    url,
    headers: headers as Record<string, string>,
    ...(payload === undefined ? {} : { payload }),
    // A live stream does not end: its head is enough.
    payloadAsStream: streams,
  });
  const { statusCode: status } = response;
  if (!streams) return { status, headers: response.headers, body: response.body };
  const stream = response.stream();
  let body = '';
  if (status !== 200) for await (const chunk of stream) body += chunk;
  stream.destroy();
  return { status, headers: response.headers, body };
}

/** What is wrong with an answer; null: nothing. */
function faultOf(request: HostileRequest, { status, headers, body }: Answer): string | null {
  if (status >= 500) return 'a fault';
  if (headers['x-content-type-options'] !== 'nosniff' || !headers['content-security-policy'])
    return 'not hardened';
  if (/eyJ[\w-]{10,}\.[\w-]+\.|access_token"|\n\s+at [\w.]+ \(/.test(body)) return 'a token or a trace';
  if (status < 400 || request.method === 'HEAD') return null;
  const type = String(headers['content-type']);
  if (type.startsWith('text/html') && request.url.includes('/auth/')) return null;
  if (type !== 'application/problem+json') return `an error as ${type}`;
  return Value.Check(Problem, JSON.parse(body)) ? null : 'no problem document';
}

test(`${count} hostile requests (seed ${seed}) are all answered, and none as a fault`, async () => {
  const { base, origin, repository, pull, run, queued, release, people, configuration } = backend;
  const requests = hostileRequests(
    {
      base,
      origin,
      secret: configuration.gitea.webhookSecret,
      cookies: Object.values(people).map(({ backend: cookies }) => cookieHeader(cookies)),
      parameters: {
        repository: [String(repository)],
        run: [run, queued],
        task: ['train'],
        index: [String(pull)],
        model: ['wine'],
        release: [release],
      },
    },
    count,
    seed,
  );
  const faults: string[] = [];
  const statuses = new Map<string, number>();
  let next = 0;
  const lane = async () => {
    while (next < requests.length && faults.length < 5) {
      const request = requests[next++]!;
      const answer = await send(request).catch((error: unknown) => ({
        status: 599,
        headers: {},
        body: String(error),
      }));
      const fault = faultOf(request, answer);
      if (fault !== null) {
        faults.push(
          `${fault}: ${answer.status} ${answer.body.slice(0, 300)}\n${JSON.stringify(request).slice(0, 700)}`,
        );
      }
      const key = String(answer.status);
      statuses.set(key, (statuses.get(key) ?? 0) + 1);
      if (next % 50 === 0) await breathe();
    }
  };
  await Promise.all(Array.from({ length: 8 }, lane));
  const about = `seed ${seed}, ${JSON.stringify(Object.fromEntries(statuses))}`;
  expect(
    faults,
    `${about}\n${backend.logged
      .filter((line) => line.includes('"error"'))
      .slice(-3)
      .map((line) => line.slice(0, 1_500))
      .join('\n')}`,
  ).toEqual([]);
  expect(unhandled, about).toEqual([]);
  // It went where it should: past every check, and stopped by each.
  for (const status of ['200', '202', '400', '401', '403', '404', '405', '413', '415']) {
    expect(statuses.get(status) ?? 0, `${status} in ${about}`).toBeGreaterThan(10);
  }
  expect((await backend.app.inject(`${base}health/live`)).statusCode).toBe(200);
}, 180_000);

test('what was accepted of it is worked off: no delivery is stuck', async () => {
  const { deliveries } = backend.transactor.stores;
  await expect
    .poll(async () => (await deliveries.waiting(new Date().toISOString())).length, { timeout: 60_000 })
    .toBe(0);
  expect(await deliveries.nextDue('0')).toBeNull();
  expect(Object.keys(routeActs).length).toBeGreaterThan(20);
}, 90_000);
