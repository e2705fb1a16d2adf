import { describe, expect, test } from 'vitest';
import { DatabricksError } from '../../../src/server/databricks/error.ts';
import { LeaseLost } from '../../../src/server/duty/lease.ts';
import { GiteaError } from '../../../src/server/gitea/error.ts';
import { backoffMs } from '../../../src/server/outbox/backoff.ts';
import { consequenceOf, usualBounds } from '../../../src/server/outbox/failure.ts';
import { longestPauseMs } from '../../../src/server/outbox/ports.ts';
import { openBox, settled } from './sent-box.ts';

const bounds = { attempts: 600, refusals: 24 };
const full = () => 1;
const unheard = (attempts: number) => ({ attempts, refusals: 0 });
const refused = (refusals: number, attempts = refusals) => ({ attempts, refusals });

describe('what follows from a failure', () => {
  const open = new DatabricksError({
    code: 'CIRCUIT_OPEN',
    status: 0,
    message: 'does not answer',
    retryAfter: 10,
  });
  const busy = new DatabricksError({ code: 'HTTP_429', status: 429, message: 'busy', retryAfter: 60 });

  test('is another try, later each time, and never sooner than Databricks asks for', () => {
    expect(consequenceOf(new Error('x'), unheard(3), bounds, full)).toEqual({
      kind: 'retry',
      pause: 4_000,
      reason: 'x',
      refused: false,
    });
    expect(consequenceOf(busy, unheard(0), bounds, () => 0)).toMatchObject({ kind: 'retry', pause: 60_000 });
    expect(consequenceOf(busy, unheard(0), bounds, full)).toMatchObject({ kind: 'retry', pause: 90_000 });
    expect(consequenceOf(new Error('x'), unheard(500), bounds, full)).toMatchObject({ pause: 60_000 });
  });

  test('is, where it is refused, counted from the first refusal: an outage before it takes no time from whoever repairs', () => {
    const no = new GiteaError(403, 'no');
    expect(consequenceOf(no, refused(0, 500), bounds, full)).toEqual({
      kind: 'retry',
      pause: 500,
      reason: 'no',
      refused: true,
    });
    expect(consequenceOf(no, refused(22, 500), bounds, full)).toMatchObject({ pause: 300_000 });
    expect(consequenceOf(no, refused(23, 500), bounds)).toMatchObject({ kind: 'park' });
    expect(consequenceOf(no, refused(3, 599), bounds)).toMatchObject({ kind: 'park' });
  });

  test('is no counted try while a workspace is not asked at all', () => {
    expect(consequenceOf(open, unheard(599), bounds, () => 0)).toEqual({ kind: 'postpone', pause: 10_000 });
    expect(consequenceOf(open, unheard(599), bounds, full)).toEqual({ kind: 'postpone', pause: 15_000 });
  });

  test('is nothing at all where the lease is another backend’s by now', () => {
    const lost = new GiteaError(0, 'cannot be reached', { cause: new LeaseLost('outbox') });
    expect(consequenceOf(lost, unheard(599), bounds)).toEqual({ kind: 'lease-lost' });
  });

  test('is parking after a bound, sooner where it is refused, at once where it is for good', () => {
    expect(consequenceOf(new GiteaError(0, 'gone'), unheard(598), bounds)).toMatchObject({ kind: 'retry' });
    expect(consequenceOf(new GiteaError(0, 'gone'), unheard(599), bounds)).toEqual({
      kind: 'park',
      reason: 'gone',
    });
    expect(consequenceOf(new GiteaError(403, 'no'), refused(22), bounds)).toMatchObject({ kind: 'retry' });
    expect(consequenceOf(new GiteaError(403, 'no'), refused(23), bounds)).toEqual({
      kind: 'park',
      reason: 'no',
    });
    const permanent = Object.assign(new Error('never'), { permanent: true });
    expect(consequenceOf(permanent, unheard(0), bounds)).toEqual({ kind: 'park', reason: 'never' });
  });
});

test('silence is borne for two days, refusals for an hour', () => {
  const pauses = (tries: number, longest?: number) =>
    Array.from({ length: tries - 1 }, (_, failed) => backoffMs(failed, () => 0.5, longest));
  const minutes = (all: number[]) => all.reduce((sum, one) => sum + one, 0) / 60_000;
  expect(minutes(pauses(usualBounds.attempts)) / 60).toBeCloseTo(48, 0);
  expect(minutes(pauses(usualBounds.refusals, longestPauseMs))).toBeGreaterThan(50);
  expect(minutes(pauses(usualBounds.refusals, longestPauseMs))).toBeLessThan(65);
});

describe('what was parked', () => {
  async function parked() {
    let refuses = true;
    const sent: unknown[] = [];
    const box = await openBox(
      async ({ value }) => {
        if (refuses && Number(value) < 10) throw new GiteaError(403, 'The bot may not write here.');
        sent.push(value);
      },
      { bounds: { refusals: 3 } },
    );
    await box.enqueue('status', 'status:1:a', 1);
    await box.enqueue('promote', 'promote:2:7', 2, 2);
    const outbox = box.create();
    outbox.start();
    await box.pass(60_000);
    return {
      ...box,
      sent,
      running: outbox,
      allow: () => {
        refuses = false;
      },
      end: async () => {
        await outbox.stop();
        await box.close();
      },
    };
  }

  test('is listed with its reason, for those who may see its repository', async () => {
    const box = await parked();
    const all = await box.outbox.parked('all', 10);
    expect(all).toMatchObject([
      { topic: 'promote', key: 'promote:2:7', attempts: 3, reason: 'The bot may not write here.' },
      { topic: 'status', key: 'status:1:a', attempts: 3, payload: { repository: 1, value: 1 } },
    ]);
    for (const { createdAt, parkedAt } of all)
      expect(Date.parse(parkedAt)).toBeGreaterThan(Date.parse(createdAt));
    expect((await box.outbox.parked([1], 10)).map(({ key }) => key)).toEqual(['status:1:a']);
    expect(await box.outbox.parked([3], 10)).toEqual([]);
    expect(await box.outbox.parked('all', 1)).toHaveLength(1);
    await box.end();
  });

  test('is sent once more when somebody says so, counted anew, and once', async () => {
    const box = await parked();
    box.allow();
    const [message] = await box.outbox.parked([1], 1);
    const again = () =>
      box.transactor.transaction(
        async ({ outbox }) => await outbox.retry(message?.id ?? '', box.clock.now().toISOString()),
      );
    expect(await again()).toMatchObject({ id: message?.id, key: 'status:1:a', attempts: 3 });
    expect(await again()).toBeNull();
    box.running.wake();
    await box.pass(1_000);
    expect(box.sent).toEqual([1]);
    expect((await box.rows()).find(({ key }) => key === 'status:1:a')).toMatchObject({
      state: 'done',
      attempts: 0,
      refusals: 0,
    });
    await box.end();
  });

  test('holds up no later message of its key; a newer status takes it off the list', async () => {
    const box = await parked();
    await box.enqueue('status', 'status:1:a', 11);
    await box.enqueue('promote', 'promote:2:7', 12, 2);
    box.running.wake();
    await box.pass(1_000);
    expect(box.sent.sort()).toEqual([11, 12]);
    expect((await box.outbox.parked('all', 10)).map(({ key }) => key)).toEqual(['promote:2:7']);
    await box.end();
  });

  test('is said again where the same was said before it, for nobody knows what Gitea shows', async () => {
    const box = await openBox(async ({ value }) => {
      if (value === 2) throw Object.assign(new Error('never'), { permanent: true });
    });
    const outbox = box.create();
    outbox.start();
    for (const value of [1, 2, 1, 1]) {
      await box.enqueue('status', 'k', value);
      outbox.wake();
      await box.pass(100);
    }
    expect((await box.rows()).map(({ value, state }) => [value, state])).toEqual([
      [1, 'done'],
      [2, 'superseded'],
      [1, 'done'],
    ]);
    await outbox.stop();
    await box.close();
  });
});

describe('lanes', () => {
  test('a workspace that does not answer holds up neither Gitea nor another workspace', async () => {
    const sent: unknown[] = [];
    const box = await openBox(
      async ({ value }) => {
        if (Number(value) < 1_000) await new Promise<void>(() => {});
        sent.push(value);
      },
      { workspaceOf: async (repository) => (repository === 1 ? 'stalled' : 'main'), concurrency: 4 },
    );
    for (let value = 0; value < 450; value += 1) await box.enqueue('upload', `run:${value}`, value);
    await box.enqueue('upload', 'run:other', 1_001, 2);
    await box.enqueue('status', 'status:1:a', 1_002);
    const outbox = box.create();
    outbox.start();
    await settled();
    expect(sent.sort()).toEqual([1_001, 1_002]);
    void outbox.stop();
  });

  test('a workspace that is known not to answer gets one message now and then; the others are not touched', async () => {
    let answers = false;
    let probe = 10_000;
    const sent: unknown[] = [];
    const box = await openBox(
      async ({ value }) => {
        if (!answers) {
          probe = box.clock.monotonic() + 10_000;
          throw new GiteaError(0, 'no answer');
        }
        sent.push(value);
      },
      {
        answering: () => {
          const waitMs = () => (answers ? 0 : Math.max(0, probe - box.clock.monotonic()));
          return { waitMs, permits: () => (answers ? Number.POSITIVE_INFINITY : waitMs() === 0 ? 1 : 0) };
        },
      },
    );
    for (let value = 0; value < 100; value += 1) await box.enqueue('upload', `run:${value}`, value);
    const outbox = box.create();
    outbox.start();
    await box.pass(30 * 60_000);
    const tries = (await box.rows()).reduce((sum, { attempts }) => sum + attempts, 0);
    expect(tries).toBeGreaterThan(100);
    expect(tries).toBeLessThanOrEqual(180);
    // Of 3,840: a pause of a minute loses a half at most.
    expect(Math.max(...(await box.rows()).map(({ attempts }) => attempts))).toBeLessThan(70);
    answers = true;
    outbox.wake();
    await box.pass(300_000);
    expect(sent).toHaveLength(100);
    await outbox.stop();
    await box.close();
  });

  test('however many messages wait for a workspace that does not answer, those to others go out', async () => {
    const sent: unknown[] = [];
    const box = await openBox(async ({ value }) => void sent.push(value), {
      workspaceOf: async (repository) => (repository > 2 ? 'main' : 'down'),
      answering: (name) =>
        name === 'down' ? { permits: () => 0, waitMs: () => 5_000 } : { permits: () => 99, waitMs: () => 0 },
    });
    const many = Array.from({ length: 2_400 }, (_, index) => index);
    await box.transactor.transaction(async ({ outbox }) => {
      for (const index of many) {
        const payload = { repository: 1 + (index % 2), value: index };
        await outbox.enqueue({ topic: 'submit', key: `run:${index}`, payload });
      }
    });
    await box.enqueue('submit', 'run:other', -1, 3);
    const outbox = box.create();
    outbox.start();
    await box.pass(10_000);
    expect(sent).toEqual([-1]);
    await outbox.stop();
    await box.close();
  });

  test('sending many messages costs a few queries each, not one per message that waits', async () => {
    const messages = 300;
    const queries = { workspace: 0, due: 0 };
    const box = await openBox(
      async ({ value }) => {
        await new Promise<void>(
          (resolve) => void box.clock.after(50 + ((Number(value) * 37) % 211), resolve),
        );
      },
      {
        workspaceOf: async () => {
          queries.workspace += 1;
          return 'main';
        },
      },
    );
    const { outbox: rows } = box.transactor.stores;
    const counted = {
      ...rows,
      async due(...all: Parameters<typeof rows.due>) {
        queries.due += 1;
        return await rows.due(...all);
      },
    };
    const transactor = { ...box.transactor, stores: { ...box.transactor.stores, outbox: counted } };
    for (let value = 0; value < messages; value += 1) await box.enqueue('submit', `run:${value}`, value);
    const outbox = box.create({ transactor });
    outbox.start();
    await box.pass(60_000);
    expect((await box.rows()).every(({ state }) => state === 'done')).toBe(true);
    expect(queries.workspace).toBeLessThanOrEqual(2 * messages);
    expect(queries.due).toBeLessThanOrEqual(5 * messages);
    await outbox.stop();
    await box.close();
  });

  test('what is stopped in the middle is neither sent nor failed: the next start sends it', async () => {
    const sent: unknown[] = [];
    let patient = true;
    const box = await openBox(async ({ value }, { signal }) => {
      if (patient) {
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
        signal.throwIfAborted();
      }
      sent.push(value);
    });
    await box.enqueue('upload', 'run:1', 1);
    const first = box.create();
    first.start();
    await settled();
    await first.stop();
    expect(await box.rows()).toMatchObject([{ state: 'pending', attempts: 0 }]);
    patient = false;
    const second = box.create();
    second.start();
    await box.pass(100);
    expect(sent).toEqual([1]);
    await second.stop();
    await box.close();
  });
});
