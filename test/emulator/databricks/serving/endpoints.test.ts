import { describe, expect, test } from 'vitest';
import type { Answer, Client } from '../support.ts';
import { eventually, servicePrincipal, startWorkspace } from '../support.ts';

const base = '/api/2.0/serving-endpoints';
const flavour = '/api/2.0/mlflow/unity-catalog/model-versions';
const name = 'ml.prod.wine';

/** A workspace with a model whose version 1 is READY, but needs packages that its requirements do not name. */
async function withModel() {
  const { workspace, admin } = await startWorkspace();
  const rest = '/api/2.1/unity-catalog';
  await admin.post(`${rest}/catalogs`, { name: 'ml' });
  await admin.post(`${rest}/schemas`, { name: 'prod', catalog_name: 'ml' });
  await admin.post(`${rest}/models`, { catalog_name: 'ml', schema_name: 'prod', name: 'wine' });
  await admin.post(`${flavour}/create`, { name, source: 'models:/m-1' });
  const files = '/api/2.0/fs/files/Models/ml/prod/wine/1';
  await admin.send('PUT', `${files}/MLmodel`, 'flavors: {}');
  await admin.send('PUT', `${files}/requirements.txt`, '# nothing\n');
  await admin.post(`${flavour}/finalize`, { name, version: '1' });
  return { workspace, admin };
}
const serving = (version: string) => ({ served_entities: [{ entity_name: name, entity_version: version }] });
const create = (as: Client, version = '1') => as.post(base, { name: 'wine', config: serving(version) });
const settled = (as: Client): Promise<Answer> =>
  eventually(async () => {
    const { body } = await as.get(`${base}/wine`);
    return body.state.config_update === 'IN_PROGRESS' ? undefined : body;
  }, 'the end of the update');

describe('an endpoint', () => {
  test('whose model cannot be loaded fails its update, says why and takes another', async () => {
    const { admin } = await withModel();
    const { body } = await create(admin);
    expect(body.state).toEqual({ ready: 'NOT_READY', config_update: 'IN_PROGRESS' });
    const { state, config, pending_config: pending } = await settled(admin);
    expect(state).toEqual({ ready: 'NOT_READY', config_update: 'UPDATE_FAILED' });
    expect(config).toBeUndefined();
    expect(pending.served_entities[0].state).toEqual({
      deployment: 'DEPLOYMENT_FAILED',
      deployment_state_message: expect.stringContaining("No module named 'mlflow'"),
    });
    const question = await admin.post('/serving-endpoints/wine/invocations', { inputs: [[1]] });
    expect(question).toMatchObject({ status: 404, body: { error_code: 'RESOURCE_DOES_NOT_EXIST' } });
    expect((await admin.send('PUT', `${base}/wine/config`, serving('1'))).status).toBe(200);
    await settled(admin);
  });

  test('fails where a fault is injected', async () => {
    const { workspace, admin } = await withModel();
    workspace.failures.inject('serving-update', { subject: 'wine', message: 'No capacity' });
    await create(admin);
    const { pending_config: pending } = await settled(admin);
    expect(pending.served_entities[0].state.deployment_state_message).toBe('No capacity');
  });

  test('cannot serve what is not there, not ready, or not for the caller', async () => {
    const { workspace, admin } = await withModel();
    const other = await servicePrincipal(workspace, admin, 'other');
    await admin.post(`${flavour}/create`, { name, source: 'models:/m-2' });
    expect(await create(admin, '7')).toMatchObject({
      status: 404,
      body: { error_code: 'RESOURCE_DOES_NOT_EXIST' },
    });
    expect(await create(admin, '2')).toMatchObject({
      status: 400,
      body: { error_code: 'INVALID_PARAMETER_VALUE' },
    });
    expect(await create(other.client)).toMatchObject({
      status: 403,
      body: { error_code: 'PERMISSION_DENIED' },
    });
    expect((await admin.get(base)).body.endpoints).toEqual([]);
  });

  test('has a name of its own', async () => {
    const { admin } = await withModel();
    await create(admin);
    expect((await create(admin)).body.error_code).toBe('RESOURCE_ALREADY_EXISTS');
    const { body } = await admin.post(base, { name: 'a/b', config: serving('1') });
    expect(body.error_code).toBe('INVALID_PARAMETER_VALUE');
    await settled(admin);
  });

  test('keeps its tags, and whoever manages it changes them', async () => {
    const { admin } = await withModel();
    await admin.post(base, { name: 'wine', config: serving('1'), tags: [{ key: 'team', value: 'ml' }] });
    const { body } = await admin.send('PATCH', `${base}/wine/tags`, {
      add_tags: [{ key: 'stage', value: 'test' }, { key: 'empty' }],
      delete_tags: ['team', 'none'],
    });
    expect(body.tags).toEqual([
      { key: 'stage', value: 'test' },
      { key: 'empty', value: '' },
    ]);
    expect((await settled(admin)).tags).toEqual(body.tags);
  });

  test('is shown to whom it is shared with, changed by whom it is managed by, and gone once deleted', async () => {
    const { workspace, admin } = await withModel();
    const viewer = await servicePrincipal(workspace, admin, 'viewer');
    const { id } = (await create(admin)).body;
    await settled(admin);
    expect((await viewer.client.get(`${base}/wine`)).status).toBe(403);
    expect((await viewer.client.get(base)).body.endpoints).toEqual([]);
    await admin.send('PATCH', `/api/2.0/permissions/serving-endpoints/${id}`, {
      access_control_list: [{ service_principal_name: viewer.applicationId, permission_level: 'CAN_VIEW' }],
    });
    expect((await viewer.client.get(`${base}/wine`)).body.permission_level).toBe('CAN_VIEW');
    expect((await viewer.client.get(base)).body.endpoints).toHaveLength(1);
    expect((await viewer.client.send('PUT', `${base}/wine/config`, serving('1'))).status).toBe(403);
    expect((await viewer.client.post('/serving-endpoints/wine/invocations', { inputs: [[1]] })).status).toBe(
      403,
    );
    expect((await viewer.client.send('DELETE', `${base}/wine`)).status).toBe(403);
    expect((await admin.send('DELETE', `${base}/wine`)).status).toBe(200);
    expect(await admin.get(`${base}/wine`)).toMatchObject({
      status: 404,
      body: { error_code: 'RESOURCE_DOES_NOT_EXIST' },
    });
  });
});
