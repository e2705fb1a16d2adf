import { expect, test } from 'vitest';
import type { Answer } from '../support.ts';
import { ended, startWorkspace, upload } from '../support.ts';

/** Makes an MLflow run as mlflow would, but claims to be another job's. */
const script = `
import json, os, urllib.request

def post(path, body):
    request = urllib.request.Request(
        os.environ["DATABRICKS_HOST"] + "/api/2.0/mlflow/" + path,
        json.dumps(body).encode(),
        {"Authorization": "Bearer " + os.environ["DATABRICKS_TOKEN"], "Content-Type": "application/json"},
    )
    return json.load(urllib.request.urlopen(request))

experiment = post("experiments/create", {"name": "/Shared/origin"})["experiment_id"]
tags = [{"key": "mlflow.databricks.jobRunID", "value": "1"}, {"key": "nonce", "value": "n"}]
post("runs/create", {"experiment_id": experiment, "run_name": "trained", "tags": tags})
`;

test('an MLflow run made with the token of a job run carries that run, whatever the script claims', async () => {
  const { admin } = await startWorkspace();
  await upload(admin, '/Workspace/Shared/app/train.py', script);
  const submitted = await admin.post('/api/2.2/jobs/runs/submit', {
    run_name: 'origin',
    tasks: [
      {
        task_key: 'main',
        environment_key: 'default',
        spark_python_task: { python_file: '/Workspace/Shared/app/train.py' },
      },
    ],
    environments: [{ environment_key: 'default', spec: { environment_version: '3', dependencies: [] } }],
  });
  const run = await ended(admin, submitted.body.run_id);
  expect(run.state.result_state).toBe('SUCCESS');

  const byName = '/api/2.0/mlflow/experiments/get-by-name?experiment_name=/Shared/origin';
  const { experiment_id: experimentId } = (await admin.get(byName)).body.experiment;
  const search = async (id: string): Promise<Answer[]> =>
    (
      await admin.post('/api/2.0/mlflow/runs/search', {
        experiment_ids: [experimentId],
        filter: `tags.\`mlflow.databricks.jobRunID\` = '${id}'`,
      })
    ).body.runs;
  const [found] = await search(String(run.tasks[0].run_id));
  expect(found.info.run_name).toBe('trained');
  expect(found.data.tags).toContainEqual({ key: 'nonce', value: 'n' });
  expect(await search('1')).toBeUndefined();
});
