import { expect, test } from 'vitest';
import type { Stage } from './stage.ts';
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

const good = { metrics: { rmse: [0.9, 0.7], accuracy: [0.8, 0.9] } };

/** A script that logs a bad run, then puts its own nonce on other MLflow runs and rewrites what they say. */
const thief = (victims: readonly string[]) =>
  [
    'import json, os, time, urllib.request',
    'def call(path, body):',
    '    request = urllib.request.Request(os.environ["DATABRICKS_HOST"] + path, data=json.dumps(body).encode(), headers={"Authorization": "Bearer " + os.environ["DATABRICKS_TOKEN"], "Content-Type": "application/json"})',
    '    return json.load(urllib.request.urlopen(request))',
    'tags = [{"key": key, "value": value} for key, value in json.loads(os.environ["MLFLOW_RUN_CONTEXT"]).items()]',
    'now = int(time.time() * 1000)',
    'metric = lambda key, value: {"key": key, "value": value, "timestamp": now, "step": 99}',
    'run = call("/api/2.0/mlflow/runs/create", {"experiment_id": os.environ["MLFLOW_EXPERIMENT_ID"], "start_time": now, "tags": tags})["run"]["info"]["run_id"]',
    'call("/api/2.0/mlflow/runs/log-batch", {"run_id": run, "metrics": [metric("rmse", 0.89), metric("accuracy", 0.5)]})',
    `for victim in ${JSON.stringify(victims)}:`,
    '    call("/api/2.0/mlflow/runs/log-batch", {"run_id": victim, "metrics": [metric("rmse", 0.01), metric("accuracy", 0.999)], "tags": tags})',
    'call("/api/2.0/mlflow/runs/update", {"run_id": run, "status": "FINISHED", "end_time": now})',
    '',
  ].join('\n');

/** Does what the most powerful principal can do to an MLflow run. */
async function rewrite(stage: Stage, mlflowRun: string, rmse: number): Promise<void> {
  const metric = (key: string, value: number) => ({
    key,
    value,
    timestamp: Date.now() + 60_000,
    step: 1_000,
  });
  const batch = await stage.admin.post('/api/2.0/mlflow/runs/log-batch', {
    run_id: mlflowRun,
    metrics: [metric('rmse', rmse), metric('accuracy', 1 - rmse), metric('invented', 1)],
    tags: [
      { key: 'gitea_databricks.run', value: 'another' },
      { key: 'mlflow.source.git.commit', value: '0'.repeat(40) },
    ],
  });
  expect(batch.status).toBe(200);
  const { body } = await stage.admin.get(`/api/2.0/mlflow/runs/get?run_id=${mlflowRun}`);
  const rmseNow = body.run.data.metrics.find(({ key }: { key: string }) => key === 'rmse').value;
  expect(rmseNow).toBe(rmse);
}

test('metrics and tags that are rewritten after a run change no verdict, no baseline and no report', async () => {
  const stage = await openStage();
  const rooms = await startRooms(stage, { champion: () => 1 });
  await hook(stage, rooms);
  const { team } = stage;
  const first = await team.commit('main', { '.gitea/databricks.yml': configuration, ...files(good) });
  const champion = await runOf(stage, rooms, first, 'succeeded');
  expect(champion).toMatchObject({ modelVersion: 1, metrics: { rmse: 0.7, accuracy: 0.9 } });

  // Lower than every candidate would make all fail, higher would let all pass: the frozen value decides.
  await rewrite(stage, champion.mlflowRunId ?? '', 0.01);
  const better = files({ metrics: { rmse: [0.9, 0.69], accuracy: [0.8, 0.91] } });
  const head = await team.commit('better', better);
  const index = await openPull(stage, 'better');
  const run = await runOf(stage, rooms, head, 'succeeded');
  const verdict = run.pulls[0]?.verdict;
  expect(verdict).toMatchObject({
    outcome: 'pass',
    baseline: { kind: 'champion', version: 1, run: champion.id },
  });
  const rmse = verdict?.metrics.find(({ metric }) => metric === 'rmse');
  expect(rmse).toMatchObject({ baseline: 0.7, candidate: 0.69 });
  await statusOf(stage, head, 'success');

  await rewrite(stage, champion.mlflowRunId ?? '', 0.9);
  const worse = await team.commit('worse', files({ metrics: { rmse: [0.9, 0.8], accuracy: [0.8, 0.91] } }));
  await openPull(stage, 'worse');
  const second = await runOf(stage, rooms, worse, 'succeeded');
  expect(second.pulls[0]?.verdict).toMatchObject({ outcome: 'fail' });

  // Nor does the candidate's own run, once it ended: what is shown and reported stays.
  const before = await until('the comment', async () => {
    const all = await comments(stage, index);
    return all[0]?.body.includes('Both gates pass') && all;
  });
  await rewrite(stage, run.mlflowRunId ?? '', 0.95);
  await stage.admin.post('/api/2.0/mlflow/runs/delete', { run_id: run.mlflowRunId });
  await rooms.transactor.transaction(async ({ outbox }) => {
    const payload = { repository: stage.repository.id, pull: index };
    await outbox.enqueue({ topic: 'report', key: `report:${stage.repository.id}:${index}`, payload });
  });
  rooms.training.wake();
  await rooms.training.reconciler.reconcile();
  await until('the report', async () => (await rooms.stores.outbox.counts()).pending === 0);
  expect(await comments(stage, index)).toEqual(before);
  expect((await rooms.stores.runs.findById(run.id))?.metrics).toEqual(run.metrics);
  expect((await rooms.stores.runs.findById(champion.id))?.metrics).toEqual({ rmse: 0.7, accuracy: 0.9 });
}, 180_000);

test('code that puts its nonce on others’ MLflow runs gets neither their versions nor their metrics', async () => {
  const stage = await openStage();
  const rooms = await startRooms(stage, { champion: () => 1 });
  await hook(stage, rooms);
  const { team } = stage;
  const first = await team.commit('main', { '.gitea/databricks.yml': configuration, ...files(good) });
  const champion = await runOf(stage, rooms, first, 'succeeded');
  const head = await team.commit('steal', {
    ...files(good),
    'train.py': thief([champion.mlflowRunId ?? '']),
  });
  const index = await openPull(stage, 'steal');
  const run = await runOf(stage, rooms, head, 'succeeded');
  // The tag is really there: without the claim it would be a second root that registered version 1.
  const { body } = await stage.admin.get(`/api/2.0/mlflow/runs/get?run_id=${champion.mlflowRunId}`);
  expect(body.run.data.tags).toContainEqual({ key: 'gitea_databricks.nonce', value: run.nonce });
  expect(run).toMatchObject({ modelVersion: null, metrics: { rmse: 0.89, accuracy: 0.5 } });
  expect(run.mlflowRunId).not.toBe(champion.mlflowRunId);
  expect(run.pulls.find((pull) => pull.index === index)?.verdict).toMatchObject({
    outcome: 'fail',
    baseline: { kind: 'champion', run: champion.id },
  });
  expect((await rooms.stores.runs.ofVersion(stage.repository.id, 'wine', 1))?.id).toBe(champion.id);
}, 180_000);
