import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { LeaseLost } from '../../../src/server/duty/lease.ts';
import { DeliveryWorker } from '../../../src/server/webhook/worker.ts';
import { commit, deliver, finish } from '../all-rooms.ts';
import { signedInBrowser } from '../backend-with-forge.ts';
import type { ReportedPull } from '../reported-pull.ts';
import { momentsOf, openPull, openReportedPull } from '../reported-pull.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 180_000 });

let scene: ReportedPull;

beforeAll(async () => {
  scene = await openReportedPull();
  await signedInBrowser(scene.backend, 'wendy');
});
afterAll(async () => await scene?.close());

/** A worker that is lost each time after it acted and before it marked the delivery; then one that is not. */
async function actTwice(): Promise<string[]> {
  const { backend, rooms } = scene;
  const { transactor } = backend;
  const outcomes: string[] = [];
  let lost = false;
  const worker = new DeliveryWorker({
    transactor: {
      stores: transactor.stores,
      // The worker's own writes come after it acted: the process is gone by then.
      transaction: async (work) => {
        if (!lost) return await transactor.transaction(work);
        throw new LeaseLost('deliveries');
      },
    },
    handle: async (intent, receivedAt) => {
      const outcome =
        intent.kind === 'command'
          ? await rooms.commands.handle(intent, receivedAt)
          : await rooms.training.handle(intent);
      outcomes.push(outcome);
      return outcome;
    },
    log: { warn() {}, error() {} },
  });
  lost = true;
  worker.start();
  await vi.waitFor(() => expect(outcomes.length).toBeGreaterThan(0), { timeout: 20_000 });
  await worker.stop();
  expect(await transactor.stores.deliveries.waiting('9999')).toHaveLength(1);
  lost = false;
  worker.start();
  await vi.waitFor(async () => expect(await transactor.stores.deliveries.waiting('9999')).toEqual([]), {
    timeout: 20_000,
  });
  await worker.stop();
  await scene.sent();
  return outcomes;
}

async function actions(pull: number): Promise<string[]> {
  const { audit } = scene.backend.transactor.stores;
  const { items } = await audit.list({ repository: scene.repository, before: null, limit: 200 });
  return items
    .filter((item) => item.pull === pull)
    .map(({ action }) => action)
    .sort();
}

const repositoryOf = async () => (await scene.as('ada', 'GET', '')).body;

test('an opened pull request that is acted upon twice has one run, recorded once', async () => {
  const head = await commit(scene.backend, 'twice', 'train.py', 'print("twice")');
  const index = await openPull(scene.backend, 'twice');
  const pull = (await scene.as('ada', 'GET', `/pulls/${index}`)).body;
  const stored = await momentsOf(async () => {
    const answer = await deliver(scene.backend, 'pull_request', 'pull_request', {
      action: 'opened',
      number: index,
      pull_request: pull,
      repository: await repositoryOf(),
    });
    expect(answer.statusCode).toBe(202);
  });
  expect(stored).toEqual(['delivery.storing', 'delivery.stored']);
  const [first, second, ...others] = await actTwice();
  expect(others).toEqual([]);
  expect(second).toBe(`${first} exists`);
  expect(await scene.runs(index)).toMatchObject([{ commit: head, state: 'queued', attempt: 1 }]);
  expect(await actions(index)).toEqual(['delivery.accepted', 'run.created']);
});

test('a command that is acted upon twice is carried out, answered and recorded once, in one comment', async () => {
  const { backend, index } = scene;
  const [before] = await scene.ofBot();
  const runsBefore = (await scene.runs()).length;
  const recorded = (await actions(index)).filter((action) => action === 'run.train-requested').length;
  const comment = (
    await scene.as('wendy', 'POST', `/issues/${index}/comments`, { body: '/databricks train depth=9' })
  ).body;
  await deliver(backend, 'issue_comment', 'pull_request_comment', {
    action: 'created',
    issue: (await scene.as('ada', 'GET', `/issues/${index}`)).body,
    pull_request: (await scene.as('ada', 'GET', `/pulls/${index}`)).body,
    comment,
    repository: await repositoryOf(),
    sender: comment.user,
    is_pull: true,
  });
  const [first, second] = await actTwice();
  expect(first).toMatch(/^run \d+$/);
  expect(second).toBe('answered already');
  const runs = await scene.runs();
  expect(runs).toHaveLength(runsBefore + 1);
  expect((await actions(index)).filter((action) => action === 'run.train-requested')).toHaveLength(
    recorded + 1,
  );
  await finish(backend, runs[0]!, { rmse: 0.6 });
  await scene.report();
  expect((await scene.ofBot()).map(({ id }) => id)).toEqual([before!.id]);
  const reactions = (await scene.as('ada', 'GET', `/issues/comments/${comment.id}/reactions`)).body;
  expect(reactions).toHaveLength(1);
});

test('a merge that is acted upon twice is handed to the registry once per outcome', async () => {
  const { backend, repository } = scene;
  await commit(backend, 'merged-twice', 'train.py', 'print("merged")');
  const index = await openPull(backend, 'merged-twice');
  await scene.reconcile();
  const [run] = await scene.runs(index);
  await finish(backend, run!, { rmse: 0.7 });
  const merged = await scene.as('ada', 'POST', `/pulls/${index}/merge`, { Do: 'merge' });
  expect(merged.status).toBe(200);
  await deliver(backend, 'pull_request', 'pull_request', {
    action: 'closed',
    number: index,
    pull_request: (await scene.as('ada', 'GET', `/pulls/${index}`)).body,
    repository: await repositoryOf(),
  });
  const outcomes = await actTwice();
  expect(outcomes).toEqual(['merged into main', 'merged into main']);
  expect(await backend.transactor.stores.outbox.last(`promote:${repository}:${index}`)).toMatchObject({
    pull: index,
  });
  expect(await scene.ofBot(index)).toHaveLength(1);
});
