import { describe, expect, test } from 'vitest';
import type { Answer, Client } from '../support.ts';
import { servicePrincipal, startWorkspace, temporaryFolder } from '../support.ts';

const api = '/api/2.0/mlflow';

async function experiment(as: Client, name = '/Shared/wine'): Promise<string> {
  return (await as.post(`${api}/experiments/create`, { name })).body.experiment_id;
}
async function run(as: Client, experimentId: string, fields: object = {}): Promise<Answer> {
  return (await as.post(`${api}/runs/create`, { experiment_id: experimentId, ...fields })).body.run;
}
const read = async (as: Client, id: string) => (await as.get(`${api}/runs/get?run_id=${id}`)).body.run;

describe('experiments', () => {
  test('are found by name once created, and are 404 RESOURCE_DOES_NOT_EXIST before', async () => {
    const { admin } = await startWorkspace();
    const byName = `${api}/experiments/get-by-name?experiment_name=${encodeURIComponent('/Shared/wine')}`;
    const before = await admin.get(byName);
    expect(before).toMatchObject({ status: 404, body: { error_code: 'RESOURCE_DOES_NOT_EXIST' } });
    const id = await experiment(admin);
    const { body } = await admin.get(byName);
    expect(body.experiment).toMatchObject({
      experiment_id: id,
      name: '/Shared/wine',
      lifecycle_stage: 'active',
      artifact_location: `dbfs:/databricks/mlflow-tracking/${id}`,
    });
  });

  test('refuse a name that is taken, relative, or in a folder that is not there', async () => {
    const { admin } = await startWorkspace();
    await experiment(admin);
    const create = async (name: string) =>
      (await admin.post(`${api}/experiments/create`, { name })).body.error_code;
    expect(await create('/Workspace/Shared/wine')).toBe('RESOURCE_ALREADY_EXISTS');
    expect(await create('wine')).toBe('INVALID_PARAMETER_VALUE');
    expect(await create('/Shared/nowhere/wine')).toBe('RESOURCE_DOES_NOT_EXIST');
    expect(await create('')).toBe('INVALID_PARAMETER_VALUE');
  });

  test('inherit the levels of their folder and are 403 to everybody else', async () => {
    const { workspace, admin } = await startWorkspace();
    const other = await servicePrincipal(workspace, admin, 'other');
    const shared = await experiment(admin);
    await admin.post('/api/2.0/workspace/mkdirs', { path: '/Users/owner' });
    const hidden = await experiment(admin, '/Users/owner/secret');
    expect((await other.client.get(`${api}/experiments/get?experiment_id=${shared}`)).status).toBe(200);
    for (const id of [hidden, '12345'])
      expect(await other.client.get(`${api}/experiments/get?experiment_id=${id}`)).toMatchObject({
        status: 403,
        body: { error_code: 'PERMISSION_DENIED' },
      });
    const granted = await admin.send('PATCH', `/api/2.0/permissions/experiments/${hidden}`, {
      access_control_list: [{ service_principal_name: other.applicationId, permission_level: 'CAN_READ' }],
    });
    expect(granted).toMatchObject({ status: 200 });
    expect((await other.client.get(`${api}/experiments/get?experiment_id=${hidden}`)).status).toBe(200);
    const write = await other.client.post(`${api}/runs/create`, { experiment_id: hidden });
    expect(write.status).toBe(403);
  });

  test('are searched by tag and name, page by page', async () => {
    const { admin } = await startWorkspace();
    for (const name of ['/Shared/a', '/Shared/b', '/Shared/c']) {
      const id = await experiment(admin, name);
      await admin.post(`${api}/experiments/set-experiment-tag`, {
        experiment_id: id,
        key: 'team',
        value: name.slice(-1),
      });
    }
    const search = async (fields: object) => (await admin.post(`${api}/experiments/search`, fields)).body;
    const names = (body: Answer) => body.experiments.map((each: Answer) => each.name);
    expect(names(await search({ filter: "tags.team = 'b'" }))).toEqual(['/Shared/b']);
    expect(names(await search({ filter: "name LIKE '/Shared/%'", order_by: ['name DESC'] }))).toEqual([
      '/Shared/c',
      '/Shared/b',
      '/Shared/a',
    ]);
    const first = await search({ max_results: 2, order_by: ['name ASC'] });
    const second = await search({
      max_results: 2,
      order_by: ['name ASC'],
      page_token: first.next_page_token,
    });
    expect([...names(first), ...names(second)]).toEqual(['/Shared/a', '/Shared/b', '/Shared/c']);
    expect(second.next_page_token).toBeUndefined();
  });
});

describe('runs', () => {
  test('carry what is logged, with the latest value of each metric', async () => {
    const { admin } = await startWorkspace();
    const id = await experiment(admin);
    const { info } = await run(admin, id, { run_name: 'first', tags: [{ key: 'k', value: 'v' }] });
    expect(info).toMatchObject({
      run_uuid: info.run_id,
      status: 'RUNNING',
      artifact_uri: `dbfs:/databricks/mlflow-tracking/${id}/${info.run_id}/artifacts`,
    });
    expect(info.end_time).toBeUndefined();
    const logged = await admin.post(`${api}/runs/log-batch`, {
      run_id: info.run_id,
      metrics: [
        { key: 'rmse', value: 0.5, timestamp: 10, step: 2 },
        { key: 'rmse', value: 0.9, timestamp: 20, step: 1 },
        { key: 'bad', value: 'NaN', timestamp: 1, step: 0 },
      ],
      params: [{ key: 'depth', value: '6' }],
      tags: [{ key: 'mlflow.runName', value: 'renamed' }],
    });
    expect(logged.status).toBe(200);
    await admin.post(`${api}/runs/update`, { run_id: info.run_id, status: 'FINISHED', end_time: 99 });
    const after = await read(admin, info.run_id);
    expect(after.info).toMatchObject({ status: 'FINISHED', end_time: 99, run_name: 'renamed' });
    expect(after.data.params).toEqual([{ key: 'depth', value: '6' }]);
    expect(after.data.tags).toContainEqual({ key: 'k', value: 'v' });
    expect(after.data.metrics).toEqual([
      { key: 'bad', step: 0, timestamp: 1, value: 'NaN' },
      { key: 'rmse', step: 2, timestamp: 10, value: 0.5 },
    ]);
  });

  test('refuse a changed param and leave no trace of the batch that held it', async () => {
    const { admin } = await startWorkspace();
    const { info } = await run(admin, await experiment(admin));
    const param = (value: string) =>
      admin.post(`${api}/runs/log-parameter`, { run_id: info.run_id, key: 'depth', value });
    expect((await param('6')).status).toBe(200);
    expect((await param('6')).status).toBe(200);
    expect((await param('7')).body).toMatchObject({
      error_code: 'INVALID_PARAMETER_VALUE',
      message: expect.stringContaining("value='6'"),
    });
    const batch = await admin.post(`${api}/runs/log-batch`, {
      run_id: info.run_id,
      tags: [{ key: 'seen', value: '1' }],
      metrics: [{ key: 'm', value: 1, timestamp: 1, step: 0 }],
      params: [
        { key: 'other', value: '1' },
        { key: 'depth', value: '8' },
      ],
    });
    expect(batch.status).toBe(400);
    const { data } = await read(admin, info.run_id);
    expect(data.params).toEqual([{ key: 'depth', value: '6' }]);
    expect(data.metrics).toBeUndefined();
    expect(data.tags.map((tag: Answer) => tag.key)).not.toContain('seen');
  });

  test.each([
    [
      '1001 metrics',
      { metrics: Array.from({ length: 1001 }, (_, step) => ({ key: 'm', value: 1, timestamp: 1, step })) },
    ],
    ['101 params', { params: Array.from({ length: 101 }, (_, at) => ({ key: `p${at}`, value: '' })) }],
    ['101 tags', { tags: Array.from({ length: 101 }, (_, at) => ({ key: `t${at}`, value: '' })) }],
    ['a key that climbs', { params: [{ key: '../x', value: '1' }] }],
    ['a key with a quote', { metrics: [{ key: "a'b", value: 1, timestamp: 1, step: 0 }] }],
    ['a param of 6001 characters', { params: [{ key: 'p', value: 'x'.repeat(6001) }] }],
    ['a metric without a value', { metrics: [{ key: 'm', timestamp: 1 }] }],
    ['a metric that is a text', { metrics: [{ key: 'm', value: 'high', timestamp: 1 }] }],
    ['metrics that are no list', { metrics: 'm' }],
  ])('refuse a batch with %s', async (_, batch) => {
    const { admin } = await startWorkspace();
    const { info } = await run(admin, await experiment(admin));
    const { status, body } = await admin.post(`${api}/runs/log-batch`, { run_id: info.run_id, ...batch });
    expect({ status, code: body.error_code }).toEqual({ status: 400, code: 'INVALID_PARAMETER_VALUE' });
  });

  test('give every point of a metric, page by page, each once however often it was sent', async () => {
    const { admin } = await startWorkspace();
    const { info } = await run(admin, await experiment(admin));
    const metrics = Array.from({ length: 25 }, (_, step) => ({
      key: 'loss',
      value: 1 / (step + 1),
      timestamp: step,
      step,
    }));
    for (let times = 0; times < 2; times += 1)
      await admin.post(`${api}/runs/log-batch`, { run_id: info.run_id, metrics });
    const steps: number[] = [];
    let token: string | undefined = '';
    while (token !== undefined) {
      const path = `${api}/metrics/get-history?run_id=${info.run_id}&metric_key=loss&max_results=10&page_token=${token}`;
      const { body } = await admin.get(path);
      expect(body.metrics.length).toBeLessThanOrEqual(10);
      steps.push(...body.metrics.map((point: Answer) => point.step));
      token = body.next_page_token;
    }
    expect(steps).toEqual(metrics.map((point) => point.step));
    const foreign = await admin.get(
      `${api}/metrics/get-history?run_id=${info.run_id}&metric_key=loss&page_token=abc`,
    );
    expect(foreign.body.error_code).toBe('INVALID_PARAMETER_VALUE');
  });

  test('that are deleted take no more metrics until they are restored', async () => {
    const { admin } = await startWorkspace();
    const { info } = await run(admin, await experiment(admin));
    const log = () =>
      admin.post(`${api}/runs/log-metric`, { run_id: info.run_id, key: 'm', value: 1, timestamp: 1 });
    await admin.post(`${api}/runs/delete`, { run_id: info.run_id });
    expect((await log()).status).toBe(400);
    await admin.post(`${api}/runs/restore`, { run_id: info.run_id });
    expect((await log()).status).toBe(200);
  });

  test('that nobody made are 404', async () => {
    const { admin } = await startWorkspace();
    expect(await admin.get(`${api}/runs/get?run_id=00`)).toMatchObject({
      status: 404,
      body: { error_code: 'RESOURCE_DOES_NOT_EXIST' },
    });
  });
});

describe('logged models', () => {
  test('go from pending to ready and keep params, tags and the metrics logged for them', async () => {
    const { admin } = await startWorkspace();
    const id = await experiment(admin);
    const { info } = await run(admin, id);
    const created = await admin.post(`${api}/logged-models`, {
      experiment_id: id,
      name: 'model',
      source_run_id: info.run_id,
      params: [{ key: 'depth', value: '6' }],
    });
    const { model_id: modelId, status } = created.body.model.info;
    expect(status).toBe('LOGGED_MODEL_PENDING');
    await admin.post(`${api}/runs/log-metric`, {
      run_id: info.run_id,
      key: 'rmse',
      value: 0.5,
      timestamp: 1,
      model_id: modelId,
    });
    const at = `${api}/logged-models/${modelId}`;
    await admin.send('PATCH', at, { status: 'LOGGED_MODEL_READY' });
    await admin.send('PATCH', `${at}/tags`, { tags: [{ key: 'a', value: 'b' }] });
    const { model } = (await admin.get(at)).body;
    expect(model.info).toMatchObject({ status: 'LOGGED_MODEL_READY', tags: [{ key: 'a', value: 'b' }] });
    expect(model.data.params).toEqual([{ key: 'depth', value: '6' }]);
    expect(model.data.metrics).toMatchObject([{ key: 'rmse', value: 0.5, run_id: info.run_id }]);
    const search = async (filter: string) =>
      (await admin.post(`${api}/logged-models/search`, { experiment_ids: [id], filter })).body.models.length;
    expect(await search("params.depth = '6' and metrics.rmse < 1")).toBe(1);
    expect(await search("tags.a = 'c'")).toBe(0);
    await admin.send('DELETE', at);
    expect((await admin.get(at)).status).toBe(404);
  });
});

test('experiments, runs and metrics are there after a restart', async () => {
  const dataDir = await temporaryFolder();
  const { workspace, admin } = await startWorkspace({ dataDir });
  const { info } = await run(admin, await experiment(admin));
  await admin.post(`${api}/runs/log-metric`, { run_id: info.run_id, key: 'm', value: 3, timestamp: 1 });
  const before = await read(admin, info.run_id);
  await workspace.close();
  const { admin: again } = await startWorkspace({ dataDir });
  expect(await read(again, info.run_id)).toEqual(before);
});
