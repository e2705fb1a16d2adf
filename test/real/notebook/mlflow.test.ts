import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ended, upload } from '../../emulator/databricks/support.ts';
import type { EmulatedWorkspace } from '../emulated-workspace.ts';
import { openWorkspace } from '../emulated-workspace.ts';
import { skipUnless } from '../needs.ts';
import { pythonClients } from '../python-clients.ts';

let opened: EmulatedWorkspace;

beforeAll(async () => {
  opened = await openWorkspace();
});
afterAll(() => opened.close());

/** Twice the usual patience: importing mlflow takes its time on a busy machine. */
const eventuallyEnded = (runId: number) => ended(opened.admin, runId).catch(() => ended(opened.admin, runId));

const source = `# Databricks notebook source
# MAGIC %pip install -r ./requirements.txt

# COMMAND ----------

dbutils.library.restartPython()

# COMMAND ----------

import json
import mlflow

mlflow.set_experiment("/Shared/notebook")

# COMMAND ----------

with mlflow.start_run(run_name="from a notebook") as run:
    mlflow.log_param("depth", dbutils.widgets.get("depth"))
    mlflow.log_metric("rmse", 0.5)

# COMMAND ----------

dbutils.notebook.exit(json.dumps({"run": run.info.run_id, "mlflow": mlflow.__version__}))
`;

test('mlflow works in a notebook as %pip installs it, and its run says which notebook made it', async (context) => {
  skipUnless(pythonClients(), context);
  const { admin } = opened;
  const lock = await readFile(new URL('../python-clients.lock', import.meta.url), 'utf8');
  await upload(admin, '/Shared/book/requirements.txt', lock);
  await upload(admin, '/Shared/book/train.py', source);
  const { body: job } = await admin.post('/api/2.2/jobs/create', {
    name: 'notebook',
    tasks: [
      {
        task_key: 'train',
        notebook_task: { notebook_path: '/Shared/book/train', base_parameters: { depth: '6' } },
      },
    ],
  });
  const started = await admin.post('/api/2.2/jobs/run-now', { job_id: job.job_id });
  const run = await eventuallyEnded(started.body.run_id);
  const task = run.tasks[0].run_id;
  const { body: output } = await admin.get(`/api/2.2/jobs/runs/get-output?run_id=${task}`);
  expect(output.error_trace).toBeUndefined();
  const told = JSON.parse(output.notebook_output.result);
  expect(told.mlflow).toBe('3.17.2');
  const { body } = await admin.get(`/api/2.0/mlflow/runs/get?run_id=${told.run}`);
  expect(body.run.data.params).toEqual([{ key: 'depth', value: '6' }]);
  expect(
    Object.fromEntries(body.run.data.tags.map((tag: Record<string, string>) => [tag.key, tag.value])),
  ).toMatchObject({
    'mlflow.runName': 'from a notebook',
    'mlflow.databricks.notebookPath': '/Shared/book/train',
    'mlflow.databricks.jobID': String(job.job_id),
    'mlflow.databricks.jobRunID': String(task),
    'mlflow.source.type': 'JOB',
    'mlflow.source.name': `jobs/${job.job_id}/run/${task}`,
  });
});
