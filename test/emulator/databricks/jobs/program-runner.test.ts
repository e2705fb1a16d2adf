import { expect, test } from 'vitest';
import { inProcessPrograms } from '../../../faults/world/in-process-programs.ts';
import type { Answer, Client } from '../support.ts';
import { ended, eventually, startWorkspace, upload } from '../support.ts';

const snapshot = '/Workspace/Shared/snapshot';

/** A workspace without Python, which runs programs in this process. */
async function withoutPython() {
  const opened = await startWorkspace({ python: '/nonexistent/python', programs: inProcessPrograms() });
  const { admin } = opened;
  await upload(admin, '/Workspace/Shared/launcher/launch.py', '# never read\n');
  const { body } = await admin.post('/api/2.0/mlflow/experiments/create', { name: '/Shared/wine' });
  return { ...opened, experiment: body.experiment_id as string };
}

async function submit(admin: Client, experiment: string, plan: object, model?: string): Promise<number> {
  await upload(admin, `${snapshot}/plan.json`, JSON.stringify(plan));
  const environment = {
    MLFLOW_EXPERIMENT_ID: experiment,
    MLFLOW_RUN_CONTEXT: '{"nonce":"n1"}',
    ...(model !== undefined && { REGISTERED_MODEL_NAME: model }),
  };
  const { body } = await admin.post('/api/2.2/jobs/runs/submit', {
    run_name: 'a run',
    tasks: [
      {
        task_key: 'main',
        environment_key: 'default',
        spark_python_task: {
          python_file: '/Workspace/Shared/launcher/launch.py',
          parameters: [
            `--snapshot=${snapshot}`,
            `--settings=${Buffer.from(JSON.stringify({ environment })).toString('base64')}`,
          ],
        },
      },
    ],
    environments: [{ environment_key: 'default', spec: { environment_version: '3', dependencies: [] } }],
  });
  return body.run_id as number;
}

test('a run whose program runs elsewhere logs with a token of its own, and ends as any other', async () => {
  const { admin, experiment } = await withoutPython();
  const id = await submit(admin, experiment, { metrics: { rmse: 0.5 } });
  const run = await ended(admin, id);
  expect(run.state).toMatchObject({ life_cycle_state: 'TERMINATED', result_state: 'SUCCESS' });
  const { body } = await admin.post('/api/2.0/mlflow/runs/search', { experiment_ids: [experiment] });
  const [{ info, data }] = body.runs;
  expect(info.status).toBe('FINISHED');
  expect(data.metrics).toMatchObject([{ key: 'rmse', value: 0.5 }]);
  const tags = Object.fromEntries(data.tags.map(({ key, value }: Answer) => [key, value]));
  expect(tags).toMatchObject({ nonce: 'n1', 'mlflow.databricks.jobRunID': expect.stringMatching(/^\d+$/) });
});

test('one that fails says why, one that is cancelled is stopped', async () => {
  const { admin, experiment } = await withoutPython();
  const failed = await ended(admin, await submit(admin, experiment, { metrics: {}, fail: 'No data' }));
  expect(failed.state).toMatchObject({ result_state: 'FAILED' });
  const output = await admin.get(`/api/2.2/jobs/runs/get-output?run_id=${failed.tasks[0].run_id}`);
  expect(output.body.error).toBe('Error: No data');

  const id = await submit(admin, experiment, { metrics: {}, milliseconds: 600_000 });
  await eventually(async () => {
    const { body } = await admin.get(`/api/2.2/jobs/runs/get?run_id=${id}`);
    return body.status.state === 'RUNNING' ? true : undefined;
  }, 'the start of the run');
  await admin.post('/api/2.2/jobs/runs/cancel', { run_id: id });
  expect((await ended(admin, id)).state).toMatchObject({ result_state: 'CANCELED' });
});

test('a version that it registered is served', async () => {
  const { admin, experiment } = await withoutPython();
  const rest = '/api/2.1/unity-catalog';
  await admin.post(`${rest}/catalogs`, { name: 'ml' });
  await admin.post(`${rest}/schemas`, { name: 'prod', catalog_name: 'ml' });
  await admin.post(`${rest}/models`, { catalog_name: 'ml', schema_name: 'prod', name: 'wine' });
  await ended(admin, await submit(admin, experiment, { metrics: { rmse: 0.5 } }, 'ml.prod.wine'));
  await admin.post('/api/2.0/serving-endpoints', {
    name: 'wine',
    config: { served_entities: [{ entity_name: 'ml.prod.wine', entity_version: '1' }] },
  });
  const { state } = await eventually(async () => {
    const { body } = await admin.get('/api/2.0/serving-endpoints/wine');
    return body.state.config_update === 'IN_PROGRESS' ? undefined : body;
  }, 'the end of the update');
  expect(state).toEqual({ ready: 'READY', config_update: 'NOT_UPDATING' });
  const answer = await admin.post('/serving-endpoints/wine/invocations', { inputs: [[1]] });
  expect(answer).toMatchObject({ status: 200, body: { predictions: [] } });
});

test('without a runner of its own a workspace runs Python, and has none where the machine has none', async () => {
  const { admin } = await startWorkspace({ python: '/nonexistent/python' });
  const { body } = await admin.post('/api/2.0/mlflow/experiments/create', { name: '/Shared/wine' });
  await upload(admin, '/Workspace/Shared/launcher/launch.py', 'print(1)\n');
  const run = await ended(admin, await submit(admin, body.experiment_id, { metrics: {} }));
  expect(run.state).toMatchObject({ result_state: 'FAILED' });
});
