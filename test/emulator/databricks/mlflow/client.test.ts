import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createPythonEnvironments } from '../../../../src/emulator/databricks/python/python-environments.ts';
import type { Workspace } from '../../../../src/emulator/databricks/workspace.ts';
import { createWorkspace } from '../../../../src/emulator/databricks/workspace.ts';
import type { Answer, Client } from '../support.ts';
import { client, servicePrincipal } from '../support.ts';

/**
 * The workspace against the unmodified mlflow client, in one story: the tests build on each other. Making the
 * virtual environment takes a minute the first time; without Python 3 this fails and says what to install.
 */
const pythonCacheDir = resolve(process.env.GITEA_DATABRICKS_PYTHON_CACHE ?? 'node_modules/.cache/python');
// The example's own list, so that one environment serves it and every test.
const requirements = resolve('examples/wine/repository/requirements.txt');
const story = fileURLToPath(new URL('./client_story.py', import.meta.url));
const name = 'ml.prod.line';

/** Every step starts Python and imports scikit-learn, on a machine that does other things, too. */
const patienceMs = 240_000;

let dataDir: string;
let workspace: Workspace;
let admin: Client;
let python: string;
let trainer: Awaited<ReturnType<typeof servicePrincipal>>;
let releaser: typeof trainer;
let reader: typeof trainer;

async function open(): Promise<void> {
  workspace = createWorkspace({
    dataDir,
    pythonCacheDir,
    latency: { servingUpdateMs: 100, servingTrafficMs: 100 },
  });
  await workspace.listen({ port: 0 });
  admin = client(workspace.host, workspace.adminToken);
}

/** Runs one act of the story with a service principal's secret, as a CI job outside Databricks would. */
async function act(who: typeof trainer, name: string, env: Record<string, string> = {}): Promise<Answer> {
  const { stdout } = await promisify(execFile)(python, [story, name], {
    cwd: dataDir,
    env: {
      PATH: process.env.PATH,
      HOME: dataDir,
      DATABRICKS_HOST: workspace.host,
      DATABRICKS_CLIENT_ID: who.applicationId,
      DATABRICKS_CLIENT_SECRET: who.secret,
      MLFLOW_TRACKING_URI: 'databricks',
      MLFLOW_REGISTRY_URI: 'databricks-uc',
      REQUIREMENTS: requirements,
      ...env,
    },
  });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
}

/** Polls until the condition gives a value; the test's own limit is the bound. */
async function eventually<T>(probe: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const value = await probe();
    if (value !== undefined) return value;
    await sleep(100);
  }
}

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'workspace-client-'));
  await open();
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const environments = createPythonEnvironments({ cacheDir: pythonCacheDir, python: 'python3', log });
  const lines = (await readFile(requirements, 'utf8')).split('\n').map((line) => line.trim());
  ({ python } = await environments.prepare(lines.filter((line) => line !== '' && !line.startsWith('#'))));

  const rest = '/api/2.1/unity-catalog';
  await admin.post(`${rest}/catalogs`, { name: 'ml' });
  await admin.post(`${rest}/schemas`, { name: 'prod', catalog_name: 'ml' });
  await admin.post(`${rest}/models`, { catalog_name: 'ml', schema_name: 'prod', name: 'line' });
  trainer = await servicePrincipal(workspace, admin, 'trainer');
  releaser = await servicePrincipal(workspace, admin, 'releaser');
  reader = await servicePrincipal(workspace, admin, 'reader');
  const grant = (securable: string, principal: string, add: string[]) =>
    admin.send('PATCH', `${rest}/permissions/${securable}`, { changes: [{ principal, add }] });
  for (const { applicationId } of [trainer, releaser, reader]) {
    await grant('catalog/ml', applicationId, ['USE_CATALOG']);
    await grant('schema/ml.prod', applicationId, ['USE_SCHEMA']);
    await grant(`function/${name}`, applicationId, ['EXECUTE']);
  }
  await grant(`function/${name}`, trainer.applicationId, ['CREATE_MODEL_VERSION']);
  await admin.send('PATCH', `${rest}/models/${name}`, { owner: releaser.applicationId });
}, 600_000);

afterAll(async () => {
  await workspace?.close();
  await rm(dataDir, { recursive: true, force: true });
});

test(
  'training logs, searches and registers as on Databricks',
  async () => {
    const result = await act(trainer, 'train');
    expect(result.versions.map(Number)).toEqual([1, 2]);
    expect(result.metrics).toEqual({ loss: 1 / 3, size: 2, rmse: expect.closeTo(0) });
    expect(result.params).toEqual({ kind: 'LinearRegression', width: '1' });
    expect(result.tags).toMatchObject({
      nonce: 'n0',
      'git.commit': 'abc',
      stage: 'test',
      'mlflow.runName': 'run 0',
    });
    expect(result.status).toBe('FINISHED');
    expect(result.history).toEqual([
      [0, 1],
      [1, 1 / 2],
      [2, 1 / 3],
    ]);
    expect(result.artifacts).toEqual(['notes']);
    expect(result.text).toBe('hello');
    expect(result.found).toEqual(result.runs.toReversed());
    expect(result.narrow).toEqual([result.runs[0]]);
    expect(result.changed_param).toBe('INVALID_PARAMETER_VALUE');
    expect(result.version_run).toBe(result.runs[0]);
    const version = await reader.client.get(`/api/2.1/unity-catalog/models/${name}/versions/1`);
    expect(version.body).toMatchObject({ status: 'READY', run_id: result.runs[0] });
    // A version's signature is in its MLmodel file, which a reader may fetch.
    const { body } = await reader.client.get('/api/2.0/fs/files/Models/ml/prod/line/1/MLmodel');
    expect(body).toContain('signature:');
  },
  patienceMs,
);

test(
  'an alias moves and what is loaded by it changes',
  async () => {
    expect(await act(releaser, 'release')).toEqual({
      first: [expect.closeTo(2)],
      second: [expect.closeTo(4)],
      aliased: 2,
      left: {},
    });
  },
  patienceMs,
);

test(
  'a principal without the rights is told PERMISSION_DENIED by the client',
  async () => {
    await admin.post('/api/2.0/workspace/mkdirs', { path: '/Users/hidden' });
    const { body } = await admin.post('/api/2.0/mlflow/experiments/create', {
      name: '/Users/hidden/experiment',
    });
    expect(await act(reader, 'attempt', { HIDDEN_EXPERIMENT: body.experiment_id })).toEqual({
      'read the model': '1',
      'load the model': [expect.closeTo(2)],
      'move the alias': 'PERMISSION_DENIED',
      'read the hidden experiment': 'PERMISSION_DENIED',
      'log into the hidden experiment': 'PERMISSION_DENIED',
    });
  },
  patienceMs,
);

describe('a serving endpoint', () => {
  const entity = (version: number) => ({ entity_name: name, entity_version: String(version) });
  const config = (shares: Record<number, number>) => ({
    served_entities: Object.keys(shares).map((version) => entity(Number(version))),
    traffic_config: {
      routes: Object.entries(shares).map(([version, traffic]) => ({
        served_entity_name: `line-${version}`,
        traffic_percentage: traffic,
      })),
    },
  });
  const path = '/api/2.0/serving-endpoints/line';
  const put = (shares: Record<number, number>) => admin.send('PUT', `${path}/config`, config(shares));
  const settled = () =>
    eventually(async () => {
      const { body } = await admin.get(path);
      return body.state.config_update === 'IN_PROGRESS' ? undefined : body;
    });
  const predict = async (as = admin) => as.post('/serving-endpoints/line/invocations', { inputs: [[10]] });

  test(
    'loads both versions and answers with the one that has the traffic',
    async () => {
      const created = await admin.post('/api/2.0/serving-endpoints', {
        name: 'line',
        config: config({ 1: 100, 2: 0 }),
      });
      expect(created.body.state).toEqual({ ready: 'NOT_READY', config_update: 'IN_PROGRESS' });
      const { state, config: live } = await settled();
      expect(state).toEqual({ ready: 'READY', config_update: 'NOT_UPDATING' });
      expect(live.config_version).toBe(1);
      expect(live.served_entities.map((each: Answer) => each.state.deployment)).toEqual([
        'DEPLOYMENT_READY',
        'DEPLOYMENT_READY',
      ]);
      expect((await predict()).body).toEqual({ predictions: [expect.closeTo(20)] });
    },
    patienceMs,
  );

  test(
    'changes its predictions when the traffic moves, and is 409 to another update meanwhile',
    async () => {
      const first = await put({ 1: 0, 2: 100 });
      expect(first.body.pending_config.config_version).toBe(2);
      expect(await put({ 1: 50, 2: 50 })).toMatchObject({
        status: 409,
        body: { error_code: 'RESOURCE_CONFLICT' },
      });
      expect((await settled()).config.config_version).toBe(2);
      expect((await predict()).body).toEqual({ predictions: [expect.closeTo(4)] });
      const response = await fetch(`${workspace.host}/serving-endpoints/line/invocations`, {
        method: 'POST',
        headers: { authorization: `Bearer ${workspace.adminToken}`, 'content-type': 'application/json' },
        body: JSON.stringify({ dataframe_split: { columns: ['x'], data: [[10]] } }),
      });
      expect(response.headers.get('served-model-name')).toBe('line-2');
    },
    patienceMs,
  );

  test(
    'refuses input that the model cannot take, and callers without CAN_QUERY',
    async () => {
      const wrong = await admin.post('/serving-endpoints/line/invocations', { inputs: [['ten']] });
      expect(wrong).toMatchObject({ status: 400, body: { error_code: 'BAD_REQUEST' } });
      expect((await predict()).status).toBe(200);
      expect(await predict(reader.client)).toMatchObject({
        status: 403,
        body: { error_code: 'PERMISSION_DENIED' },
      });
      expect((await reader.client.send('PUT', `${path}/config`, config({ 1: 100 }))).status).toBe(403);
    },
    patienceMs,
  );

  test(
    'is updated and asked by databricks-sdk, which also moves aliases and stores large files',
    async () => {
      const { id } = (await admin.get(path)).body;
      await admin.send('PATCH', `/api/2.0/permissions/serving-endpoints/${id}`, {
        access_control_list: [
          { service_principal_name: releaser.applicationId, permission_level: 'CAN_MANAGE' },
        ],
      });
      const { body } = await admin.get(`/api/2.1/unity-catalog/models/${name}/versions/1`);
      const run = (await admin.get(`/api/2.0/mlflow/runs/get?run_id=${body.run_id}`)).body.run.info;
      const artifacts = `/WorkspaceInternal/Mlflow/Artifacts/${run.experiment_id}/Runs/${run.run_id}/artifacts`;
      expect(await act(releaser, 'sdk', { ARTIFACTS: artifacts })).toEqual({
        aliased: [1, 'READY', run.run_id],
        aliases: [['champion', 1]],
        predictions: [
          ['line-1', expect.closeTo(20)],
          ['line-2', expect.closeTo(4)],
        ],
        config_version: 4,
        same_bytes: true,
      });
    },
    patienceMs,
  );

  test(
    'keeps what it served when a new version cannot be loaded',
    async () => {
      const flavour = '/api/2.0/mlflow/unity-catalog/model-versions';
      const { body } = await admin.post(`${flavour}/create`, { name, source: 'models:/broken' });
      const { version } = body.model_version;
      const files = `/api/2.0/fs/files/Models/ml/prod/line/${version}`;
      await admin.send('PUT', `${files}/requirements.txt`, await readFile(requirements));
      await admin.send(
        'PUT',
        `${files}/MLmodel`,
        'flavors: {python_function: {loader_module: no.such.module}}',
      );
      await admin.post(`${flavour}/finalize`, { name, version });
      await put({ 2: 0, [Number(version)]: 100 });
      const { state, config: live, pending_config: pending } = await settled();
      expect(state).toEqual({ ready: 'READY', config_update: 'UPDATE_FAILED' });
      expect(live.config_version).toBe(4);
      const failed = pending.served_entities.find((each: Answer) => each.entity_version === version);
      expect(failed.state.deployment).toBe('DEPLOYMENT_FAILED');
      expect(failed.state.deployment_state_message).toContain("No module named 'no'");
      expect((await predict()).body).toEqual({ predictions: [expect.closeTo(4)] });
    },
    patienceMs,
  );

  test(
    'answers again when the process that holds its model is killed',
    async () => {
      const { stdout } = await promisify(execFile)('ps', ['-eo', 'pid=,args=']);
      const workers = stdout
        .split('\n')
        .filter((line) => line.includes('model_worker.py') && line.includes(dataDir));
      expect(workers).toHaveLength(2);
      for (const worker of workers) process.kill(Number.parseInt(worker, 10), 'SIGKILL');
      await eventually(async () => ((await predict()).status === 200 ? true : undefined));
      expect((await predict()).body).toEqual({ predictions: [expect.closeTo(4)] });
    },
    patienceMs,
  );

  test(
    'serves the same again after a restart of the workspace',
    async () => {
      await workspace.close();
      await open();
      await eventually(async () => {
        const { body } = await admin.get(path);
        return body.state.ready === 'READY' ? body : undefined;
      });
      expect((await predict()).body).toEqual({ predictions: [expect.closeTo(4)] });
    },
    patienceMs,
  );

  test(
    'goes on with an update that a restart interrupted',
    async () => {
      expect((await put({ 1: 100 })).status).toBe(200);
      await workspace.close();
      await open();
      const { state, config: live } = await settled();
      expect(state).toEqual({ ready: 'READY', config_update: 'NOT_UPDATING' });
      expect(live).toMatchObject({ config_version: 5, served_entities: [{ name: 'line-1' }] });
      expect((await predict()).body).toEqual({ predictions: [expect.closeTo(20)] });
    },
    patienceMs,
  );
});
