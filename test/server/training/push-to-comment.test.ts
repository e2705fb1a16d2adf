import { describe, expect, test } from 'vitest';
import {
  comments,
  configuration,
  files,
  hook,
  openPull,
  openStage,
  runOf,
  startRooms,
  statusOf,
  until,
} from './stage.ts';

const base = { metrics: { rmse: [0.9, 0.8, 0.7], accuracy: [0.5, 0.8, 0.9] } };

describe('a push and a pull request', () => {
  test('train, get a status, and one comment with the verdict against the ancestor', async () => {
    const stage = await openStage();
    const rooms = await startRooms(stage);
    await hook(stage, rooms);
    const { team } = stage;

    const first = await team.commit('main', { '.gitea/databricks.yml': configuration, ...files(base) });
    const trained = await runOf(stage, rooms, first, 'succeeded');
    expect(trained).toMatchObject({
      number: 1,
      trigger: 'push',
      branch: 'main',
      metrics: { rmse: 0.7, accuracy: 0.9 },
      modelVersion: 1,
      loggedParameters: { depth: '6' },
      historyMetrics: ['rmse', 'accuracy'],
      curve: [0.9, 0.8, 0.7],
    });
    expect(trained.verdict?.outcome).toBe('no-baseline');
    expect(trained.tasks).toMatchObject([{ key: 'train', state: 'succeeded' }]);
    await statusOf(stage, first, 'warning');

    const worse = { metrics: { rmse: [0.95, 0.85, 0.75], accuracy: [0.5, 0.9, 0.92] } };
    const head = await team.commit('deeper', files(worse));
    const index = await openPull(stage, 'deeper');
    const run = await runOf(stage, rooms, head, 'succeeded');
    expect(run.pulls).toMatchObject([{ index, verdict: { outcome: 'fail', title: '1 of 2 gates fails' } }]);
    expect(run.pulls[0]?.verdict?.baseline).toMatchObject({
      kind: 'ancestor',
      commit: first,
      run: trained.id,
    });
    const status = await statusOf(stage, head, 'failure');
    expect(status.description).toBe('rmse 0.750 (+7.1%), 1 of 2 gates fails');
    expect(status.target_url).toContain(`?tab=databricks#/runs/${run.id}`);

    const [comment] = await until('a comment', async () => {
      const all = await comments(stage, index);
      return all.length > 0 && all;
    });
    expect(comment?.body).toContain('### 1 of 2 gates fails');
    expect(comment?.body).toContain('▲ +7.1% worse');
    expect(comment?.body).toContain('v2 of ml.prod.wine');
    expect(comment?.body).toContain('xychart-beta');

    const better = { metrics: { rmse: [0.95, 0.85, 0.65], accuracy: [0.5, 0.9, 0.92] } };
    const next = await team.commit('deeper', files(better));
    await statusOf(stage, next, 'success');
    const edited = await until('an edited comment', async () => {
      const all = await comments(stage, index);
      return all[0]?.body.includes('Both gates pass') && all;
    });
    expect(edited.map((item) => item.id)).toEqual([comment?.id]);
  }, 120_000);
});
