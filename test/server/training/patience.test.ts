import { describe, expect, test } from 'vitest';
import { configuration, files, messageOf, openPull, openStage, startRooms, until } from './stage.ts';

const good = { metrics: { rmse: [0.9, 0.7], accuracy: [0.8, 0.9] } };

describe('a counterpart that keeps failing', () => {
  test('is tried again; after two hours the submission ends with the reason, and one token was asked for', async () => {
    const stage = await openStage();
    let skew = 0;
    let tokens = 0;
    const rooms = await startRooms(stage, {
      clock: () => new Date(Date.now() + skew),
      onToken: (hasAct) => {
        if (hasAct) tokens += 1;
      },
    });
    stage.workspace.failures.inject('request', {
      message: 'out of order',
      subject: 'POST /api/2.2/jobs/runs/submit',
      times: 1_000,
    });
    const head = await stage.team.commit('main', { '.gitea/databricks.yml': configuration, ...files(good) });
    await rooms.training.reconciler.reconcile();
    const run = async () => (await rooms.stores.runs.ofCommit(stage.repository.id, head))[0]!;
    await until('several tries', async () => ((await messageOf(rooms, await run()))?.attempts ?? 0) > 2);
    expect(await run()).toMatchObject({ state: 'uploading', databricksRunId: null });
    // One as the releaser, for the files, and one as the trainer.
    expect(tokens).toBe(2);
    skew = 2.1 * 3_600_000;
    await until('the end', async () => (await run()).state === 'failed');
    expect((await run()).error?.message).toMatch(/^Databricks did not answer as it should for too long: /);
    // Its start ended with it; what may have begun without an answer is looked for.
    await until('the cancellation', async () => (await messageOf(rooms, await run()))?.topic === 'cancel');
  }, 120_000);

  test('a run that the workspace does not show yet is looked for again, not given up', async () => {
    const stage = await openStage();
    const rooms = await startRooms(stage);
    const { faults } = stage.workspace.failures;
    const late = { kind: 'late', path: '/api/2.2/jobs/runs/get', before: 'missing' } as const;
    const id = faults.add({ ...late, skip: 0, times: 2, probability: 1, seed: 1 });
    const head = await stage.team.commit('main', { '.gitea/databricks.yml': configuration, ...files(good) });
    await rooms.training.reconciler.reconcile();
    await until('the result', async () => {
      const [run] = await rooms.stores.runs.ofCommit(stage.repository.id, head);
      expect(run?.error ?? null).toBeNull();
      return run?.state === 'succeeded';
    });
    expect(faults.list().find((known) => known.id === id)?.happened).toBe(2);
  }, 120_000);

  test('a commit with more files than a snapshot may have is answered in its pull request', async () => {
    const stage = await openStage();
    const rooms = await startRooms(stage);
    await stage.team.commit('main', { '.gitea/databricks.yml': configuration, 'README.md': 'a' });
    const many = Object.fromEntries(Array.from({ length: 2_001 }, (_, i) => [`data/${i}.txt`, '']));
    const head = await stage.team.commit('many', { ...files(good), ...many }, { message: 'Many files' });
    await openPull(stage, 'many');
    await rooms.training.reconciler.reconcile();
    const [run] = await until('the failure', async () => {
      const runs = await rooms.stores.runs.ofCommit(stage.repository.id, head);
      return runs[0]?.state === 'failed' && runs;
    });
    expect(run?.error?.message).toContain('more than 2000 files');
  }, 120_000);
});
