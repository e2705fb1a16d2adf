import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { LeaseLost } from '../../../src/server/duty/lease.ts';
import type { RepositorySigns } from '../../../src/server/permission/bound-repository.ts';
import { Reconciler } from '../../../src/server/training/reconciler.ts';
import { SimulatedClock } from '../../faults/simulated-clock.ts';
import { commit, configuration, deliver, finish } from '../all-rooms.ts';
import { makeRepository, request, signedInBrowser } from '../backend-with-forge.ts';
import type { ReportedPull } from '../reported-pull.ts';
import { openPull, openReportedPull } from '../reported-pull.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 180_000 });

const minute = 60_000;
let scene: ReportedPull;
let asked: string[] = [];

const counted: typeof fetch = async (input, init) => {
  const made = new Request(input, init);
  const { pathname } = new URL(made.url);
  asked.push(`${made.method} ${pathname.replace('/api/v1', '')}`);
  return await fetch(made);
};

beforeAll(async () => {
  scene = await openReportedPull({ botFetch: counted });
  await signedInBrowser(scene.backend, 'wendy');
});
afterAll(async () => await scene?.close());

const seenHead = async () => await scene.backend.transactor.stores.memory.seenHead(scene.repository);
const mainHead = async () => (await scene.as('ada', 'GET', '/branches/main')).body.commit.id as string;

describe('what no delivery told of is found', () => {
  test('a push to the production branch', async () => {
    const sha = await commit(scene.backend, 'main', 'train.py', 'print("pushed")');
    await scene.reconcile();
    const { runs } = scene.backend.transactor.stores;
    expect(await runs.ofCommit(scene.repository, sha)).toMatchObject([{ trigger: 'push', state: 'queued' }]);
    expect(await seenHead()).toBe(sha);
    await scene.reconcile();
    expect(await runs.ofCommit(scene.repository, sha)).toHaveLength(1);
  });

  test('a pull request, and a later push to it, whose older run ends', async () => {
    const first = await commit(scene.backend, 'missed', 'train.py', 'print("missed")');
    const index = await openPull(scene.backend, 'missed');
    await scene.reconcile();
    expect(await scene.runs(index)).toMatchObject([{ commit: first, state: 'queued' }]);
    const second = await commit(scene.backend, 'missed', 'train.py', 'print("missed again")');
    await scene.reconcile();
    expect(await scene.runs(index)).toMatchObject([
      { commit: second, state: 'queued' },
      { commit: first, state: 'superseded' },
    ]);
  });

  test('a pull request that was closed: its run ends', async () => {
    await commit(scene.backend, 'given-up', 'train.py', 'print("given up")');
    const index = await openPull(scene.backend, 'given-up');
    await scene.reconcile();
    await scene.as('wendy', 'PATCH', `/pulls/${index}`, { state: 'closed' });
    await scene.reconcile();
    expect(await scene.runs(index)).toMatchObject([{ state: 'superseded' }]);
  });

  test('a merge, also of a pull request that was closed and opened again in between', async () => {
    const { outbox } = scene.backend.transactor.stores;
    await commit(scene.backend, 'merged', 'train.py', 'print("merged")');
    const index = await openPull(scene.backend, 'merged');
    await scene.reconcile();
    const [run] = await scene.runs(index);
    await finish(scene.backend, run!, { rmse: 0.7 });
    await scene.as('wendy', 'PATCH', `/pulls/${index}`, { state: 'closed' });
    await scene.reconcile();
    expect(await outbox.last(`promote:${scene.repository}:${index}`)).toBeNull();
    await scene.as('wendy', 'PATCH', `/pulls/${index}`, { state: 'open' });
    const merged = await scene.as('ada', 'POST', `/pulls/${index}/merge`, { Do: 'merge' });
    expect(merged.status).toBe(200);
    await scene.reconcile();
    expect(await outbox.last(`promote:${scene.repository}:${index}`)).toMatchObject({ pull: index });
  });

  test('a configuration that is right again trains what could not be trained', async () => {
    await commit(scene.backend, 'main', '.gitea/databricks.yml', 'version: 2\n');
    await scene.reconcile();
    const head = await commit(scene.backend, 'waits', 'train.py', 'print("waits")');
    const index = await openPull(scene.backend, 'waits');
    await scene.reconcile();
    expect(await scene.runs(index)).toEqual([]);
    await commit(scene.backend, 'main', '.gitea/databricks.yml', configuration);
    await scene.reconcile();
    expect(await scene.runs(index)).toMatchObject([{ commit: head, state: 'queued' }]);
    expect(await seenHead()).toBe(await mainHead());
  });
});

describe('a command whose delivery never came', () => {
  const say = async (user: string, body: string, index = scene.index): Promise<number> =>
    (await scene.as(user, 'POST', `/issues/${index}/comments`, { body })).body.id;
  const reactions = async (id: number): Promise<string[]> =>
    (await scene.as('ada', 'GET', `/issues/comments/${id}/reactions`)).body.map(
      ({ content }: { content: string }) => content,
    );
  const newest = async (index = scene.index) => (await scene.runs(index))[0];
  /** Our clock, so many minutes after Gitea's. */
  async function at<T>(minutes: number, work: () => Promise<T>): Promise<T> {
    scene.backend.pass(minutes * minute);
    try {
      return await work();
    } finally {
      scene.backend.pass(-minutes * minute);
    }
  }

  test('is carried out once, after a minute in which it may still come', async () => {
    const id = await say('wendy', '/databricks train depth=11');
    await scene.reconcile();
    expect(await reactions(id)).toEqual([]);
    await at(2, () => scene.reconcile());
    expect(await reactions(id)).toEqual(['rocket']);
    expect(await newest()).toMatchObject({
      parameters: { depth: 11 },
      actor: { name: 'wendy' },
      state: 'queued',
    });
    const count = (await scene.runs()).length;
    await finish(scene.backend, (await newest())!, { rmse: 0.6 });
    await at(5, () => scene.reconcile());
    expect(await scene.runs()).toHaveLength(count);
  });

  test('needs the permission that it would have needed', async () => {
    const before = (await scene.runs()).length;
    const id = await say('rita', '/databricks train depth=12');
    await at(2, () => scene.reconcile());
    expect(await reactions(id)).toEqual(['-1']);
    expect(await scene.runs()).toHaveLength(before);
    expect(await scene.audited('permission.refused')).toContainEqual(
      expect.objectContaining({ comment: id }),
    );
  });

  test('is not carried out after half an hour; its author is told, for a day', async () => {
    const before = (await scene.runs()).length;
    const [late, forgotten] = [
      await say('wendy', '/databricks train depth=13'),
      await say('wendy', 'no command'),
    ];
    await at(31, () => scene.reconcile());
    expect(await scene.runs()).toHaveLength(before);
    expect(await reactions(late)).toEqual(['confused']);
    expect(await reactions(forgotten)).toEqual([]);
    expect((await scene.ofBot())[0]?.body).toContain('too late');
    await at(35, () => scene.reconcile());
    expect(await reactions(late)).toEqual(['confused']);
  });

  /** Its delivery comes while nobody works through deliveries. */
  async function delivered(id: number): Promise<void> {
    await scene.rooms.duties.deliveries.stop();
    const comment = (await scene.as('ada', 'GET', `/issues/comments/${id}`)).body;
    await deliver(scene.backend, 'issue_comment', 'pull_request_comment', {
      action: 'created',
      issue: (await scene.as('ada', 'GET', `/issues/${scene.index}`)).body,
      comment,
      repository: (await scene.as('ada', 'GET', '')).body,
      sender: comment.user,
      is_pull: true,
    });
  }

  test('is left to its delivery where that came', async () => {
    const id = await say('wendy', '/databricks train depth=14');
    await delivered(id);
    await at(2, () => scene.reconcile());
    expect(await reactions(id)).toEqual([]);
  });

  test('is carried out, or its author told, where its delivery came and was given up on', async () => {
    const { deliveries } = scene.backend.transactor.stores;
    const giveUp = async () => {
      const newest = (await deliveries.due(scene.repository, '9999', 100)).at(-1);
      await deliveries.failed(newest?.id ?? '', 'Gitea refused the token', new Date().toISOString());
    };
    const soon = await say('wendy', '/databricks train depth=16');
    await delivered(soon);
    await giveUp();
    await at(2, () => scene.reconcile());
    expect(await reactions(soon)).toEqual(['rocket']);
    expect(await newest()).toMatchObject({ parameters: { depth: 16 }, actor: { name: 'wendy' } });
    const late = await say('wendy', '/databricks train depth=17');
    await delivered(late);
    await giveUp();
    await at(31, () => scene.reconcile());
    expect(await reactions(late)).toEqual(['confused']);
    expect(await newest()).toMatchObject({ parameters: { depth: 16 } });
  });

  test('is none when the comment was edited: anybody who may write can edit it', async () => {
    const { forge } = scene.backend.forge;
    const id = await say('wendy', 'Looks good');
    await scene.as('ada', 'PATCH', `/issues/comments/${id}`, { body: '/databricks train depth=15' });
    const row = forge.context.store.comments.get(id)!;
    forge.context.store.comments.update(id, { body: '/databricks train depth=15', updated: row.created + 1 });
    const before = (await scene.runs()).length;
    await at(2, () => scene.reconcile());
    expect(await scene.runs()).toHaveLength(before);
    expect(await reactions(id)).toEqual([]);
  });

  test('on a fork’s pull request needs the commit’s name, for nobody knows which head its author saw', async () => {
    const { backend } = scene;
    await backend.forge.api('rita', 'POST', `${scene.path}/forks`, {});
    const head = await commit(backend, 'from-fork', 'train.py', 'print("fork")', {
      user: 'rita',
      to: 'rita/wine-quality',
    });
    const opened = await scene.as('rita', 'POST', '/pulls', {
      head: 'rita:from-fork',
      base: 'main',
      title: 'From a fork',
    });
    const index: number = opened.body.number;
    await scene.reconcile();
    expect(await newest(index)).toMatchObject({ state: 'waiting', trust: 'fork' });
    const unnamed = await say('wendy', '/databricks train', index);
    await at(10, () => scene.reconcile());
    expect(await reactions(unnamed)).toEqual(['confused']);
    expect(await newest(index)).toMatchObject({ state: 'waiting' });
    const named = await say('wendy', `/databricks train ${head.slice(0, 10)}`, index);
    await at(10, () => scene.reconcile());
    expect(await reactions(named)).toEqual(['rocket']);
    expect(await newest(index)).toMatchObject({ state: 'queued', commit: head });
  });
});

describe('a round', () => {
  test('asks one question for idle repositories, however many, and looks at them again when something happens', async () => {
    const { backend } = scene;
    for (const name of ['wine-a', 'wine-b', 'wine-c']) await makeRepository(backend, name);
    // Once new, once to be sure that nothing came within the second of the first look.
    await scene.reconcile();
    await scene.reconcile();
    asked = [];
    await scene.reconcile();
    const idle = (call: string) => /wine-[abc]/.test(call);
    expect(asked.filter(idle)).toEqual([]);
    expect(asked.filter((call) => call === 'GET /repos/search')).toHaveLength(1);

    await commit(backend, 'main', 'note.txt', 'new', { repository: 'ml/wine-b' });
    // Gitea's times have seconds: the push may have come in the second of the last look.
    const { repositories } = backend.forge.forge.context.store;
    const row = repositories.find({ lowerName: 'wine-b' })!;
    repositories.update(row.id, { updated: row.updated + 5 });
    asked = [];
    await scene.reconcile();
    expect(asked.filter(idle).every((call) => call.includes('wine-b'))).toBe(true);
    expect(asked.filter(idle).length).toBeGreaterThan(0);

    await scene.reconcile();
    backend.pass(61 * minute);
    asked = [];
    await scene.reconcile();
    backend.pass(-61 * minute);
    expect(asked.filter(idle).sort()).toEqual(
      ['wine-a', 'wine-b', 'wine-c'].flatMap((name) => [
        `GET /repos/ml/${name}/branches/main`,
        `GET /repos/ml/${name}/issues/comments`,
        `GET /repos/ml/${name}/pulls`,
      ]),
    );
  });

  test('asks three questions of a repository with pull requests, and one per head that has a status', async () => {
    await scene.reconcile();
    await scene.reconcile();
    asked = [];
    await scene.reconcile();
    const own = asked.filter((call) => call.includes('/wine-quality'));
    const heads = own.filter((call) => call.endsWith('/status'));
    expect(own.filter((call) => !call.endsWith('/status')).sort()).toEqual([
      'GET /repos/ml/wine-quality/branches/main',
      'GET /repos/ml/wine-quality/issues/comments',
      'GET /repos/ml/wine-quality/pulls',
    ]);
    expect(heads.length).toBeGreaterThan(1);
    expect(new Set(heads).size).toBe(heads.length);
  });
});

test('a new repository is known as soon as somebody who may read it opens its page', async () => {
  const { backend } = scene;
  const id = await makeRepository(backend, 'wine-brand-new');
  const wendy = await signedInBrowser(backend, 'wendy');
  const oscar = await signedInBrowser(backend, 'oscar');
  const address = `api/v1/repositories/${id}`;
  expect((await request(backend, oscar, 'GET', address)).statusCode).toBe(404);
  expect(await backend.repositories.find(id)).toBeNull();
  expect((await request(backend, wendy, 'GET', address)).statusCode).toBe(200);
  expect(await backend.repositories.find(id)).toMatchObject({ fullName: 'ml/wine-brand-new' });
});

describe('the duty', () => {
  const silent = { info() {}, warn() {} };

  function duty(discover: () => Promise<ReadonlyMap<number, RepositorySigns>>, random = 0.5) {
    const clock = new SimulatedClock();
    const reconciler = new Reconciler({
      repositories: { discover, all: async () => [], current: async () => null },
      forge: { branch: async () => null, openPulls: async () => [] },
      comments: { changedSince: async () => [] },
      runs: { counts: async () => ({ runs: 0, active: 0 }) },
      checks: [],
      everyMs: 3 * minute,
      clock,
      log: silent,
      random: () => random,
    });
    return { clock, reconciler };
  }

  test.each([
    [0, 162],
    [0.5, 180],
    [1, 198],
  ])(
    'goes round at its start and then every three minutes, a tenth more or less (%d)',
    async (random, seconds) => {
      let rounds = 0;
      const { clock, reconciler } = duty(async () => {
        rounds += 1;
        return new Map();
      }, random);
      reconciler.start();
      await clock.pass(0);
      expect(rounds).toBe(1);
      await clock.pass((seconds - 1) * 1000);
      expect(rounds).toBe(1);
      await clock.pass(1_000);
      expect(rounds).toBe(2);
      await reconciler.stop();
      await clock.pass(60 * minute);
      expect(rounds).toBe(2);
    },
  );

  test('tries again after half a minute while Gitea does not answer', async () => {
    let rounds = 0;
    const { clock, reconciler } = duty(async () => {
      rounds += 1;
      throw new Error('Gitea cannot be reached');
    });
    reconciler.start();
    await clock.pass(10 * minute);
    expect(rounds).toBe(21);
    await reconciler.stop();
  });

  test('ends a round whose lease is lost, between two repositories', async () => {
    const looked: number[] = [];
    const clock = new SimulatedClock();
    const warned: string[] = [];
    const repository = (id: number) => ({ id, productionBranch: 'main' }) as never;
    const reconciler = new Reconciler({
      repositories: {
        discover: async () => new Map(),
        all: async () => [repository(1), repository(2)],
        current: async (id) => repository(id),
      },
      forge: {
        branch: async () => {
          looked.push(1);
          throw new LeaseLost('reconciler');
        },
        openPulls: async () => [],
      },
      comments: { changedSince: async () => [] },
      runs: { counts: async () => ({ runs: 0, active: 0 }) },
      checks: [],
      everyMs: 3 * minute,
      clock,
      log: { info() {}, warn: (_fields, message) => void warned.push(message) },
    });
    reconciler.start();
    await nextTurn();
    await reconciler.stop();
    expect(looked).toHaveLength(1);
    expect(warned).toEqual([]);
  });
});
