import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { Repairs } from '../../../src/server/report/repairs.ts';
import { commit, finish } from '../all-rooms.ts';
import type { ReportedPull } from '../reported-pull.ts';
import { imitation, momentsOf, openPull, openReportedPull } from '../reported-pull.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 180_000 });

const minute = 60_000;
let scene: ReportedPull;
let writes: string[] = [];

const watched: typeof fetch = async (input, init) => {
  const request = new Request(input, init);
  if (request.method !== 'GET')
    writes.push(`${request.method} ${new URL(request.url).pathname.split('/ml/')[1]}`);
  return await fetch(request);
};

beforeAll(async () => {
  scene = await openReportedPull({ botFetch: watched });
  await scene.reconcile();
});
afterAll(async () => await scene?.close());

/** Repairs of the same thing rest in between: this is longer than any rest. */
const later = () => scene.backend.pass(25 * 60 * minute);

async function statuses(
  sha: string,
): Promise<{ status: string; description: string; creator: { login: string } }[]> {
  const { body } = await scene.as('ada', 'GET', `/commits/${sha}/statuses`);
  return body.filter((item: { context: string }) => item.context === 'databricks/train');
}

describe('the comment of an open pull request', () => {
  test('is left alone while nobody touches it', async () => {
    writes = [];
    await scene.reconcile();
    expect(writes).toEqual([]);
  });

  test('is put back when somebody edited it', async () => {
    later();
    const [before] = await scene.ofBot();
    await scene.as('wendy', 'PATCH', `/issues/comments/${before!.id}`, { body: 'All is well, merge it' });
    expect(await momentsOf(() => scene.reconcile())).toContain('reconciler.found');
    expect(await scene.ofBot()).toMatchObject([{ id: before!.id, body: before!.body }]);
    writes = [];
    await scene.reconcile();
    expect(writes).toEqual([]);
  });

  test('is put back when somebody edited its marker away', async () => {
    later();
    const [before] = await scene.ofBot();
    await scene.as('wendy', 'PATCH', `/issues/comments/${before!.id}`, { body: 'no marker' });
    await scene.reconcile();
    expect(await scene.ofBot()).toMatchObject([{ id: before!.id, body: before!.body }]);
  });

  test('comes back when somebody removed it', async () => {
    later();
    const [before] = await scene.ofBot();
    await scene.as('wendy', 'DELETE', `/issues/comments/${before!.id}`);
    await scene.reconcile();
    expect((await scene.ofBot()).map(({ body }) => body)).toEqual([before!.body]);
    await scene.reconcile();
    expect(await scene.ofBot()).toHaveLength(1);
  });

  test('comes back also when somebody else commented in the same moment', async () => {
    later();
    const [before] = await scene.ofBot();
    await scene.as('wendy', 'DELETE', `/issues/comments/${before!.id}`);
    await scene.as('wendy', 'POST', `/issues/${scene.index}/comments`, { body: 'Where is it?' });
    await scene.reconcile();
    expect((await scene.ofBot()).map(({ body }) => body)).toEqual([before!.body]);
  });

  test('is one again after a backend that had lost its lease made a second one', async () => {
    later();
    const [before] = await scene.ofBot();
    await scene.as('bot', 'POST', `/issues/${scene.index}/comments`, { body: imitation });
    await scene.reconcile();
    expect(await scene.ofBot()).toMatchObject([{ id: before!.id, body: before!.body }]);
  });

  test('of somebody else that looks like it is left alone', async () => {
    later();
    const theirs = (await scene.as('wendy', 'POST', `/issues/${scene.index}/comments`, { body: imitation }))
      .body;
    writes = [];
    await scene.reconcile();
    expect(writes).toEqual([]);
    expect((await scene.comments()).find(({ id }) => id === theirs.id)?.body).toBe(imitation);
  });

  test('is not fought over: what was put back just now rests', async () => {
    later();
    const [before] = await scene.ofBot();
    const edit = async () =>
      await scene.as('wendy', 'PATCH', `/issues/comments/${before!.id}`, { body: `Mine ${Math.random()}` });
    await edit();
    await scene.reconcile();
    expect((await scene.ofBot())[0]?.body).toBe(before!.body);
    await edit();
    scene.backend.pass(3 * minute);
    writes = [];
    await scene.reconcile();
    expect(writes).toEqual([]);
    // It is not forgotten either.
    scene.backend.pass(4 * minute);
    await scene.reconcile();
    expect((await scene.ofBot())[0]?.body).toBe(before!.body);
  });
});

describe('the status of a head', () => {
  const overwrite = async (sha: string, user: string, state: string, description: string) =>
    await scene.as(user, 'POST', `/statuses/${sha}`, { state, context: 'databricks/train', description });

  test('is said again when somebody else posted under our context', async () => {
    later();
    const [said] = await statuses(scene.head);
    await overwrite(scene.head, 'wendy', 'success', 'all gates pass');
    await scene.reconcile();
    const [shown, theirs, ours] = await statuses(scene.head);
    expect(shown).toMatchObject({
      status: said!.status,
      description: said!.description,
      creator: { login: 'bot' },
    });
    expect([theirs?.creator.login, ours?.creator.login]).toEqual(['wendy', 'bot']);
    writes = [];
    await scene.reconcile();
    expect(writes).toEqual([]);
  });

  test('is said again when an older one of ours came late', async () => {
    later();
    const [said] = await statuses(scene.head);
    await overwrite(scene.head, 'bot', 'pending', 'Run 0 is queued');
    await scene.reconcile();
    expect((await statuses(scene.head))[0]).toMatchObject({ description: said!.description });
  });

  test('is said again even if theirs says the same: whose it is counts, too', async () => {
    later();
    const [said] = await statuses(scene.head);
    await overwrite(scene.head, 'wendy', said!.status, said!.description);
    await scene.reconcile();
    expect((await statuses(scene.head))[0]?.creator.login).toBe('bot');
  });

  test('of another context is not ours to say', async () => {
    later();
    await scene.as('wendy', 'POST', `/statuses/${scene.head}`, { state: 'failure', context: 'ci/build' });
    writes = [];
    await scene.reconcile();
    expect(writes).toEqual([]);
  });

  test('of the production branch is watched, too', async () => {
    later();
    const { body } = await scene.as('ada', 'GET', '/branches/main');
    const sha: string = body.commit.id;
    const [said] = await statuses(sha);
    expect(said?.creator.login).toBe('bot');
    await overwrite(sha, 'wendy', 'success', 'fine');
    await scene.reconcile();
    expect((await statuses(sha))[0]).toMatchObject({ description: said!.description });
  });

  test('what waits to be said is not said twice, and what was said meanwhile is not undone', async () => {
    later();
    const { backend, repository, head, rooms } = scene;
    const key = `status:${repository}:${head}`;
    const said = (await backend.transactor.stores.outbox.last(key)) as { repository: number };
    await rooms.duties.outbox.stop();
    const newer = { ...said, state: 'success', description: 'newer' };
    await backend.transactor.transaction(({ outbox }) =>
      outbox.enqueue({ topic: 'status', key, payload: newer }),
    );
    await overwrite(head, 'wendy', 'failure', 'no');
    await rooms.training.reconciler.reconcile();
    const waiting = await backend.transactor.stores.outbox.due('9999', 200);
    expect(waiting.filter((item) => item.key === key).map(({ payload }) => payload.description)).toEqual([
      'newer',
    ]);
    rooms.duties.outbox.start();
    await scene.sent();
    expect((await statuses(head))[0]).toMatchObject({ description: 'newer' });
  });
});

describe('after a pull request was closed', () => {
  test('a removed comment stays away, an edited one is put back', async () => {
    later();
    await commit(scene.backend, 'closing', 'train.py', 'print("closing")');
    const index = await openPull(scene.backend, 'closing');
    await scene.reconcile();
    const [run] = await scene.runs(index);
    await finish(scene.backend, run!, { rmse: 0.7 });
    await scene.report(index);
    await scene.as('wendy', 'PATCH', `/pulls/${index}`, { state: 'closed' });
    await scene.reconcile();
    const [before] = await scene.ofBot(index);
    await scene.as('wendy', 'PATCH', `/issues/comments/${before!.id}`, { body: 'Never mind' });
    await scene.reconcile();
    expect(await scene.ofBot(index)).toMatchObject([{ id: before!.id, body: before!.body }]);
    await scene.as('wendy', 'DELETE', `/issues/comments/${before!.id}`);
    later();
    await scene.reconcile();
    expect(await scene.ofBot(index)).toEqual([]);
  });
});

describe('repairs of the same thing', () => {
  test('come at once, then after growing rests, at last once a day; after two days of peace at once again', () => {
    const repairs = new Repairs();
    const done: number[] = [];
    for (let at = 0; at < 4 * 24 * 60; at += 3) if (repairs.take('a', at * minute)) done.push(at);
    const rests = done.slice(1).map((at, position) => at - done[position]!);
    expect(rests.slice(0, 8)).toEqual([6, 12, 24, 48, 96, 192, 384, 768]);
    expect(rests.slice(8).every((rest) => rest === 24 * 60)).toBe(true);
    const start = 10 * 24 * 60 * minute;
    expect([
      repairs.take('a', start),
      repairs.take('a', start + 6 * minute),
      repairs.take('b', start),
    ]).toEqual([true, true, true]);
  });

  test('do not depend on a clock that only goes forward', () => {
    const repairs = new Repairs();
    expect(repairs.take('a', 100 * minute)).toBe(true);
    expect(repairs.take('a', 99 * minute)).toBe(false);
    expect(repairs.take('a', 0)).toBe(true);
  });
});
