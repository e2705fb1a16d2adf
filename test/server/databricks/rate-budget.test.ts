import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { familyOf, rates } from '../../../src/server/databricks/api-family.ts';
import { RateBudget } from '../../../src/server/databricks/rate-budget.ts';
import { SimulatedClock } from '../../faults/simulated-clock.ts';

function budget(perSecond: number, burst: number, random = () => 0) {
  const clock = new SimulatedClock();
  const of = new RateBudget({ clock, rates: [{ perSecond, burst }], random });
  /** When each call went out, in the order of going (ms); and why others did not. */
  const out: { name: string; at: number }[] = [];
  const failed: { name: string; error: unknown }[] = [];
  const ask = (name: string, priority: 'people' | 'background', longestMs = 60_000, signal?: AbortSignal) =>
    void of.take(priority, longestMs, signal).then(
      () => out.push({ name, at: clock.monotonic() }),
      (error: unknown) => failed.push({ name, error }),
    );
  return { clock, of, out, failed, ask };
}

/** The most calls in any span of so many milliseconds. */
function mostWithin(times: readonly number[], span: number): number {
  return Math.max(0, ...times.map((from) => times.filter((at) => at >= from && at < from + span).length));
}

describe('a rate budget', () => {
  test('lets so many out at once and the others as the rate allows, in their order', async () => {
    const { clock, out, ask } = budget(2, 3);
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) ask(name, 'background');
    await clock.pass(0);
    expect(out.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
    await clock.pass(1_600);
    expect(out.map(({ name }) => name)).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
    expect(out.slice(3).map(({ at }) => Math.round(at))).toEqual([500, 1_000, 1_500]);
  });

  test('serves people before what goes on in the background', async () => {
    const { clock, out, ask } = budget(1, 1);
    for (const name of ['a', 'b', 'c']) ask(name, 'background');
    ask('person', 'people');
    await clock.pass(10_000);
    expect(out.map(({ name }) => name)).toEqual(['a', 'person', 'b', 'c']);
  });

  test('gives every fourth call to the background while both wait, and tells each how long it takes', async () => {
    const { clock, out, failed, ask } = budget(1, 1);
    ask('first', 'people');
    for (const name of ['a', 'b', 'c']) ask(name, 'background');
    for (let index = 1; index <= 8; index += 1) ask(`p${index}`, 'people');
    // Before a ninth person there are eight people and two of the background: more than ten seconds.
    ask('hasty', 'people', 10_000);
    // Before a fourth of the background there are all of them.
    ask('hasty background', 'background', 11_000);
    await clock.pass(0);
    expect(failed).toMatchObject([
      { name: 'hasty', error: { code: 'RATE_BUDGET', retryAfter: 11 } },
      { name: 'hasty background', error: { code: 'RATE_BUDGET', retryAfter: 12 } },
    ]);
    await clock.pass(20_000);
    expect(out.map(({ name }) => name)).toEqual([
      'first',
      'p1',
      'p2',
      'p3',
      'a',
      'p4',
      'p5',
      'p6',
      'b',
      'p7',
      'p8',
      'c',
    ]);
  });

  test('lets the background go on however many people ask', async () => {
    const { clock, out, failed, ask } = budget(3.5, 2, () => 0.5);
    for (let quarter = 0; quarter < 600; quarter += 1) {
      ask('person', 'people', 30_000);
      if (quarter % 4 === 0) ask('watcher', 'background', 30_000);
      await clock.pass(250);
    }
    const served = (who: string) => out.filter(({ name }) => name === who).length;
    expect(served('watcher')).toBeGreaterThanOrEqual(100);
    expect(served('watcher') / out.length).toBeLessThanOrEqual(0.26);
    expect(served('person')).toBeGreaterThan(300);
    expect(failed.every(({ error }) => (error as { code?: string }).code === 'RATE_BUDGET')).toBe(true);
  });

  test('does not count against people whom nobody of the background waited behind', async () => {
    const { clock, out, ask } = budget(1, 1);
    for (let index = 0; index < 6; index += 1) ask(`p${index}`, 'people');
    await clock.pass(4_500);
    ask('a', 'background');
    await clock.pass(10_000);
    expect(out.map(({ name }) => name).slice(-2)).toEqual(['p5', 'a']);
  });

  test('fails nobody but who would wait longer than their call may take, and says when to come back', async () => {
    const { clock, out, failed, ask } = budget(1, 1);
    for (let index = 0; index < 6; index += 1) ask(`call ${index}`, 'background', 3_000);
    await clock.pass(0);
    expect(failed.map(({ name }) => name)).toEqual(['call 4', 'call 5']);
    expect(failed[0]?.error).toMatchObject({ code: 'RATE_BUDGET', temporary: true, retryAfter: 4 });
    // People who come in between push the last one over its time.
    ask('person', 'people');
    await clock.pass(10_000);
    expect(out.map(({ name }) => name)).toEqual(['call 0', 'person', 'call 1', 'call 2']);
    expect(failed.map(({ name }) => name)).toEqual(['call 4', 'call 5', 'call 3']);
  });

  test('is empty for a while after a 429, longer with each further one, and as long as Retry-After says', async () => {
    const pauses = [];
    const { clock, of, out, ask } = budget(100, 100);
    for (const retryAfter of [null, null, null, 7, null]) {
      of.refused(retryAfter);
      const from = clock.monotonic();
      ask('next', 'people');
      await clock.pass(30_000);
      pauses.push(Math.round((out.at(-1)?.at ?? 0) - from));
    }
    // The bucket starts empty: the first token is there after another 10 ms.
    expect(pauses).toEqual([510, 1_010, 2_010, 7_010, 8_010]);
    of.accepted();
    of.refused(null);
    const from = clock.monotonic();
    ask('next', 'people');
    await clock.pass(1_000);
    expect(Math.round((out.at(-1)?.at ?? 0) - from)).toBe(510);
  });

  test('takes calls that were refused together for one refusal', async () => {
    const { clock, of, out, ask } = budget(100, 100);
    for (let index = 0; index < 50; index += 1) of.refused(null);
    ask('next', 'people');
    await clock.pass(1_000);
    expect(Math.round(out.at(-1)?.at ?? 0)).toBe(510);
  });

  test('lets go of whoever gives up', async () => {
    const { clock, out, failed, ask } = budget(1, 1);
    const stop = new AbortController();
    ask('a', 'people');
    ask('b', 'people', 60_000, stop.signal);
    ask('c', 'people');
    stop.abort(new Error('stopped'));
    await clock.pass(1_100);
    expect(out.map(({ name }) => name)).toEqual(['a', 'c']);
    expect(failed).toEqual([{ name: 'b', error: new Error('stopped') }]);
    expect(clock.waiting).toBe(0);
  });

  test('never lets more out than its rates allow, whoever comes when, and serves everybody in the end', async () => {
    const arrivals = fc.array(
      fc.record({ after: fc.integer({ min: 0, max: 800 }), people: fc.boolean(), refused: fc.boolean() }),
      { minLength: 1, maxLength: 60 },
    );
    await fc.assert(
      fc.asyncProperty(
        arrivals,
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 10 }),
        fc.double({ min: 0, max: 0.99, noNaN: true }),
        async (calls, perSecond, burst, random) => {
          const { clock, of, out, ask } = budget(perSecond, burst, () => random);
          for (const [index, { after, people, refused }] of calls.entries()) {
            await clock.pass(after);
            if (refused) of.refused(null);
            ask(String(index), people ? 'people' : 'background', 10_000_000);
          }
          await clock.pass(1_000_000);
          expect(out).toHaveLength(calls.length);
          const times = out.map(({ at }) => at);
          expect(mostWithin(times, 1_000)).toBeLessThanOrEqual(perSecond + burst);
          expect(mostWithin(times, 10_000)).toBeLessThanOrEqual(perSecond * 10 + burst);
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe('the API families', () => {
  test.each([
    ['GET', '/api/2.2/jobs/runs/get', 'jobs-read'],
    ['GET', '/api/2.2/jobs/runs/list', 'jobs-read'],
    ['POST', '/api/2.2/jobs/run-now', 'jobs-write'],
    ['POST', '/api/2.2/jobs/runs/submit', 'jobs-write'],
    ['POST', '/api/2.2/jobs/runs/cancel', 'jobs-write'],
    ['POST', '/api/2.0/mlflow/runs/search', 'mlflow-search'],
    ['GET', '/api/2.0/mlflow/metrics/get-history', 'mlflow-read'],
    ['GET', '/api/2.0/mlflow/artifacts/list', 'mlflow-read'],
    ['POST', '/api/2.0/mlflow/experiments/create', 'mlflow-write'],
    ['PATCH', '/api/2.0/permissions/experiments/1', 'mlflow-write'],
    ['GET', '/api/2.1/unity-catalog/models/ml.prod.wine', 'registry'],
    ['PUT', '/api/2.1/unity-catalog/models/ml.prod.wine/aliases/champion', 'registry'],
    ['GET', '/api/2.0/fs/files/Models/ml/prod/wine/1/MLmodel', 'registry'],
    ['PUT', '/api/2.0/serving-endpoints/wine/config', 'serving'],
    ['POST', '/api/2.0/workspace/mkdirs', 'files'],
    ['POST', '/api/2.0/workspace-files/import-file/a', 'files'],
  ] as const)('%s %s is of %s', (method, path, family) => {
    expect(familyOf(method, path)).toBe(family);
  });

  test('stay below what Databricks is known to take in any second, and in any hour', () => {
    const within = (family: keyof typeof rates, seconds: number) =>
      Math.min(...rates[family].map(({ perSecond, burst }) => burst + perSecond * seconds));
    expect(within('mlflow-search', 1)).toBeLessThanOrEqual(7);
    expect(within('jobs-read', 1)).toBeLessThanOrEqual(100);
    expect(within('jobs-write', 1)).toBeLessThanOrEqual(20);
    expect(within('jobs-write', 3_600)).toBeLessThanOrEqual(10_000);
    expect(within('files', 1)).toBeLessThanOrEqual(30);
  });
});
