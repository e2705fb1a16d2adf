import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Answer, Client } from '../support.ts';
import {
  ended,
  eventually,
  isRunning,
  servicePrincipal,
  startWorkspace,
  temporaryFolder,
  upload,
} from '../support.ts';

const folder = '/Workspace/Shared/app';

function submission(script: string, task: object = {}) {
  return {
    run_name: 'a run',
    tasks: [
      {
        task_key: 'main',
        environment_key: 'default',
        spark_python_task: { python_file: `${folder}/${script}`, ...task },
      },
    ],
    environments: [{ environment_key: 'default', spec: { environment_version: '3', dependencies: [] } }],
  };
}

async function submit(as: Client, body: object): Promise<number> {
  const { status, body: answer } = await as.post('/api/2.2/jobs/runs/submit', body);
  expect(answer, JSON.stringify(answer)).toHaveProperty('run_id');
  expect(status).toBe(200);
  return answer.run_id;
}

const output = async (as: Client, run: Answer, index = 0): Promise<Answer> =>
  (await as.get(`/api/2.2/jobs/runs/get-output?run_id=${run.tasks[index].run_id}`)).body;

test('a submitted run executes its file in its own folder with parameters byte for byte and a small environment', async () => {
  const { workspace, admin } = await startWorkspace();
  await upload(admin, `${folder}/helper.py`, 'WORD = "imported"\n');
  await upload(
    admin,
    `${folder}/main.py`,
    'import json, os, sys, helper\nprint(json.dumps({"args": sys.argv[1:], "word": helper.WORD, "env": dict(os.environ), "cwd": os.listdir()}))\n',
  );
  const awkward = ['{{unknown}}', '$(id)', 'two\nlines', 'ü "quoted"', '{{job.run_id}}'];
  const runId = await submit(admin, submission('main.py', { parameters: awkward }));
  const run = await ended(admin, runId);
  expect(run.state).toMatchObject({ life_cycle_state: 'TERMINATED', result_state: 'SUCCESS' });
  expect(run.status.termination_details).toMatchObject({ code: 'SUCCESS', type: 'SUCCESS' });
  const seen = JSON.parse((await output(admin, run)).logs);
  expect(seen.args).toEqual([...awkward.slice(0, 4), String(runId)]);
  expect(seen.word).toBe('imported');
  expect(seen.cwd.toSorted()).toEqual(['helper.py', 'main.py']);
  expect(seen.env).toMatchObject({
    DATABRICKS_HOST: workspace.host,
    MLFLOW_TRACKING_URI: 'databricks',
    MLFLOW_REGISTRY_URI: 'databricks-uc',
  });
  expect(seen.env.DATABRICKS_TOKEN).not.toBe(workspace.adminToken);
  expect(Object.keys(seen.env).toSorted()).toEqual([
    'DATABRICKS_HOST',
    'DATABRICKS_TOKEN',
    'DO_NOT_TRACK',
    'GIT_PYTHON_REFRESH',
    'HOME',
    'LANG',
    'MLFLOW_DISABLE_TELEMETRY',
    'MLFLOW_REGISTRY_URI',
    'MLFLOW_TRACKING_URI',
    'PATH',
    'PYTHONDONTWRITEBYTECODE',
    'PYTHONUNBUFFERED',
    'TMPDIR',
    'VIRTUAL_ENV',
  ]);
  const after = await fetch(`${workspace.host}/api/2.0/preview/scim/v2/Me`, {
    headers: { authorization: `Bearer ${seen.env.DATABRICKS_TOKEN}` },
  });
  expect(after.status).toBe(403);
});

test("a run's token is its run_as principal's, and is confined to what training needs", async () => {
  const { workspace, admin } = await startWorkspace();
  const trainer = await servicePrincipal(workspace, admin, 'trainer');
  await upload(
    admin,
    `${folder}/calls.py`,
    `import json, os, urllib.request, urllib.error
def call(method, path, body=None):
    request = urllib.request.Request(os.environ["DATABRICKS_HOST"] + path, method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": "Bearer " + os.environ["DATABRICKS_TOKEN"], "Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request) as answer: return [answer.status, json.load(answer)]
    except urllib.error.HTTPError as error: return [error.code, json.load(error)]
print(json.dumps({
  "me": call("GET", "/api/2.0/preview/scim/v2/Me"),
  "submit": call("POST", "/api/2.2/jobs/runs/submit", {}),
  "token": call("POST", "/api/2.0/token/create", {}),
  "write": call("POST", "/api/2.0/workspace/mkdirs", {"path": "/Shared/app/x"}),
}))
`,
  );
  const runId = await submit(trainer.client, submission('calls.py'));
  const run = await ended(trainer.client, runId);
  const seen = JSON.parse((await output(trainer.client, run)).logs);
  expect(seen.me[1].userName).toBe(trainer.applicationId);
  for (const call of ['submit', 'token', 'write'])
    expect(seen[call], call).toMatchObject([403, { error_code: 'PERMISSION_DENIED' }]);
});

test('training code works on a copy: the snapshot stays as it was uploaded', async () => {
  const { admin } = await startWorkspace();
  await upload(admin, `${folder}/data.txt`, 'original');
  await upload(
    admin,
    `${folder}/spoil.py`,
    'import sys\nopen("data.txt", "w").write("spoiled")\nopen(sys.argv[1] + "/new.txt", "w").write("x")\n',
  );
  const run = await ended(admin, await submit(admin, submission('spoil.py', { parameters: [folder] })));
  expect(run.state.result_state).toBe('SUCCESS');
  const { body } = await admin.get(`/api/2.0/workspace/export?path=${folder}/data.txt&direct_download=true`);
  expect(body).toBe('original');
  expect((await admin.get(`/api/2.0/workspace/get-status?path=${folder}/new.txt`)).status).toBe(404);
});

test('a launcher reaches another snapshot folder through a parameter that names its workspace path', async () => {
  const { admin } = await startWorkspace();
  await upload(admin, '/Workspace/Shared/snapshots/7/abc/src/train.py', 'print("trained in", __file__)\n');
  await upload(
    admin,
    `${folder}/launch.py`,
    'import runpy, sys\nrunpy.run_path(sys.argv[1].split("=")[1] + "/src/train.py")\n',
  );
  const parameters = ['--snapshot=/Workspace/Shared/snapshots/7/abc'];
  const run = await ended(admin, await submit(admin, submission('launch.py', { parameters })));
  expect((await output(admin, run)).logs).toBe('trained in /Workspace/Shared/snapshots/7/abc/src/train.py\n');
});

test('an exception becomes error and error_trace, and the quirky states of a failed run', async () => {
  const { admin } = await startWorkspace();
  await upload(
    admin,
    `${folder}/fails.py`,
    'print("before")\ntry:\n    1 / 0\nexcept ZeroDivisionError as e:\n    raise ValueError("bad depth") from e\n',
  );
  const run = await ended(admin, await submit(admin, submission('fails.py')));
  expect(run.state).toMatchObject({ life_cycle_state: 'INTERNAL_ERROR', result_state: 'FAILED' });
  expect(run.status).toMatchObject({
    state: 'TERMINATED',
    termination_details: { code: 'RUN_EXECUTION_ERROR' },
  });
  expect(run.tasks[0].state).toMatchObject({ life_cycle_state: 'TERMINATED', result_state: 'FAILED' });
  expect(run.end_time).toBeGreaterThanOrEqual(run.start_time);
  const { error, error_trace, logs } = await output(admin, run);
  expect(error).toBe('ValueError: bad depth');
  expect(error_trace).toMatch(
    /^Traceback[\s\S]*ZeroDivisionError[\s\S]*Traceback[\s\S]*ValueError: bad depth$/,
  );
  expect(error_trace).toContain(`File "${folder}/fails.py", line 5`);
  expect(logs).toContain('before');
});

test('the log can be read while the run goes on, and cancel ends the whole process group', async () => {
  const { admin } = await startWorkspace();
  await upload(
    admin,
    `${folder}/stubborn.py`,
    'import signal, subprocess, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nchild = subprocess.Popen(["sleep", "300"])\nprint("child", child.pid, flush=True)\ntime.sleep(300)\n',
  );
  const runId = await submit(admin, submission('stubborn.py'));
  const pid = await eventually(async () => {
    const run = (await admin.get(`/api/2.2/jobs/runs/get?run_id=${runId}`)).body;
    return /child (\d+)/.exec((await output(admin, run)).logs)?.[1];
  }, 'the first line of the log');
  expect((await admin.post('/api/2.2/jobs/runs/cancel', { run_id: runId })).body).toEqual({});
  const run = await ended(admin, runId);
  expect(run.state).toMatchObject({ life_cycle_state: 'TERMINATED', result_state: 'CANCELED' });
  expect(run.status.termination_details.code).toBe('USER_CANCELED');
  await eventually(async () => (isRunning(Number(pid)) ? undefined : true), "the end of the program's child");
});

test('a task and a run that exceed their time end as TIMEDOUT', async () => {
  const { admin } = await startWorkspace();
  await upload(admin, `${folder}/sleeps.py`, 'import time\ntime.sleep(300)\n');
  const byTask = submission('sleeps.py');
  Object.assign(byTask.tasks[0] ?? {}, { timeout_seconds: 1 });
  const [first, second] = await Promise.all([
    submit(admin, byTask),
    submit(admin, { ...submission('sleeps.py'), timeout_seconds: 1 }),
  ]);
  expect((await ended(admin, first)).state.result_state).toBe('TIMEDOUT');
  const run = await ended(admin, second);
  expect(run.state).toMatchObject({ result_state: 'TIMEDOUT', life_cycle_state: 'TERMINATED' });
  expect(run.status.termination_details.code).toBe('CANCELED');
});

test('tasks run in the order of depends_on; what depends on a failed one is skipped', async () => {
  const { admin } = await startWorkspace();
  await upload(admin, `${folder}/ok.py`, 'import sys\nprint(*sys.argv[1:])\n');
  await upload(admin, `${folder}/bad.py`, 'raise SystemExit(3)\n');
  const task = (task_key: string, file: string, depends_on: string[] = [], extra: object = {}) => ({
    task_key,
    depends_on: depends_on.map((key) => ({ task_key: key })),
    spark_python_task: { python_file: `${folder}/${file}`, parameters: ['{{task.name}}'] },
    ...extra,
  });
  const runId = await submit(admin, {
    tasks: [
      task('last', 'ok.py', ['middle']),
      task('middle', 'bad.py', ['first']),
      task('first', 'ok.py'),
      task('clean', 'ok.py', ['middle'], { run_if: 'ALL_DONE' }),
    ],
  });
  const run = await ended(admin, runId);
  const results = Object.fromEntries(
    run.tasks.map((each: Answer) => [each.task_key, each.state.result_state]),
  );
  expect(results).toEqual({ first: 'SUCCESS', middle: 'FAILED', last: 'UPSTREAM_FAILED', clean: 'SUCCESS' });
  expect(run.state.result_state).toBe('FAILED');
  const middle = run.tasks.findIndex((each: Answer) => each.task_key === 'middle');
  expect((await output(admin, run, middle)).error).toBe('The Python process ended with exit code 3');
  expect(run.tasks.find((each: Answer) => each.task_key === 'first').end_time).toBeLessThanOrEqual(
    run.tasks[middle].start_time,
  );
  const ofRun = await admin.get(`/api/2.2/jobs/runs/get-output?run_id=${runId}`);
  expect(ofRun).toMatchObject({ status: 400, body: { error_code: 'INVALID_PARAMETER_VALUE' } });
});

test('the token of a submitted run covers it while it is active, and no longer', async () => {
  const { admin } = await startWorkspace();
  await upload(admin, `${folder}/sleeps.py`, 'import time\ntime.sleep(300)\n');
  const body = { ...submission('sleeps.py'), idempotency_token: 'once' };
  const runId = await submit(admin, body);
  expect(await submit(admin, body)).toBe(runId);
  await admin.post('/api/2.2/jobs/runs/cancel', { run_id: runId });
  await ended(admin, runId);
  expect(await submit(admin, body)).not.toBe(runId);
});

test('more runs than fit wait as QUEUED, and a queued one can be cancelled', async () => {
  const { admin } = await startWorkspace({ maxConcurrentRuns: 1 });
  await upload(admin, `${folder}/sleeps.py`, 'import time\ntime.sleep(300)\n');
  const first = await submit(admin, submission('sleeps.py'));
  const second = await submit(admin, submission('sleeps.py'));
  const waiting = (await admin.get(`/api/2.2/jobs/runs/get?run_id=${second}`)).body;
  expect(waiting).toMatchObject({
    status: { state: 'QUEUED' },
    state: { life_cycle_state: 'QUEUED' },
    end_time: 0,
  });
  await admin.post('/api/2.2/jobs/runs/cancel', { run_id: second });
  expect((await ended(admin, second)).state.result_state).toBe('CANCELED');
  await admin.post('/api/2.2/jobs/runs/cancel', { run_id: first });
  await ended(admin, first);
});

test('a failed run can be repaired; the second repair must name the first', async () => {
  const { admin } = await startWorkspace();
  await upload(admin, `${folder}/flaky.py`, 'raise SystemExit("not yet")\n');
  const runId = await submit(admin, submission('flaky.py'));
  await ended(admin, runId);
  const repair = async (extra: object = {}) =>
    admin.post('/api/2.2/jobs/runs/repair', { run_id: runId, rerun_all_failed_tasks: true, ...extra });
  const first = await repair();
  expect((await ended(admin, runId)).state.result_state).toBe('FAILED');
  expect((await repair()).body.error_code).toBe('INVALID_PARAMETER_VALUE');
  await upload(admin, `${folder}/flaky.py`, 'print("now")\n');
  expect((await repair({ latest_repair_id: first.body.repair_id })).status).toBe(200);
  const run = await ended(admin, runId);
  expect(run.state.result_state).toBe('SUCCESS');
  expect(run.tasks).toHaveLength(1);
  expect(run.tasks[0].attempt_number).toBe(2);
  expect(run.repair_history).toBeUndefined();
  const whole = (await admin.get(`/api/2.2/jobs/runs/get?run_id=${runId}&include_history=true`)).body;
  expect(whole.repair_history.map((each: Answer) => each.type)).toEqual(['ORIGINAL', 'REPAIR', 'REPAIR']);
});

test('after a restart an interrupted run has failed and says so, and a queued one goes on', async () => {
  const dataDir = await temporaryFolder();
  const before = await startWorkspace({ dataDir, maxConcurrentRuns: 1 });
  await upload(before.admin, `${folder}/sleeps.py`, 'import time\ntime.sleep(300)\n');
  await upload(before.admin, `${folder}/quick.py`, 'print("done")\n');
  const interrupted = await submit(before.admin, submission('sleeps.py'));
  const queued = await submit(before.admin, submission('quick.py'));
  await eventually(async () => {
    const { body } = await before.admin.get(`/api/2.2/jobs/runs/get?run_id=${interrupted}`);
    return body.status.state === 'RUNNING' ? true : undefined;
  }, 'the start of the run');
  await before.workspace.close();
  const { admin, workspace } = await startWorkspace({ dataDir, maxConcurrentRuns: 1 });
  expect(workspace.adminToken).toBe(before.workspace.adminToken);
  const lost = await ended(admin, interrupted);
  expect(lost.status.termination_details).toMatchObject({ code: 'INTERNAL_ERROR', type: 'INTERNAL_ERROR' });
  expect(lost.state.state_message).toContain('The workspace stopped while this task was running');
  expect((await ended(admin, queued)).state.result_state).toBe('SUCCESS');
  expect(
    (await readdir(join(dataDir, 'runs', String(interrupted)))).filter((name) => name.startsWith('work')),
  ).toEqual([]);
});

test('with resumeRuns a run that a stop cut off begins again, as the same run', async () => {
  const dataDir = await temporaryFolder();
  const before = await startWorkspace({ dataDir, resumeRuns: true });
  const script = 'import time\ntime.sleep(300)\n';
  await upload(before.admin, `${folder}/slow.py`, script);
  const id = await submit(before.admin, submission('slow.py'));
  await eventually(async () => {
    const { body } = await before.admin.get(`/api/2.2/jobs/runs/get?run_id=${id}`);
    return body.status.state === 'RUNNING' ? true : undefined;
  }, 'the start of the run');
  await before.workspace.close();
  const { admin } = await startWorkspace({ dataDir, resumeRuns: true });
  await eventually(async () => {
    const { body } = await admin.get(`/api/2.2/jobs/runs/get?run_id=${id}`);
    return body.status.state === 'RUNNING' ? true : undefined;
  }, 'the second start of the same run');
  await admin.post('/api/2.2/jobs/runs/cancel', { run_id: id });
  expect((await ended(admin, id)).state.result_state).toBe('CANCELED');
});

test('a missing Python fails the run with what to install, and everything else works', async () => {
  const { admin } = await startWorkspace({ python: '/nonexistent/python3' });
  await upload(admin, `${folder}/main.py`, 'print(1)\n');
  const run = await ended(admin, await submit(admin, submission('main.py')));
  expect(run.state.result_state).toBe('FAILED');
  expect((await output(admin, run)).error).toMatch(
    /Python is needed to run jobs.*apt install python3 python3-venv/,
  );
});

test('a run names its trouble: missing file, foreign folder, unknown task type, unreadable requirements', async () => {
  const { workspace, admin } = await startWorkspace();
  const outsider = await servicePrincipal(workspace, admin, 'outsider');
  await upload(admin, '/Workspace/Private/main.py', 'print(1)\n');
  const missing = await ended(admin, await submit(admin, submission('nowhere.py')));
  expect(missing.status.termination_details).toMatchObject({ code: 'RESOURCE_NOT_FOUND' });
  const foreign = submission('main.py');
  Object.assign(foreign.tasks[0] ?? {}, { spark_python_task: { python_file: '/Workspace/Private/main.py' } });
  const refused = await ended(outsider.client, await submit(outsider.client, foreign));
  expect(refused.status.termination_details).toMatchObject({ code: 'UNAUTHORIZED_ERROR' });
  const other = await admin.post('/api/2.2/jobs/runs/submit', {
    tasks: [{ task_key: 'main', sql_task: { warehouse_id: 'w' } }],
  });
  expect(other).toMatchObject({ status: 400, body: { error_code: 'INVALID_PARAMETER_VALUE' } });
  expect(other.body.message).toContain('spark_python_task and notebook_task only, not sql_task');
});

test('a submitted run is for its creator, its readers and admins only', async () => {
  const { workspace, admin } = await startWorkspace();
  const [trainer, reader, stranger] = await Promise.all(
    ['trainer', 'reader', 'stranger'].map((name) => servicePrincipal(workspace, admin, name)),
  );
  if (!trainer || !reader || !stranger) throw new Error('three principals are needed');
  await upload(admin, `${folder}/main.py`, 'print(1)\n');
  const runId = await submit(trainer.client, {
    ...submission('main.py'),
    access_control_list: [{ service_principal_name: reader.applicationId, permission_level: 'CAN_VIEW' }],
  });
  const run = await ended(reader.client, runId);
  expect((await output(reader.client, run)).logs).toBe('1\n');
  const listed = async (as: Client, query = '') =>
    (await as.get(`/api/2.2/jobs/runs/list?${query}`)).body.runs ?? [];
  expect(await listed(trainer.client, 'run_type=SUBMIT_RUN')).toMatchObject([
    { run_id: runId, run_name: 'a run' },
  ]);
  expect(await listed(trainer.client, 'run_type=JOB_RUN')).toEqual([]);
  expect(await listed(reader.client)).toHaveLength(1);
  expect(await listed(stranger.client)).toEqual([]);
  expect((await stranger.client.get(`/api/2.2/jobs/runs/get?run_id=${runId}`)).body.error_code).toBe(
    'PERMISSION_DENIED',
  );
  expect((await reader.client.post('/api/2.2/jobs/runs/cancel', { run_id: runId })).status).toBe(403);
  const unknown = await admin.get('/api/2.2/jobs/runs/get?run_id=1');
  expect(unknown).toMatchObject({ status: 400, body: { message: 'Run 1 does not exist.' } });
});

test('the page of a run shows state, error and log as text', async () => {
  const { admin } = await startWorkspace();
  await upload(admin, `${folder}/markup.py`, 'print("<script>alert(1)</script>")\nraise ValueError("<b>")\n');
  const run = await ended(admin, await submit(admin, submission('markup.py')));
  const page = await fetch(run.run_page_url);
  const html = await page.text();
  expect(page.headers.get('content-type')).toContain('text/html');
  expect(html).toContain('FAILED');
  expect(html).not.toMatch(/<script>|<b>/);
  expect(html).toContain('alert(1)');
});
