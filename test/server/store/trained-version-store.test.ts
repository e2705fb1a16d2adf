import { beforeEach, describe, expect, it } from 'vitest';
import { createRunStore } from '../../../src/server/store/run-store.ts';
import type { RunRow } from '../../../src/server/store/schema.ts';
import { createTrainedVersionStore } from '../../../src/server/store/trained-version-store.ts';
import { aRun } from './a-run.ts';
import { openStore } from './open-store.ts';
import { databases } from './test-database.ts';

const commit = aRun.commit_sha;

describe.each(databases)('the run that a merge counts, on %s,', (database) => {
  let db: Awaited<ReturnType<typeof openStore>>['db'];
  beforeEach(async () => {
    ({ db } = await openStore(database));
  });

  async function add(number: number, change: Partial<RunRow>): Promise<void> {
    const id = `run-${number}`;
    await db
      .insertInto('runs')
      .values({ ...aRun, id, number, token: id, ...change })
      .execute();
    await db
      .insertInto('run_pulls')
      .values({ run_id: id, repository_id: 1, pull_index: 4, verdict: null })
      .execute();
  }

  it('is the one as committed, and an experiment under way holds up nothing', async () => {
    await add(6, {});
    await add(7, { state: 'running', parameters: '{"rounds":400}' });
    const store = createTrainedVersionStore(db);
    expect(await store.forMerge(1, 4, commit)).toMatchObject({ number: 6, state: 'succeeded' });
    expect(await store.latestOfPull(1, 4)).toMatchObject({ number: 6 });
    expect(await store.active(1)).toEqual(['Run 7 of aaaaaaaaaa is running']);
  });

  it('is one under way as committed: the merge waits for it', async () => {
    await add(6, {});
    await add(7, { state: 'running' });
    expect(await createTrainedVersionStore(db).forMerge(1, 4, commit)).toMatchObject({ number: 7 });
  });

  it('is never one of another commit', async () => {
    await add(6, { commit_sha: 'b'.repeat(40) });
    expect(await createTrainedVersionStore(db).forMerge(1, 4, commit)).toBeNull();
  });

  it('holds an MLflow run that no other run of the repository can be given', async () => {
    await add(6, { mlflow_run_id: 'm' });
    await add(7, { state: 'evaluating' });
    const runs = createRunStore(db);
    await expect(runs.update('run-7', 1, { mlflowRunId: 'm' })).rejects.toThrow(/unique/i);
    expect(await runs.findById('run-7')).toMatchObject({ state: 'evaluating', mlflowRunId: null });
    expect(await runs.update('run-7', 1, { mlflowRunId: 'n' })).toBe(true);
  });

  it('of a version with several pull requests names the one it was released through', async () => {
    await add(6, { model_version: 3 });
    await db
      .insertInto('run_pulls')
      .values({ run_id: 'run-6', repository_id: 1, pull_index: 9, verdict: null })
      .execute();
    await db
      .insertInto('promotion_decisions')
      .values({
        repository_id: 1,
        pull_index: 9,
        outcome: 'promoted',
        reason: 'v3',
        release_id: null,
        decided_at: aRun.created_at,
      })
      .execute();
    const versions = await createTrainedVersionStore(db).byVersion(1, 'wine');
    expect(versions.get(3)).toMatchObject({ pull: 9, pulls: [4, 9], merged: true });
  });
});
