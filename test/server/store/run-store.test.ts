import { beforeEach, describe, expect, test } from 'vitest';
import type { NewRun, Run } from '../../../src/server/training/ports.ts';
import { openStore } from './open-store.ts';
import { databases } from './test-database.ts';

const sha = (letter: string) => letter.repeat(40);

const given: NewRun = {
  repositoryId: 1,
  token: 'token',
  state: 'queued',
  commit: sha('a'),
  treeDigest: 'tree',
  title: 'Use 100% of the trees',
  branch: 'main',
  trigger: 'push',
  trust: 'base',
  attempt: 1,
  stateReason: null,
  actor: { id: 7, name: 'Wendy', fullName: 'Wendy W.', avatarUrl: '' },
  configuration: { metrics: { primary: 'rmse', gates: [] } } as unknown as Run['configuration'],
  configurationCommit: sha('c'),
  configurationDigest: 'digest',
  parameters: { depth: 6, name: 'ü', deep: true },
  parameterDigest: 'parameters',
  principal: null,
  nonce: 'nonce',
  modelKey: 'wine',
  createdAt: '2026-01-01T00:00:00.000Z',
  nextCheckAt: '2026-01-01T00:00:00.000Z',
} as NewRun;

describe.each(databases)('runs on %s', (database) => {
  let store: Awaited<ReturnType<typeof openStore>>;
  const create = async (change: Partial<NewRun> & { token: string }) =>
    (await store.stores.runs.create({ ...given, ...change })) as Run;
  const numbers = async (
    filter: object,
    sort: { started: 'asc' | 'desc' } | { metric: string; direction: 'lower' | 'higher' } = {
      started: 'asc',
    },
    page = { offset: 0, limit: 50 },
  ) => {
    const { items, total } = await store.stores.runs.list({ repositoryId: 1, ...filter }, { sort, ...page });
    expect(total).toBeGreaterThanOrEqual(items.length);
    return items.map(({ number }) => number);
  };

  beforeEach(async () => {
    store = await openStore(database);
    const repository = { fullName: 'ml/wine', url: '', defaultBranch: 'main', bindingId: 'wine' };
    for (const id of [1, 2]) await store.stores.repositories.save({ ...repository, id });
  });

  test('are numbered by repository, once per token, and read as they were written', async () => {
    const { runs } = store.stores;
    const first = await create({ token: 'one' });
    expect(first).toMatchObject({ number: 1, version: 1, pulls: [], cancelRequested: false });
    expect(await runs.create({ ...given, token: 'one' })).toBeNull();
    expect(await create({ token: 'two' })).toMatchObject({ number: 2 });
    expect(await create({ token: 'three', repositoryId: 2 })).toMatchObject({ number: 1 });
    expect(await runs.findById(first.id)).toEqual(first);
    expect(await runs.findByToken('one')).toEqual(first);
    expect(await runs.find(2, first.id)).toBeNull();
    expect(await runs.counts(1)).toEqual({ runs: 2, active: 2 });
  });

  test('get different numbers when many are made at once, each in a transaction', async () => {
    const made = await Promise.all(
      Array.from({ length: 12 }, (_, number) =>
        store.transactor.transaction(({ runs }) => runs.create({ ...given, token: `token ${number % 6}` })),
      ),
    );
    const kept = made.filter((run) => run !== null);
    expect(kept.map(({ number }) => number).sort()).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('change only for who has read the newest version', async () => {
    const { runs } = store.stores;
    const run = await create({ token: 'one' });
    expect(await runs.update(run.id, 1, { cancelRequested: true, metrics: { rmse: 0.5, none: null } })).toBe(
      true,
    );
    expect(await runs.update(run.id, 1, { failures: 3 })).toBe(false);
    expect(await runs.findById(run.id)).toMatchObject({
      version: 2,
      cancelRequested: true,
      metrics: { rmse: 0.5, none: null },
      failures: 0,
    });
    await runs.linkPull(run.id, 1, 4);
    await runs.linkPull(run.id, 1, 4);
    const linked = await runs.findById(run.id);
    expect(linked).toMatchObject({ version: 3, pulls: [{ index: 4, verdict: null }] });
    expect((await runs.ofPull(1, 4, 10)).map(({ id }) => id)).toEqual([run.id]);
  });

  test('are found by branch, pull request, person, title, commit and number; % and _ are letters', async () => {
    const { runs } = store.stores;
    await create({ token: 'one' });
    const second = await create({
      token: 'two',
      title: 'Use fewer_trees',
      branch: null,
      commit: sha('b'),
      actor: null,
    });
    await runs.linkPull(second.id, 1, 9);
    await create({ token: 'three', title: 'use FEWER trees', commit: sha('d'), branch: 'x' });
    expect(await numbers({})).toEqual([1, 2, 3]);
    expect(await numbers({}, { started: 'desc' }, { offset: 1, limit: 1 })).toEqual([2]);
    expect(await numbers({ branch: 'x' })).toEqual([3]);
    expect(await numbers({ pull: 9 })).toEqual([2]);
    for (const actor of ['Wendy', 'wendy']) expect(await numbers({ actor })).toEqual([1, 3]);
    expect(await numbers({ actor: 'Wend_' })).toEqual([]);
    expect(await numbers({ text: 'fewer' })).toEqual([2, 3]);
    expect(await numbers({ text: '100%' })).toEqual([1]);
    expect(await numbers({ text: '0%o' })).toEqual([]);
    expect(await numbers({ text: 'r_t' })).toEqual([2]);
    expect(await numbers({ text: 'BBBB' })).toEqual([2]);
    expect(await numbers({ text: '#3' })).toEqual([3]);
    expect(await numbers({ text: "'; drop table runs --" })).toEqual([]);
  });

  test('are sorted by a metric, those without it last', async () => {
    const { runs } = store.stores;
    const values: (Record<string, number | null> | null)[] = [
      { rmse: 0.7 },
      null,
      { rmse: 0.5 },
      { rmse: null },
    ];
    for (const [position, metrics] of values.entries()) {
      const run = await create({ token: `token ${position}` });
      await runs.update(run.id, 1, { metrics });
    }
    expect(await numbers({}, { metric: 'rmse', direction: 'lower' })).toEqual([3, 1, 4, 2]);
    expect(await numbers({}, { metric: 'rmse', direction: 'higher' })).toEqual([1, 3, 4, 2]);
  });

  test('keep their histories and verdicts beside them', async () => {
    const { runs } = store.stores;
    const run = await create({ token: 'one' });
    expect(await runs.histories(run.id)).toEqual({});
    const histories = { rmse: { steps: [1, 2], values: [0.9, null], thinned: false } };
    await runs.saveHistories(run.id, histories as never);
    expect(await runs.histories(run.id)).toEqual(histories);
    await runs.linkPull(run.id, 1, 4);
    const verdict = { outcome: 'pass', title: 'All gates pass' };
    await runs.setPullVerdict(run.id, 4, verdict as never);
    expect((await runs.findById(run.id))?.pulls).toEqual([{ index: 4, verdict }]);
    expect(
      await runs.highestAttempt({
        repositoryId: 1,
        commit: given.commit,
        configurationDigest: 'digest',
        parameterDigest: 'parameters',
        trust: 'base',
      }),
    ).toBe(1);
    await runs.rememberTree(1, sha('e'), 'tree');
    await runs.rememberTree(1, sha('e'), 'other');
    expect(await runs.treeOf(1, sha('e'))).toBe('tree');
    expect(await runs.commitsWithoutRun(1, 'tree')).toEqual([sha('e')]);
  });
});
