import { describe, expect, test } from 'vitest';
import type { Call } from '../../../src/server/databricks/caller.ts';
import { createJobs } from '../../../src/server/databricks/jobs.ts';
import { createMlflow } from '../../../src/server/databricks/mlflow.ts';
import { ModelRegistry } from '../../../src/server/databricks/model-registry.ts';
import { createRunReads } from '../../../src/server/databricks/run-reads.ts';
import { Serving } from '../../../src/server/databricks/serving.ts';
import { createTokenExchange } from '../../../src/server/databricks/token-exchange.ts';
import { createWorkspaceFiles } from '../../../src/server/databricks/workspace-files.ts';
import { WorkspaceGate } from '../../../src/server/databricks/workspace-gate.ts';
import { WorkspaceHttp } from '../../../src/server/databricks/workspace-http.ts';
import { systemClock } from '../../../src/server/duty/clock.ts';
import type { CallAs } from '../../../src/server/training/workspace-port.ts';
import {
  ended,
  requestToken,
  servicePrincipal,
  startWorkspace,
  upload,
} from '../../emulator/databricks/support.ts';

const somebody = {
  role: 'trainer',
  repository: { workspace: { name: 'main' }, binding: { principals: { trainer: 't' } } },
} as CallAs;
const path = '/api/2.0/workspace/get-status';

/** Our adapter as the admin of a workspace whose faults it can ask for. */
async function adapter() {
  const { workspace, admin } = await startWorkspace({ faultControl: true });
  const results: string[] = [];
  const gate = new WorkspaceGate({ observer: { ended: (_family, result) => void results.push(result) } });
  const http = new WorkspaceHttp({ host: workspace.host, userAgent: 'gitea-databricks/0', gate });
  const call: Call = (_as, method, where, options) => http.json(workspace.adminToken, method, where, options);
  const fault = async (body: object) => {
    const { status } = await admin.post('/test/faults', body);
    expect(status).toBe(200);
  };
  const happened = async (): Promise<number[]> =>
    (await admin.get('/test/faults')).body.faults.map((each: { happened: number }) => each.happened);
  return { workspace, admin, http, call, fault, happened, results, token: workspace.adminToken };
}

const read = ({ http, token }: Awaited<ReturnType<typeof adapter>>, timeoutMs?: number) =>
  http.json(token, 'GET', path, { query: { path: '/Shared' }, ...(timeoutMs && { timeoutMs }) });

describe('a read', () => {
  test.each([
    [
      '429 with Retry-After',
      { kind: 'error', status: 429, error_code: 'REQUEST_LIMIT_EXCEEDED', retry_after: 0 },
      'throttled',
    ],
    ['429 without', { kind: 'error', status: 429, error_code: 'RESOURCE_EXHAUSTED' }, 'throttled'],
    ['503 in HTML', { kind: 'page', status: 503 }, 'failed'],
    ['a reset connection', { kind: 'reset' }, 'failed'],
    ['a lost answer', { kind: 'lost_answer' }, 'failed'],
    ['half a body', { kind: 'half_answer' }, 'failed'],
  ])('gets over %s', async (_what, fault, result) => {
    const given = await adapter();
    await given.fault({ ...fault, path, times: 2 });
    expect(await read(given)).toMatchObject({ path: '/Shared' });
    expect(await given.happened()).toEqual([2]);
    expect(given.results).toEqual([result, result, 'ok']);
  });

  test.each<[what: string, fault: object, failure: object, isAnswer: boolean]>([
    [
      'an error',
      { kind: 'error', status: 403, error_code: 'PERMISSION_DENIED', message: 'no' },
      { code: 'PERMISSION_DENIED', status: 403, message: 'no', temporary: false, missing: false },
      true,
    ],
    [
      'an integer code',
      { kind: 'error', status: 401, error_code: 401, message: 'Invalid token' },
      { code: 'HTTP_401', status: 401, message: 'Invalid token', temporary: false },
      true,
    ],
    [
      'an unknown code',
      { kind: 'error', status: 500, error_code: 'NEVER_HEARD_OF', message: 'x' },
      { code: 'NEVER_HEARD_OF', status: 500, temporary: true },
      true,
    ],
    ...['ENDPOINT_NOT_FOUND', 'FEATURE_DISABLED', 'METASTORE_DOES_NOT_EXIST', 404].map(
      (code): [string, object, object, boolean] => [
        `that there is no such API (${code})`,
        { kind: 'error', status: 404, error_code: code, message: 'It does not exist.' },
        { status: 404, missing: false, temporary: false },
        true,
      ],
    ),
    ...(
      [
        [404, 'RESOURCE_DOES_NOT_EXIST', 'No such thing.', true],
        [404, 'NOT_FOUND', 'No such thing.', true],
        [400, 'INVALID_PARAMETER_VALUE', 'Run 7 does not exist.', true],
        [400, 'INVALID_PARAMETER_VALUE', "Run: 7 in job: 8 doesn't exist", true],
        [400, 'INVALID_PARAMETER_VALUE', 'The path exists already.', false],
        [400, 'BAD_REQUEST', 'Run 7 does not exist.', false],
      ] as const
    ).map(([status, error_code, message, missing]): [string, object, object, boolean] => [
      `${status} ${error_code} "${message}"`,
      { kind: 'error', status, error_code, message },
      { code: error_code, message, missing },
      true,
    ]),
    [
      'a gateway’s page',
      { kind: 'page', status: 502 },
      { code: 'HTTP_502', message: 'Databricks answered 502.', temporary: true },
      false,
    ],
    [
      'a gateway’s 404, which says nothing about the thing',
      { kind: 'page', status: 404 },
      {
        code: 'BAD_ANSWER',
        status: 502,
        missing: false,
        temporary: true,
        message: expect.stringContaining('a web page'),
      },
      false,
    ],
    [
      'a sign-in page with 200',
      { kind: 'page', status: 200, page: 'login' },
      { code: 'BAD_ANSWER', status: 502, temporary: true },
      false,
    ],
    [
      'a redirect to the sign-in page',
      { kind: 'page', location: '/login.html' },
      {
        code: 'HTTP_303',
        temporary: false,
        message: expect.stringContaining('redirects are never followed'),
      },
      true,
    ],
  ])('is told %s as it is, once', async (_what, fault, failure, isAnswer) => {
    const given = await adapter();
    await given.fault({ ...fault, path, times: 5 });
    await expect(read(given)).rejects.toMatchObject(failure);
    expect(await given.happened()).toEqual([1]);
    expect(given.results).toEqual([isAnswer ? 'refused' : 'failed']);
  });

  test('gives up after three tries, and at once where Databricks asks for a longer wait than a call may take', async () => {
    const given = await adapter();
    await given.fault({ kind: 'half_answer', path, times: 9 });
    await expect(read(given)).rejects.toMatchObject({ status: 0, code: 'NO_CONNECTION' });
    expect(await given.happened()).toEqual([3]);
    await given.admin.send('DELETE', '/test/faults');
    await given.fault({
      kind: 'error',
      path,
      times: 9,
      status: 429,
      error_code: 'REQUEST_LIMIT_EXCEEDED',
      retry_after: 60,
    });
    await expect(read(given)).rejects.toMatchObject({ status: 429, retryAfter: 60, temporary: true });
    expect(await given.happened()).toEqual([1]);
  });

  test('ends in time where the answer is slow, or stops in the middle', async () => {
    const given = await adapter();
    await given.fault({ kind: 'delay', path, delay_ms: 5_000 });
    await expect(read(given, 200)).rejects.toMatchObject({ code: 'TIMEOUT', status: 0 });
    await given.fault({ kind: 'half_answer', path, end: 'stall' });
    await expect(read(given, 200)).rejects.toMatchObject({ code: 'TIMEOUT', status: 0 });
    expect(given.results).toEqual(['failed', 'failed']);
  });

  test('of versions and aliases does not take a workspace without Unity Catalog for a model without versions', async () => {
    const given = await adapter();
    const registry = new ModelRegistry(given.http);
    const refused = { code: 'FEATURE_DISABLED', missing: false };
    await given.fault({
      kind: 'error',
      path: '/api/2.1/unity-catalog/models/*',
      times: 2,
      status: 404,
      error_code: 'FEATURE_DISABLED',
      message: 'Unity Catalog is not enabled.',
    });
    await expect(registry.versions(given.token, 'ml.prod.wine')).rejects.toMatchObject(refused);
    await expect(registry.aliases(given.token, 'ml.prod.wine')).rejects.toMatchObject(refused);
    expect(await registry.versions(given.token, 'ml.prod.wine')).toEqual([]);
    expect(await registry.aliases(given.token, 'ml.prod.wine')).toEqual({});
  });

  test('of a file takes no web page for its bytes', async () => {
    const given = await adapter();
    await given.fault({ kind: 'page', path: '/api/2.0/fs/files/*', status: 200, page: 'login' });
    const registry = new ModelRegistry(given.http);
    await expect(registry.signature(given.token, 'ml.prod.wine', 1)).rejects.toMatchObject({
      code: 'BAD_ANSWER',
    });
    expect(await registry.signature(given.token, 'ml.prod.wine', 1)).toBeNull();
  });
});

describe('a file', () => {
  test('whose upload’s answer was lost is there once, with its bytes', async () => {
    const given = await adapter();
    const files = createWorkspaceFiles(given.call);
    await files.makeFolders(somebody, ['/Shared/a']);
    await given.fault({ kind: 'lost_answer', path: '/api/2.0/workspace-files/import-file/*', times: 2 });
    await files.writeFile(somebody, '/Shared/a/x.txt', new TextEncoder().encode('text'));
    const { body } = await given.admin.get('/api/2.0/workspace/export?path=/Shared/a/x.txt');
    expect(Buffer.from(body.content, 'base64').toString()).toBe('text');
  });

  test('is not taken for missing because a gateway answers', async () => {
    const given = await adapter();
    const files = createWorkspaceFiles(given.call);
    await given.fault({ kind: 'page', path, status: 404 });
    await expect(files.writtenAt(somebody, '/Shared')).rejects.toMatchObject({ temporary: true });
    expect(await files.writtenAt(somebody, '/Shared')).toEqual(expect.any(Number));
    expect(await files.writtenAt(somebody, '/Shared/nothing')).toBeNull();
  });
});

describe('a run', () => {
  const submission = {
    name: 'train 1 token-1',
    token: 'token-1',
    timeoutSeconds: 60,
    pythonFile: '/Workspace/Shared/app/main.py',
    parameters: [],
    dependencies: [],
  };

  async function withFile() {
    const given = await adapter();
    await upload(given.admin, submission.pythonFile, 'import time\ntime.sleep(60)\n');
    const runs = async () => (await given.admin.get('/api/2.2/jobs/runs/list')).body.runs ?? [];
    const jobs = { ...createJobs(given.call), ...createRunReads(given.call, systemClock) };
    return { ...given, jobs, runs };
  }

  test('whose submission’s answer was lost is found by the token in its name, and by its token where the list is late', async () => {
    const { jobs, runs, fault } = await withFile();
    await fault({ kind: 'lost_answer', path: '/api/2.2/jobs/runs/submit' });
    await expect(jobs.submit(somebody, submission)).rejects.toMatchObject({ status: 0, temporary: true });
    await fault({ kind: 'late', path: '/api/2.2/jobs/runs/list', before: 'empty' });
    expect(await jobs.findSubmitted(somebody, submission.token, 0)).toBeNull();
    const again = await jobs.submit(somebody, submission);
    expect(await jobs.findSubmitted(somebody, submission.token, 0)).toBe(again);
    expect(await runs()).toHaveLength(1);
  });

  test('of a job is started once, whatever is lost on the way', async () => {
    const { jobs, admin, runs, fault } = await withFile();
    const task = { task_key: 'a', spark_python_task: { python_file: submission.pythonFile } };
    const { body } = await admin.post('/api/2.2/jobs/create', { name: 'job', tasks: [task] });
    await fault({ kind: 'lost_answer', path: '/api/2.2/jobs/run-now' });
    await fault({ kind: 'half_answer', path: '/api/2.2/jobs/run-now' });
    const id = await jobs.startJob(somebody, {
      id: body.job_id,
      token: 'once',
      parameters: {},
      optional: {},
    });
    expect((await runs()).map((run: { run_id: number }) => String(run.run_id))).toEqual([id]);
  });

  test('that cannot be seen yet is missing, and is there at the next look; a gateway’s page does not hide it', async () => {
    const { jobs, fault } = await withFile();
    const id = await jobs.submit(somebody, submission);
    await fault({ kind: 'late', path: '/api/2.2/jobs/runs/get' });
    expect(await jobs.run(somebody, id)).toBeNull();
    await fault({ kind: 'page', path: '/api/2.2/jobs/runs/get', status: 404 });
    await expect(jobs.run(somebody, id)).rejects.toMatchObject({ code: 'BAD_ANSWER', temporary: true });
    expect(await jobs.run(somebody, id)).toMatchObject({ id });
  });

  test('of more tasks than one answer holds has them all', async () => {
    const { jobs, admin, fault, happened } = await withFile();
    const tasks = Array.from({ length: 201 }, (_, at) => ({
      task_key: `task-${at}`,
      ...(at > 0 && { depends_on: [{ task_key: 'task-0' }] }),
      spark_python_task: { python_file: submission.pythonFile },
    }));
    const { body } = await admin.post('/api/2.2/jobs/create', { name: 'large', tasks });
    const id = await jobs.startJob(somebody, { id: body.job_id, token: 't', parameters: {}, optional: {} });
    await fault({ kind: 'delay', path: '/api/2.2/jobs/runs/get', delay_ms: 1, times: 99 });
    const run = await jobs.run(somebody, id);
    expect(run?.tasks.map(({ key }) => key)).toEqual(tasks.map(({ task_key }) => task_key));
    expect(new Set(run?.tasks.map(({ runId }) => runId)).size).toBe(201);
    expect(await happened()).toEqual([3]);
    await jobs.cancel(somebody, id);
    await ended(admin, Number(id));
  });

  test('is cancelled although the answer is lost', async () => {
    const { jobs, admin, fault } = await withFile();
    const id = await jobs.submit(somebody, submission);
    await fault({ kind: 'lost_answer', path: '/api/2.2/jobs/runs/cancel' });
    await jobs.cancel(somebody, id);
    expect((await ended(admin, Number(id))).state.result_state).toBe('CANCELED');
  });
});

describe('an experiment', () => {
  const create = '/api/2.0/mlflow/experiments/create';
  const name = '/Shared/gitea/1-forks';

  async function withWriter() {
    const given = await adapter();
    const writer = await servicePrincipal(given.workspace, given.admin, 'fork');
    const mlflow = createMlflow(given.call);
    const mayWrite = async (id: string) =>
      (await writer.client.post('/api/2.0/mlflow/runs/create', { experiment_id: id })).status === 200;
    return { ...given, mlflow, writer: writer.applicationId, mayWrite };
  }

  test('whose creation’s answer was lost is found and shared with its writer', async () => {
    const { mlflow, writer, mayWrite, fault } = await withWriter();
    await fault({ kind: 'lost_answer', path: create });
    expect(await mayWrite(await mlflow.ensureExperiment(somebody, name, writer))).toBe(true);
  });

  test('that was made but not shared before something failed is shared the next time', async () => {
    const { mlflow, writer, mayWrite, fault } = await withWriter();
    await fault({ kind: 'error', path: '/api/2.0/permissions/*', status: 500 });
    await expect(mlflow.ensureExperiment(somebody, name, writer)).rejects.toMatchObject({ temporary: true });
    expect(await mayWrite(await mlflow.ensureExperiment(somebody, name, writer))).toBe(true);
  });

  test('that others manage is used as it is', async () => {
    const { mlflow, admin, writer, workspace } = await withWriter();
    const id = await mlflow.ensureExperiment(somebody, name);
    const trainer = await servicePrincipal(workspace, admin, 'trainer');
    await admin.send('PATCH', `/api/2.0/permissions/experiments/${id}`, {
      access_control_list: [{ service_principal_name: trainer.applicationId, permission_level: 'CAN_EDIT' }],
    });
    const http = new WorkspaceHttp({ host: workspace.host, userAgent: 'gitea-databricks/0' });
    const { body } = await requestToken(workspace.host, {
      grant_type: 'client_credentials',
      scope: 'all-apis',
      client_id: trainer.applicationId,
      client_secret: trainer.secret,
    });
    const as = createMlflow(async (_as, method, where, options) =>
      http.json(body.access_token, method, where, options),
    );
    expect(await as.ensureExperiment(somebody, name, writer)).toBe(id);
  });
});

describe('an endpoint’s configuration', () => {
  const endpoint = '/api/2.0/serving-endpoints/wine';
  const served = (version: number) => [{ name: `wine-${version}`, version, percentage: 100, settings: {} }];

  async function withEndpoint() {
    const given = await adapter();
    const { admin } = given;
    const catalog = '/api/2.1/unity-catalog';
    const versions = '/api/2.0/mlflow/unity-catalog/model-versions';
    await admin.post(`${catalog}/catalogs`, { name: 'ml' });
    await admin.post(`${catalog}/schemas`, { name: 'prod', catalog_name: 'ml' });
    await admin.post(`${catalog}/models`, { catalog_name: 'ml', schema_name: 'prod', name: 'wine' });
    for (const version of ['1', '2']) {
      await admin.post(`${versions}/create`, { name: 'ml.prod.wine', source: 'models:/m-1' });
      await admin.send('PUT', `/api/2.0/fs/files/Models/ml/prod/wine/${version}/MLmodel`, 'flavors: {}');
      await admin.post(`${versions}/finalize`, { name: 'ml.prod.wine', version });
    }
    given.workspace.failures.inject('serving-update', { message: 'No capacity', times: 9 });
    const config = { served_entities: [{ entity_name: 'ml.prod.wine', entity_version: '1' }] };
    await admin.post('/api/2.0/serving-endpoints', { name: 'wine', config });
    const serving = new Serving(given.http);
    const idle = async () => {
      await expect
        .poll(async () => (await serving.endpoint(given.token, 'wine', 'ml.prod.wine'))?.update)
        .toBe('failed');
    };
    await idle();
    return { ...given, serving, idle };
  }

  const busy = {
    kind: 'error',
    method: 'PUT',
    path: `${endpoint}/config`,
    status: 409,
    error_code: 'RESOURCE_CONFLICT',
  };

  test('that is refused because it is being carried out already was taken', async () => {
    const { serving, admin, token, fault, happened } = await withEndpoint();
    await fault({ kind: 'lost_answer', method: 'PUT', path: `${endpoint}/config` });
    await fault({ ...busy, skip: 1 });
    await serving.route(token, 'wine', 'ml.prod.wine', served(2));
    expect(await happened()).toEqual([1, 1]);
    expect((await admin.get(endpoint)).body.pending_config.served_entities[0].entity_version).toBe('2');
  });

  test('that is refused because of somebody else’s update is refused', async () => {
    const { serving, token, fault } = await withEndpoint();
    await fault(busy);
    await expect(serving.route(token, 'wine', 'ml.prod.wine', served(2))).rejects.toMatchObject({
      status: 409,
    });
  });
});

describe('a token', () => {
  const endpoint = '/oidc/v1/token';

  async function withPrincipal() {
    const given = await adapter();
    const principal = await servicePrincipal(given.workspace, given.admin, 'trainer');
    const exchange = createTokenExchange('gitea-databricks/0');
    const ask = () =>
      exchange.clientCredentials(given.workspace.host, principal.applicationId, principal.secret);
    return { ...given, ask };
  }

  test.each([
    ['429', { kind: 'error', status: 429, error_code: 'REQUEST_LIMIT_EXCEEDED', retry_after: 0 }],
    ['a reset connection', { kind: 'reset' }],
    ['a gateway that is busy', { kind: 'page', status: 503 }],
  ])('is given although there is %s on the way', async (_what, fault) => {
    const { ask, fault: add, happened } = await withPrincipal();
    await add({ ...fault, path: endpoint });
    expect(await ask()).toMatchObject({ token: expect.any(String) });
    expect(await happened()).toEqual([1]);
  });

  test.each([
    [
      { kind: 'page', path: endpoint, status: 200, page: 'login' },
      { code: 'BAD_ANSWER', temporary: true },
    ],
    [{ kind: 'page', path: '/.well-known/databricks-config', status: 200 }, { code: 'BAD_ANSWER' }],
    [
      { kind: 'page', path: endpoint, status: 502 },
      { code: 'HTTP_502', temporary: true },
    ],
    [
      { kind: 'error', path: endpoint, status: 401, error_code: 401 },
      { code: 'HTTP_401', temporary: false },
    ],
    [
      { kind: 'lost_answer', path: endpoint, times: 9 },
      { code: 'NO_CONNECTION', temporary: true },
    ],
  ])('that is not given says why: %j', async (fault, failure) => {
    const { ask, fault: add } = await withPrincipal();
    await add(fault);
    await expect(ask()).rejects.toMatchObject(failure);
  });
});
