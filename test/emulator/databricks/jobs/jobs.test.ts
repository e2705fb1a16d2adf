import { expect, test } from 'vitest';
import type { Answer } from '../support.ts';
import { ended, servicePrincipal, startWorkspace, upload } from '../support.ts';

const script = '/Workspace/Shared/app/echo.py';

const definition = (name: string, extra: object = {}) => ({
  name,
  parameters: [
    { name: 'commit', default: 'none' },
    { name: 'run', default: 'x' },
  ],
  tasks: [
    {
      task_key: 'main',
      spark_python_task: {
        python_file: script,
        parameters: ['{{job.parameters.commit}}', '{{job.parameters.run}}'],
      },
    },
  ],
  queue: { enabled: true },
  ...extra,
});

async function withJob(extra: object = {}) {
  const started = await startWorkspace();
  await upload(started.admin, script, 'import json, sys\nprint(json.dumps(sys.argv[1:]))\n');
  const { body } = await started.admin.post('/api/2.2/jobs/create', definition('Nightly', extra));
  return { ...started, jobId: body.job_id as number };
}

test('a job is created, found by its name in any case, changed and deleted', async () => {
  const { admin, jobId } = await withJob();
  const get = async () => (await admin.get(`/api/2.2/jobs/get?job_id=${jobId}`)).body;
  expect(await get()).toMatchObject({
    job_id: jobId,
    settings: { name: 'Nightly', tasks: [{ task_key: 'main' }] },
  });
  const listed = (await admin.get('/api/2.1/jobs/list?name=nIGHTLY')).body;
  expect(listed).toMatchObject({ jobs: [{ job_id: jobId }], has_more: false });
  expect(listed.jobs[0].settings.tasks).toBeUndefined();
  expect((await admin.get('/api/2.2/jobs/list?name=night')).body.jobs).toBeUndefined();
  await admin.post('/api/2.2/jobs/update', {
    job_id: jobId,
    new_settings: { name: 'Weekly' },
    fields_to_remove: ['queue'],
  });
  expect(await get()).toMatchObject({
    settings: { name: 'Weekly', parameters: [{ name: 'commit' }, { name: 'run' }] },
  });
  await admin.post('/api/2.2/jobs/reset', { job_id: jobId, new_settings: { name: 'Bare', tasks: [] } });
  expect((await get()).settings.parameters).toBeUndefined();
  expect((await admin.post('/api/2.2/jobs/delete', { job_id: jobId })).body).toEqual({});
  expect(await admin.get(`/api/2.2/jobs/get?job_id=${jobId}`)).toMatchObject({
    status: 400,
    body: { error_code: 'INVALID_PARAMETER_VALUE', message: `Job ${jobId} does not exist.` },
  });
});

test('the list of jobs pages by token in both directions, newest first', async () => {
  const { admin } = await withJob();
  for (const name of ['a', 'b', 'c']) await admin.post('/api/2.2/jobs/create', definition(name));
  const first = (await admin.get('/api/2.2/jobs/list?limit=3')).body;
  expect(first.jobs.map((job: Answer) => job.settings.name)).toEqual(['c', 'b', 'a']);
  const second = (await admin.get(`/api/2.2/jobs/list?limit=3&page_token=${first.next_page_token}`)).body;
  expect(second).toMatchObject({ jobs: [{ settings: { name: 'Nightly' } }], has_more: false });
  const back = (await admin.get(`/api/2.2/jobs/list?limit=3&page_token=${second.prev_page_token}`)).body;
  expect(back).toEqual(first);
  const middle = (await admin.get('/api/2.2/jobs/list?limit=2&offset=1')).body;
  expect(middle.jobs.map((job: Answer) => job.settings.name)).toEqual(['b', 'a']);
  expect(middle).toMatchObject({ next_page_token: expect.any(String), prev_page_token: expect.any(String) });
  expect((await admin.get('/api/2.2/jobs/list?page_token=bogus')).status).toBe(400);
});

test('a job of more than 100 tasks is told in pages, the other lists in the first of them', async () => {
  const { admin } = await withJob();
  const [task] = definition('wide').tasks;
  const tasks = Array.from({ length: 150 }, (_, index) => ({ ...task, task_key: `task-${index}` }));
  const wide = { ...definition('wide'), tasks };
  const { job_id } = (await admin.post('/api/2.2/jobs/create', wide)).body;
  const get = async (token = '') =>
    (await admin.get(`/api/2.2/jobs/get?job_id=${job_id}&page_token=${token}`)).body;
  const first = await get();
  expect(first.settings.tasks).toHaveLength(100);
  expect(first.settings.parameters).toEqual(wide.parameters);
  const second = await get(first.next_page_token);
  expect(second.settings.tasks.map((each: Answer) => each.task_key)).toEqual(
    tasks.slice(100).map((each) => each.task_key),
  );
  expect(second.settings.parameters).toBeUndefined();
  expect(second.next_page_token).toBeUndefined();
  expect((await admin.get(`/api/2.2/jobs/get?job_id=${job_id}&page_token=bogus`)).status).toBe(400);
  const { jobs } = (await admin.get('/api/2.2/jobs/list?name=wide&expand_tasks=true')).body;
  expect(jobs[0]).toMatchObject({ has_more: true });
});

test('run-now passes job parameters, each value byte for byte and never evaluated again', async () => {
  const { admin, jobId } = await withJob();
  const commit = '{{job.parameters.run}} $(id)';
  const { body } = await admin.post('/api/2.2/jobs/run-now', { job_id: jobId, job_parameters: { commit } });
  expect(body.number_in_job).toBe(body.run_id);
  const run = await ended(admin, body.run_id);
  expect(run.job_parameters).toEqual([
    { name: 'commit', default: 'none', value: commit },
    { name: 'run', default: 'x', value: 'x' },
  ]);
  const { logs } = (await admin.get(`/api/2.2/jobs/runs/get-output?run_id=${run.tasks[0].run_id}`)).body;
  expect(JSON.parse(logs)).toEqual([commit, 'x']);
  const unknown = await admin.post('/api/2.2/jobs/run-now', {
    job_id: jobId,
    job_parameters: { other: '1' },
  });
  expect(unknown.body.error_code).toBe('INVALID_PARAMETER_VALUE');
});

test('an idempotency token is one run, however often and however concurrently it is sent', async () => {
  const { admin, jobId } = await withJob();
  const launch = () => admin.post('/api/2.2/jobs/run-now', { job_id: jobId, idempotency_token: 'abc' });
  const answers = await Promise.all(Array.from({ length: 10 }, launch));
  const ids = new Set(answers.map(({ body }) => body.run_id));
  expect(ids.size).toBe(1);
  const [runId] = ids;
  await ended(admin, runId);
  expect((await launch()).body.run_id).toBe(runId);
  await admin.post('/api/2.2/jobs/runs/delete', { run_id: runId });
  expect((await launch()).body.error_code).toBe('INVALID_PARAMETER_VALUE');
  expect(
    (await admin.post('/api/2.2/jobs/run-now', { job_id: jobId, idempotency_token: 'x'.repeat(65) })).status,
  ).toBe(400);
});

test('an answer that is lost after the launch still leaves one run', async () => {
  const { workspace, admin, jobId } = await withJob();
  workspace.failures.inject('response', { message: 'lost', subject: 'POST /api/2.2/jobs/run-now' });
  const launch = () => admin.post('/api/2.2/jobs/run-now', { job_id: jobId, idempotency_token: 'abc' });
  await expect(launch()).rejects.toThrow();
  const { body } = await launch();
  const { runs } = (await admin.get(`/api/2.2/jobs/runs/list?job_id=${jobId}`)).body;
  expect(runs.map((run: Answer) => run.run_id)).toEqual([body.run_id]);
});

test('without a queue a second run of a busy job is skipped', async () => {
  const { admin, jobId } = await withJob({ queue: { enabled: false } });
  await upload(admin, script, 'import time\ntime.sleep(300)\n');
  const first = (await admin.post('/api/2.2/jobs/run-now', { job_id: jobId })).body.run_id;
  const second = (await admin.post('/api/2.2/jobs/run-now', { job_id: jobId })).body.run_id;
  const run = await ended(admin, second);
  expect(run.state.life_cycle_state).toBe('SKIPPED');
  expect(run.status.termination_details.code).toBe('MAX_CONCURRENT_RUNS_EXCEEDED');
  await admin.post('/api/2.2/jobs/runs/cancel-all', { job_id: jobId });
  expect((await ended(admin, first)).state.result_state).toBe('CANCELED');
});

test('runs are listed newest first, in pages, by job, state and time', async () => {
  const { admin, jobId } = await withJob();
  const ids: number[] = [];
  for (let count = 0; count < 3; count += 1) {
    ids.unshift((await admin.post('/api/2.2/jobs/run-now', { job_id: jobId })).body.run_id);
    await ended(admin, ids[0] ?? 0);
  }
  const list = async (query: string) => (await admin.get(`/api/2.2/jobs/runs/list?${query}`)).body;
  const idsOf = (page: Answer) => (page.runs ?? []).map((run: Answer) => run.run_id);
  const page = await list(`job_id=${jobId}&limit=2`);
  expect(idsOf(page)).toEqual(ids.slice(0, 2));
  expect(idsOf(await list(`job_id=${jobId}&limit=2&page_token=${page.next_page_token}`))).toEqual(
    ids.slice(2),
  );
  expect(idsOf(await list(`job_id=${jobId}&active_only=true`))).toEqual([]);
  const from = (await admin.get(`/api/2.2/jobs/runs/get?run_id=${ids[0]}`)).body.start_time;
  expect(idsOf(await list(`job_id=${jobId}&start_time_from=${from}`))).toEqual([ids[0]]);
  expect((await admin.get('/api/2.2/jobs/runs/list?limit=25')).body.error_code).toBe(
    'INVALID_PARAMETER_VALUE',
  );
  expect((await list(`job_id=${jobId}`)).runs[0].tasks).toBeUndefined();
  expect((await list(`job_id=${jobId}&expand_tasks=true`)).runs[0].tasks).toHaveLength(1);
});

test('permission comes before existence, and levels open a job step by step', async () => {
  const { workspace, admin, jobId } = await withJob();
  const other = await servicePrincipal(workspace, admin, 'other');
  const get = (id: number) => other.client.get(`/api/2.2/jobs/get?job_id=${id}`);
  const launch = () => other.client.post('/api/2.2/jobs/run-now', { job_id: jobId });
  const grant = (permission_level: string) =>
    admin.send('PATCH', `/api/2.0/permissions/jobs/${jobId}`, {
      access_control_list: [{ service_principal_name: other.applicationId, permission_level }],
    });
  expect((await get(jobId)).body.error_code).toBe('PERMISSION_DENIED');
  expect((await get(12345)).body.error_code).toBe('PERMISSION_DENIED');
  await grant('CAN_VIEW');
  expect((await get(jobId)).status).toBe(200);
  expect((await launch()).status).toBe(403);
  await grant('CAN_MANAGE_RUN');
  const { body } = await launch();
  const run = await ended(other.client, body.run_id);
  expect(run.state.result_state).toBe('SUCCESS');
  expect(run.run_as_user_name).not.toBe(other.applicationId);
  expect((await other.client.post('/api/2.2/jobs/delete', { job_id: jobId })).status).toBe(403);
  const asAdmin = { ...definition('x'), run_as: { user_name: run.run_as_user_name } };
  expect((await other.client.post('/api/2.2/jobs/create', asAdmin)).status).toBe(403);
});

test.each<[what: string, job: object, message: RegExp]>([
  ['two tasks of one key', { tasks: [task('a'), task('a')] }, /Duplicate task key a/],
  ['a dependency that does not exist', { tasks: [task('a', ['b'])] }, /depends on b/],
  ['a circle', { tasks: [task('a', ['b']), task('b', ['a'])] }, /depend on each other/],
  ['an unknown environment', { tasks: [{ ...task('a'), environment_key: 'none' }] }, /environment_key none/],
  ['no kind of task', { tasks: [{ task_key: 'a' }] }, /exactly one kind/],
  [
    'a relative file',
    { tasks: [{ task_key: 'a', spark_python_task: { python_file: 'x.py' } }] },
    /absolute workspace path/,
  ],
  ['a task that is no object', { tasks: ['a'] }, /tasks must be a list of objects/],
])('a job with %s is refused', async (_what, job, message) => {
  const { admin } = await startWorkspace();
  const { status, body } = await admin.post('/api/2.2/jobs/create', job);
  expect(status).toBe(400);
  expect(body).toMatchObject({
    error_code: 'INVALID_PARAMETER_VALUE',
    message: expect.stringMatching(message),
  });
});

function task(task_key: string, upstream: string[] = []) {
  return {
    task_key,
    depends_on: upstream.map((key) => ({ task_key: key })),
    spark_python_task: { python_file: script },
  };
}
