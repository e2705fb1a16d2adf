/** Hazard 26: a repository that floods the backend holds up itself only. Orders are asserted, never times. */
import { createHmac, randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { openDatabase } from '../../src/server/store/database.ts';
import { sortableId } from '../../src/server/store/sortable-id.ts';
import { createStores } from '../../src/server/store/stores.ts';
import { createTransactor } from '../../src/server/store/transactor.ts';
import { Buckets } from '../../src/server/webhook/buckets.ts';
import { contentKey, parseDelivery } from '../../src/server/webhook/delivery.ts';
import { createWebhookIntake } from '../../src/server/webhook/intake.ts';
import { nextTurns } from '../../src/server/webhook/turns.ts';
import { DeliveryWorker } from '../../src/server/webhook/worker.ts';
import { startWholeBackend } from '../server/all-rooms.ts';
import type { Browser } from '../server/backend-with-forge.ts';
import { makeRepository, request, signedInBrowser } from '../server/backend-with-forge.ts';

const sha = (number: number) => number.toString(16).padStart(40, '0');
const push = (repository: number, number: number) => ({
  repository: { id: repository },
  ref: 'refs/heads/main',
  before: sha(number),
  after: sha(number + 1),
});
const silent = { warn() {}, error() {} };

/** A store with a worker whose work is the test's. */
async function stage() {
  const db = await openDatabase(':memory:');
  onTestFinished(() => db.destroy());
  const transactor = createTransactor(db, createStores);
  async function store(repository: number, from: number, count: number): Promise<void> {
    const rows = Array.from({ length: count }, (_, position) => {
      const payload = push(repository, from + position);
      const now = new Date().toISOString();
      return {
        id: sortableId(),
        uuid: randomUUID(),
        event: 'push',
        event_type: 'push',
        repository_id: repository,
        content_key: contentKey(parseDelivery('push', 'push', payload)!),
        body: JSON.stringify(payload),
        received_at: now,
        state: 'received' as const,
        attempts: 0,
        next_attempt_at: now,
      };
    });
    for (let start = 0; start < count; start += 500) {
      await db
        .insertInto('deliveries')
        .values(rows.slice(start, start + 500))
        .execute();
    }
  }
  return { transactor, store };
}

describe('10,000 deliveries of one repository', () => {
  test('hold up those of others by a bounded number of positions, also of those that come later', async () => {
    const { transactor, store } = await stage();
    await store(1, 0, 10_000);
    await store(2, 0, 3);
    const order: number[] = [];
    let enough: () => void = () => {};
    const handledEnough = new Promise<void>((resolve) => {
      enough = resolve;
    });
    const worker = new DeliveryWorker({
      transactor,
      concurrency: 1,
      log: silent,
      async handle({ repositoryId }) {
        if (order.length === 20) {
          await store(3, 0, 2);
          worker.wake();
        }
        order.push(repositoryId);
        if (order.length === 60) enough();
        return 'done';
      },
    });
    worker.start();
    await handledEnough;
    await worker.stop();
    // Five of the flood at most before each turn of another.
    expect(order.indexOf(2)).toBeLessThanOrEqual(5);
    expect(order.lastIndexOf(2)).toBeLessThanOrEqual(8);
    expect(order.indexOf(3)).toBeGreaterThan(20);
    expect(order.lastIndexOf(3)).toBeLessThanOrEqual(20 + 2 * 5 + 2);
  });

  test('do not wait for the work of another repository that never ends, nor it for them', async () => {
    const { transactor, store } = await stage();
    await store(1, 0, 1);
    await store(2, 0, 30);
    let release: () => void = () => {};
    const stuck = new Promise<void>((resolve) => {
      release = resolve;
    });
    const order: number[] = [];
    let all: () => void = () => {};
    const allOfTwo = new Promise<void>((resolve) => {
      all = resolve;
    });
    const worker = new DeliveryWorker({
      transactor,
      log: silent,
      async handle({ repositoryId }) {
        if (repositoryId === 1) await stuck;
        order.push(repositoryId);
        if (order.length === 30) all();
        return 'done';
      },
    });
    worker.start();
    await allOfTwo;
    expect(order).toEqual(Array(30).fill(2));
    release();
    await worker.stop();
    expect(order.at(-1)).toBe(1);
  });

  test('are refused beyond what a repository may send, and those of others are not', async () => {
    const { transactor } = await stage();
    let now = 0;
    const intake = createWebhookIntake({ secret: 's', transactor, wake: () => {}, limit: 600 });
    const deliver = async (repository: number, number: number) => {
      const body = Buffer.from(JSON.stringify(push(repository, number)));
      now += 1;
      return await intake.accept({
        body,
        event: 'push',
        eventType: 'push',
        uuid: `${repository}-${number}`,
        signature: createHmac('sha256', 's').update(body).digest('hex'),
        requestId: String(now),
      });
    };
    const flood: string[] = [];
    const others: string[] = [];
    for (let number = 0; number < 10_000; number += 1) {
      flood.push((await deliver(1, number)).kind);
      if (number % 100 === 0) others.push((await deliver(2, number)).kind);
    }
    const accepted = flood.filter((kind) => kind === 'stored').length;
    expect(flood.slice(0, 600)).toEqual(Array(600).fill('stored'));
    // What flows back while the test runs is far from what was sent.
    expect(accepted).toBeLessThan(5_000);
    expect(flood.filter((kind) => kind === 'too-many')).toHaveLength(10_000 - accepted);
    expect(others).toEqual(Array(100).fill('stored'));
  });
});

test('turns: nobody is passed over twice by the same repository, whatever comes', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 300 }), (arrivals) => {
      const queues = new Map<number, string[]>();
      const served = new Map<number, number>();
      const passed = new Map<number, number[]>();
      let turn = 0;
      const serve = () => {
        const waiting = [...queues].map(([repositoryId, [id]]) => ({ repositoryId, id: id! }));
        const [next] = nextTurns(waiting, new Set(), served, 1);
        if (!next) return;
        served.set(next.repositoryId, turn++);
        for (const { repositoryId } of waiting) {
          if (repositoryId === next.repositoryId) passed.delete(repositoryId);
          else {
            const before = passed.get(repositoryId) ?? [];
            if (before.includes(next.repositoryId)) throw new Error('passed over twice');
            passed.set(repositoryId, [...before, next.repositoryId]);
          }
        }
        const queue = queues.get(next.repositoryId)!;
        queue.shift();
        if (queue.length === 0) queues.delete(next.repositoryId);
      };
      arrivals.forEach((repository, position) => {
        const id = String(position).padStart(6, '0');
        queues.set(repository, [...(queues.get(repository) ?? []), id]);
        if (position % 3 === 0) serve();
      });
      while (queues.size > 0) serve();
    }),
    { numRuns: 300 },
  );
});

test('a bucket gives what it says, and says when there is more', () => {
  let now = 0;
  const buckets = new Buckets(60, () => now);
  for (let taken = 0; taken < 60; taken += 1) expect(buckets.take('a')).toBeNull();
  expect(buckets.take('a')).toBeCloseTo(1);
  expect(buckets.take('b')).toBeNull();
  now += 500;
  expect(buckets.take('a')).toBeCloseTo(0.5);
  now += 500;
  expect(buckets.take('a')).toBeNull();
  expect(buckets.take('a')).not.toBeNull();
  // Many keys do not grow it without end, and none of those in use is forgotten.
  for (let key = 0; key < 30_000; key += 1) {
    buckets.take(key);
    if (key % 1_000 === 0) expect(buckets.take('a')).not.toBeNull();
  }
});

describe('limits of requests', () => {
  let backend: Awaited<ReturnType<typeof startWholeBackend>>;
  let wendy: Browser;
  let rita: Browser;
  let one: number;
  let other: number;

  beforeAll(async () => {
    backend = await startWholeBackend({
      rateLimits: { user: 100, address: 50, repository: 30, deliveries: 5, forged: 5 },
    });
    one = await makeRepository(backend, 'wine-one');
    other = await makeRepository(backend, 'wine-other');
    await backend.repositories.discover();
    wendy = await signedInBrowser(backend, 'wendy');
    rita = await signedInBrowser(backend, 'rita');
  }, 60_000);
  afterAll(() => backend.close());

  type Answer = Awaited<ReturnType<typeof request>>;
  function expectRefused(answer: Answer): void {
    expect(answer.statusCode).toBe(429);
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(answer.json()).toMatchObject({ code: 'too-many-requests', status: 429 });
    const wait = Number(answer.headers['retry-after']);
    expect(Number.isInteger(wait) && wait >= 1 && wait <= 60).toBe(true);
  }
  async function until429(ask: () => Promise<Answer>, most: number): Promise<number> {
    for (let asked = 0; asked <= most; asked += 1) {
      const answer = await ask();
      if (answer.statusCode !== 429) continue;
      expectRefused(answer);
      return asked;
    }
    throw new Error(`nothing was refused in ${most} requests`);
  }

  const webhook = (payload: object, secret: string) => {
    const body = JSON.stringify(payload);
    return backend.app.inject({
      method: 'POST',
      url: `${backend.base}webhooks/gitea`,
      headers: {
        'content-type': 'application/json',
        'x-gitea-event': 'push',
        'x-gitea-event-type': 'push',
        'x-gitea-delivery': randomUUID(),
        'x-gitea-signature': createHmac('sha256', secret).update(body).digest('hex'),
      },
      payload: body,
    });
  };

  test('of a repository: it alone is refused, and who may not see it uses up nothing', async () => {
    const oscar = await signedInBrowser(backend, 'oscar');
    const ask = (browser: Browser, repository: number) =>
      request(backend, browser, 'GET', `api/v1/repositories/${repository}/releases`);
    for (let asked = 0; asked < 60; asked += 1) expect((await ask(oscar, one)).statusCode).toBe(404);
    expect(await until429(() => ask(rita, one), 40)).toBe(30);
    expectRefused(await ask(wendy, one));
    expect((await ask(wendy, other)).statusCode).toBe(200);
    expect((await request(backend, wendy, 'GET', 'api/v1/session')).statusCode).toBe(200);
  });

  test('of a user: whatever the address; others are answered', async () => {
    let asked = 0;
    const ask = () =>
      request(backend, rita, 'GET', 'api/v1/session', {
        headers: { 'x-forwarded-for': `203.0.113.${asked++ % 250}` },
      });
    await until429(ask, 120);
    expect((await request(backend, wendy, 'GET', 'api/v1/session')).statusCode).toBe(200);
  });

  test('of an address without a session: other addresses are answered, and people who are signed in', async () => {
    const from = (address: string, path = 'api/v1/session') =>
      request(backend, null, 'GET', path, { headers: { 'x-forwarded-for': address } });
    await until429(() => from('198.51.100.1'), 60);
    expectRefused(await from('198.51.100.1', 'nothing'));
    expect((await from('198.51.100.2')).statusCode).toBe(401);
    const signedIn = await request(backend, wendy, 'GET', 'api/v1/session', {
      headers: { 'x-forwarded-for': '198.51.100.1' },
    });
    expect(signedIn.statusCode).toBe(200);
  });

  test('of deliveries: by repository, and forgeries by address without harm to the others', async () => {
    expect(
      await until429(() => webhook(push(one, Math.floor(Math.random() * 1e9)), 'webhook-secret'), 10),
    ).toBe(5);
    expect((await webhook(push(other, 1), 'webhook-secret')).statusCode).toBe(202);
    expect(await until429(() => webhook(push(other, 2), 'wrong'), 10)).toBe(5);
    expect((await webhook(push(other, 3), 'webhook-secret')).statusCode).toBe(202);
  });
});
