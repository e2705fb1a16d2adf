import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Workspace } from '../../../src/emulator/databricks/workspace.ts';
import { createWorkspace } from '../../../src/emulator/databricks/workspace.ts';
import type { Answer, Client } from '../../emulator/databricks/support.ts';
import { client, servicePrincipal } from '../../emulator/databricks/support.ts';
import { describeWith } from '../needs.ts';
import { pythonCacheDir, pythonClients } from '../python-clients.ts';

/**
 * Real models behind a real endpoint, in one story: the tests build on each other. What databricks-sdk makes of
 * endpoints is in test/real/sdk.
 */
const clients = pythonClients();
const name = 'ml.prod.line';
/** The clients' own versions, so that the environment that is there serves the models, too. */
const requirements = fileURLToPath(new URL('../python-clients.lock', import.meta.url));

let dataDir: string;
let workspace: Workspace;
let admin: Client;
let reader: Awaited<ReturnType<typeof servicePrincipal>>;

async function open(): Promise<void> {
  workspace = createWorkspace({
    dataDir,
    pythonCacheDir,
    latency: { servingUpdateMs: 100, servingTrafficMs: 100 },
  });
  await workspace.listen({ port: 0 });
  admin = client(workspace.host, workspace.adminToken);
}

/** Polls until the condition gives a value; the test's own limit is the bound. */
async function eventually<T>(probe: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const value = await probe();
    if (value !== undefined) return value;
    await sleep(100);
  }
}

async function prepare(): Promise<void> {
  dataDir = await mkdtemp(join(tmpdir(), 'workspace-serving-'));
  await open();
  const rest = '/api/2.1/unity-catalog';
  await admin.post(`${rest}/catalogs`, { name: 'ml' });
  await admin.post(`${rest}/schemas`, { name: 'prod', catalog_name: 'ml' });
  await promisify(execFile)(
    clients.python,
    [fileURLToPath(new URL('./serving_models.py', import.meta.url))],
    {
      cwd: dataDir,
      env: {
        PATH: process.env.PATH,
        HOME: dataDir,
        DO_NOT_TRACK: 'true',
        DATABRICKS_HOST: workspace.host,
        DATABRICKS_TOKEN: workspace.adminToken,
        MLFLOW_TRACKING_URI: 'databricks',
        MLFLOW_REGISTRY_URI: 'databricks-uc',
        REQUIREMENTS: requirements,
      },
    },
  );
  reader = await servicePrincipal(workspace, admin, 'reader');
}

describeWith(clients, 'an endpoint that serves models of the mlflow client', () => {
  beforeAll(prepare);
  afterAll(async () => {
    await workspace?.close();
    await rm(dataDir, { recursive: true, force: true });
  });

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

  test('loads both versions and answers with the one that has the traffic', async () => {
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
  });

  test('changes its predictions when the traffic moves, and is 409 to another update meanwhile', async () => {
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
  });

  test('refuses input that the model cannot take, and callers without CAN_QUERY', async () => {
    const wrong = await admin.post('/serving-endpoints/line/invocations', { inputs: [['ten']] });
    expect(wrong).toMatchObject({ status: 400, body: { error_code: 'BAD_REQUEST' } });
    expect((await predict()).status).toBe(200);
    expect(await predict(reader.client)).toMatchObject({
      status: 403,
      body: { error_code: 'PERMISSION_DENIED' },
    });
    expect((await reader.client.send('PUT', `${path}/config`, config({ 1: 100 }))).status).toBe(403);
  });

  test('keeps what it served when a new version cannot be loaded', async () => {
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
    expect(live.config_version).toBe(2);
    const failed = pending.served_entities.find((each: Answer) => each.entity_version === version);
    expect(failed.state.deployment).toBe('DEPLOYMENT_FAILED');
    expect(failed.state.deployment_state_message).toContain("No module named 'no'");
    expect((await predict()).body).toEqual({ predictions: [expect.closeTo(4)] });
  });

  test('answers again when the process that holds its model is killed', async () => {
    const { stdout } = await promisify(execFile)('ps', ['-eo', 'pid=,args=']);
    const workers = stdout
      .split('\n')
      .filter((line) => line.includes('model_worker.py') && line.includes(dataDir));
    expect(workers).toHaveLength(2);
    for (const worker of workers) process.kill(Number.parseInt(worker, 10), 'SIGKILL');
    await eventually(async () => ((await predict()).status === 200 ? true : undefined));
    expect((await predict()).body).toEqual({ predictions: [expect.closeTo(4)] });
  });

  test('serves the same again after a restart of the workspace', async () => {
    await workspace.close();
    await open();
    await eventually(async () => {
      const { body } = await admin.get(path);
      return body.state.ready === 'READY' ? body : undefined;
    });
    expect((await predict()).body).toEqual({ predictions: [expect.closeTo(4)] });
  });

  test('goes on with an update that a restart interrupted', async () => {
    expect((await put({ 1: 100 })).status).toBe(200);
    await workspace.close();
    await open();
    const { state, config: live } = await settled();
    expect(state).toEqual({ ready: 'READY', config_update: 'NOT_UPDATING' });
    expect(live).toMatchObject({ config_version: 3, served_entities: [{ name: 'line-1' }] });
    expect((await predict()).body).toEqual({ predictions: [expect.closeTo(20)] });
  });
});
