import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Run } from '../../../src/server/training/ports.ts';
import { commit, finish, force } from '../all-rooms.ts';
import type { ReportedPull } from '../reported-pull.ts';
import { openPull, openReportedPull } from '../reported-pull.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 180_000 });

let scene: ReportedPull;

beforeAll(async () => {
  scene = await openReportedPull();
  // On this stage nothing goes to a workspace, so that what was begun there stands still by itself.
  for (const { id } of await stores().runs.unattended(10)) await finish(scene.backend, { id }, { rmse: 0.7 });
});
afterAll(async () => await scene?.close());

const stores = () => scene.backend.transactor.stores;
const now = async ({ id }: Pick<Run, 'id'>) => (await stores().runs.findById(id))!;
const unattended = async () => (await stores().runs.unattended(10)).map(({ id }) => id);

/** A run that was just created; what it sends to its workspace waits. */
async function queued(branch: string): Promise<Run> {
  const { rooms, repository } = scene;
  await rooms.duties.outbox.stop();
  await commit(scene.backend, branch, 'train.py', `print("${branch}")`);
  const index = await openPull(scene.backend, branch);
  await rooms.training.handle({ kind: 'pull-changed', repositoryId: repository, index });
  const [run] = await scene.runs(index);
  return run!;
}

test('a run that waits for the outbox or the watcher is in good hands', async () => {
  const run = await queued('in-good-hands');
  expect(run).toMatchObject({ state: 'queued', nextCheckAt: null });
  expect(await unattended()).toEqual([]);
  await force(stores(), run.id, {
    state: 'running',
    databricksRunId: '1',
    nextCheckAt: new Date().toISOString(),
  });
  expect(await unattended()).toEqual([]);
  await force(stores(), run.id, { state: 'failed', nextCheckAt: null });
  expect(await unattended()).toEqual([]);
});

test('a run whose message is gone is handed to the outbox again, once', async () => {
  const run = await queued('message-gone');
  const key = `run:${run.id}`;
  const { outbox } = stores();
  expect(await outbox.withdraw(key, ['upload', 'submit'], new Date().toISOString())).toBe(1);
  expect(await unattended()).toEqual([run.id]);
  await scene.rooms.training.reconciler.reconcile();
  expect(await outbox.newest(key)).toEqual({
    state: 'pending',
    payload: { repository: scene.repository, run: run.id },
  });
  expect(await unattended()).toEqual([]);
  const { version } = await now(run);
  await scene.rooms.training.reconciler.reconcile();
  expect((await now(run)).version).toBe(version);
  await force(stores(), run.id, { state: 'failed', nextCheckAt: null });
});

test('a run whose message was parked is left to the administrator', async () => {
  const run = await queued('message-parked');
  const key = `run:${run.id}`;
  const { outbox } = stores();
  const at = new Date().toISOString();
  const row = (await outbox.due(at, 200)).find((item) => item.key === key)!;
  await outbox.park(row.id, at, 'refused');
  expect(await unattended()).toEqual([]);
  await force(stores(), run.id, { state: 'failed', nextCheckAt: null });
});

test.each(['submitted', 'running', 'evaluating'] as const)(
  'a run that is %s and that nobody looks at is looked at again',
  async (state) => {
    const run = await queued(`nobody-looks-${state}`);
    await force(stores(), run.id, { state, databricksRunId: '1', snapshot: '/s', nextCheckAt: null });
    expect(await unattended()).toEqual([run.id]);
    await scene.rooms.training.reconciler.reconcile();
    expect((await now(run)).nextCheckAt).not.toBeNull();
    expect(await unattended()).toEqual([]);
    await force(stores(), run.id, { state: 'failed', nextCheckAt: null });
  },
);

test('a fork’s run that waits for a person is nobody’s to take up', async () => {
  const run = await queued('waits-for-a-person');
  const { outbox } = stores();
  await outbox.withdraw(`run:${run.id}`, ['upload', 'submit'], new Date().toISOString());
  await force(stores(), run.id, { state: 'waiting', nextCheckAt: null });
  expect(await unattended()).toEqual([]);
});
