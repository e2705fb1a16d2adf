import { expect, onTestFinished, test } from 'vitest';
import { DatabricksError } from '../../../src/server/databricks/error.ts';
import { aliasesAfter, endpointAfter, oldest } from '../../../src/server/registry/after-releases.ts';
import { LastKnown } from '../../../src/server/registry/last-known.ts';
import type { StoredRelease } from '../../../src/server/registry/release.ts';
import { openDatabase } from '../../../src/server/store/database.ts';
import { createStores } from '../../../src/server/store/stores.ts';
import { createTransactor } from '../../../src/server/store/transactor.ts';
import { SimulatedClock } from '../../faults/simulated-clock.ts';

const gone = new DatabricksError({ code: 'CIRCUIT_OPEN', status: 0, message: 'gone' });
const refused = new DatabricksError({ code: 'PERMISSION_DENIED', status: 403, message: 'no' });

async function known() {
  const db = await openDatabase(':memory:');
  onTestFinished(async () => await db.destroy());
  const clock = new SimulatedClock(new Date('2026-01-05T14:00:00.000Z'));
  const transactor = createTransactor(db, createStores);
  const start = () => new LastKnown({ transactor, clock, freshMs: 5_000 });
  return { clock, start, answers: start() };
}

test('many who ask at once cost one question, and its answer serves for a moment', async () => {
  const { clock, answers } = await known();
  let asked = 0;
  const ask = async () => {
    asked += 1;
    return asked;
  };
  const all = await Promise.all(Array.from({ length: 100 }, () => answers.read('k', ask)));
  expect(all).toEqual(Array(100).fill({ value: 1, asOf: null }));
  await clock.pass(4_999);
  expect(await answers.now('k', ask)).toBe(1);
  await clock.pass(1);
  expect(await answers.read('k', ask)).toEqual({ value: 2, asOf: null });
  answers.expire();
  expect(await answers.read('k', ask)).toEqual({ value: 3, asOf: null });
});

test('while there is no answer the last one serves with its time, here and after a restart, but not to judge by', async () => {
  const { clock, start, answers } = await known();
  await answers.read('k', async () => ({ champion: 3 }));
  await clock.pass(60_000);
  const no = async (): Promise<{ champion: number }> => {
    throw gone;
  };
  const last = { value: { champion: 3 }, asOf: '2026-01-05T14:00:00.000Z' };
  expect(await answers.read('k', no)).toEqual(last);
  const again = start();
  expect(await again.read('k', no)).toEqual(last);
  await expect(again.now('k', no)).rejects.toBe(gone);
  await expect(again.read('other', no)).rejects.toBe(gone);
  await expect(
    again.read('k', async () => {
      throw refused;
    }),
  ).rejects.toBe(refused);
});

test('who looks waits three seconds for an answer when an older one is known, and as long as it takes when not', async () => {
  const { clock, answers } = await known();
  await answers.read('k', async () => 1);
  await clock.pass(10_000);
  const slow = Promise.withResolvers<number>();
  const shown: unknown[] = [];
  void answers.read('k', () => slow.promise).then((value) => shown.push(value));
  void answers.read('new', () => slow.promise).then((value) => shown.push(value));
  await clock.pass(2_999);
  expect(shown).toEqual([]);
  await clock.pass(1_000);
  expect(shown).toEqual([{ value: 1, asOf: '2026-01-05T14:00:00.000Z' }]);
  slow.resolve(2);
  await clock.pass(0);
  expect(shown[1]).toEqual({ value: 2, asOf: null });
  expect(await answers.now('k', async () => 3)).toBe(2);
});

const model = { name: 'ml.prod.wine', alias: 'champion', endpoint: 'wine' };
const release = (endedAt: string, toVersion: number, changes: Partial<StoredRelease> = {}) =>
  ({
    alias: 'champion',
    state: 'succeeded',
    fromVersion: 1,
    toVersion,
    endedAt,
    ...changes,
  }) as StoredRelease;

test('a release of ours that ended after the answer knows better', () => {
  const aliases = (asOf: string | null) => ({ value: { champion: 1, other: 7 }, asOf });
  const releases = [release('2026-01-05T14:05:00.000Z', 3)];
  expect(aliasesAfter(aliases('2026-01-05T14:00:00.000Z'), releases, model)).toEqual({
    champion: 3,
    other: 7,
  });
  expect(aliasesAfter(aliases('2026-01-05T14:06:00.000Z'), releases, model)).toEqual({
    champion: 1,
    other: 7,
  });
  expect(aliasesAfter(aliases(null), releases, model)).toEqual({ champion: 1, other: 7 });
  const undone = [release('2026-01-05T14:07:00.000Z', 5, { state: 'undone', fromVersion: 3 }), ...releases];
  expect(aliasesAfter(aliases('2026-01-05T14:00:00.000Z'), undone, model)).toEqual({ champion: 3, other: 7 });
  const failed = [release('2026-01-05T14:07:00.000Z', 5, { state: 'failed' }), ...releases];
  expect(aliasesAfter(aliases('2026-01-05T14:00:00.000Z'), failed, model)).toEqual({ champion: 3, other: 7 });
});

test('so the traffic of an endpoint is where the release brought it', () => {
  const served = [
    { name: 'a', version: 1, percentage: 100, settings: {} },
    { name: 'b', version: 3, percentage: 0, settings: {} },
  ];
  const endpoint = {
    name: 'wine',
    ready: true,
    update: 'idle',
    configVersion: 1,
    served,
    others: [],
    message: null,
  } as const;
  const releases = [release('2026-01-05T14:05:00.000Z', 3, { is: { alias: 3, traffic: 3 } })];
  const after = endpointAfter(
    { value: { ...endpoint, others: [] }, asOf: '2026-01-05T14:00:00.000Z' },
    releases,
    model,
  );
  expect(after?.served.map(({ version, percentage }) => [version, percentage])).toEqual([
    [1, 0],
    [3, 100],
  ]);
});

test('what is shown is as old as the oldest of it', () => {
  expect(oldest([null, '2026-01-05T14:02:00.000Z', '2026-01-05T14:01:00.000Z', ''])).toBe(
    '2026-01-05T14:01:00.000Z',
  );
  expect(oldest([null, ''])).toBeNull();
});
