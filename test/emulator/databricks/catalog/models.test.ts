import { describe, expect, test } from 'vitest';
import type { Answer, Client } from '../support.ts';
import { servicePrincipal, startWorkspace } from '../support.ts';

const rest = '/api/2.1/unity-catalog';
const mlflow = '/api/2.0/mlflow/unity-catalog';
const name = 'ml.prod.wine';

async function catalog() {
  const { workspace, admin } = await startWorkspace();
  await admin.post(`${rest}/catalogs`, { name: 'ml' });
  await admin.post(`${rest}/schemas`, { name: 'prod', catalog_name: 'ml' });
  return { workspace, admin };
}
const grant = (admin: Client, securable: string, fullName: string, principal: string, add: string[]) =>
  admin.send('PATCH', `${rest}/permissions/${securable}/${fullName}`, { changes: [{ principal, add }] });

async function model(admin: Client): Promise<void> {
  await admin.post(`${rest}/models`, { catalog_name: 'ml', schema_name: 'prod', name: 'wine' });
}
async function addVersion(as: Client, fields: object = {}): Promise<Answer> {
  return as.post(`${mlflow}/model-versions/create`, { name, source: 'models:/m-1', ...fields });
}
const finalize = (as: Client, version: string) =>
  as.post(`${mlflow}/model-versions/finalize`, { name, version });
async function readyVersion(as: Client, fields: object = {}): Promise<string> {
  const { version } = (await addVersion(as, fields)).body.model_version;
  await finalize(as, version);
  return version;
}

describe('a model', () => {
  test('is the same in both APIs', async () => {
    const { admin } = await catalog();
    const created = await admin.post(`${mlflow}/registered-models/create`, { name, description: 'Wine' });
    expect(created.body.registered_model).toMatchObject({ name, description: 'Wine' });
    const { body } = await admin.get(`${rest}/models/${name}`);
    expect(body).toMatchObject({
      full_name: name,
      catalog_name: 'ml',
      schema_name: 'prod',
      name: 'wine',
      comment: 'Wine',
      owner: 'admin@workspace.localhost',
    });
    await admin.send('PATCH', `${rest}/models/${name}`, { comment: 'Changed' });
    const again = await admin.get(`${mlflow}/registered-models/get?name=${name}`);
    expect(again.body.registered_model.description).toBe('Changed');
    expect((await admin.get(`${rest}/models?catalog_name=ml`)).body.registered_models).toHaveLength(1);
  });

  test.each([
    ['wine', 'INVALID_PARAMETER_VALUE'],
    ['ml.prod', 'INVALID_PARAMETER_VALUE'],
    ['ml.prod.a b', 'INVALID_PARAMETER_VALUE'],
    ['ml.nowhere.wine', 'RESOURCE_DOES_NOT_EXIST'],
    ['nowhere.prod.wine', 'RESOURCE_DOES_NOT_EXIST'],
  ])('cannot be called %s', async (wrong, code) => {
    const { admin } = await catalog();
    const { body } = await admin.post(`${mlflow}/registered-models/create`, { name: wrong });
    expect(body.error_code).toBe(code);
  });

  test('that exists already is said to, also to whom may only add versions', async () => {
    const { workspace, admin } = await catalog();
    await model(admin);
    const trainer = await servicePrincipal(workspace, admin, 'trainer');
    const create = () => trainer.client.post(`${mlflow}/registered-models/create`, { name });
    expect((await create()).body.error_code).toBe('PERMISSION_DENIED');
    await grant(admin, 'catalog', 'ml', trainer.applicationId, ['USE_CATALOG']);
    await grant(admin, 'schema', 'ml.prod', trainer.applicationId, ['USE_SCHEMA']);
    await grant(admin, 'function', name, trainer.applicationId, ['CREATE_MODEL_VERSION']);
    expect((await create()).body.error_code).toBe('RESOURCE_ALREADY_EXISTS');
  });
});

describe('a version', () => {
  test('is pending until it is finalized, a string in one API and a number in the other', async () => {
    const { admin } = await catalog();
    await model(admin);
    const { body } = await addVersion(admin, {
      run_id: 'abc',
      model_id: 'm-1',
      tags: [{ key: 'k', value: 'v' }],
    });
    expect(body.model_version).toMatchObject({
      name,
      version: '1',
      status: 'PENDING_REGISTRATION',
      run_id: 'abc',
    });
    expect((await admin.get(`${rest}/models/${name}/versions/1`)).body.status).toBe('PENDING_REGISTRATION');
    const ready = await finalize(admin, '1');
    expect(ready.body.model_version).toMatchObject({ status: 'READY', tags: [{ key: 'k', value: 'v' }] });
    expect((await admin.get(`${rest}/models/${name}/versions/1`)).body).toMatchObject({
      version: 1,
      status: 'READY',
      run_id: 'abc',
      model_name: 'wine',
      catalog_name: 'ml',
    });
  });

  test('keeps its number for itself: a deleted number is never given again', async () => {
    const { admin } = await catalog();
    await model(admin);
    await readyVersion(admin);
    const second = await readyVersion(admin);
    await admin.send('PUT', `${rest}/models/${name}/aliases/gone`, { version_num: 2 });
    await admin.send('DELETE', `${mlflow}/model-versions/delete`, { name, version: second });
    expect((await admin.get(`${rest}/models/${name}/versions/2`)).status).toBe(404);
    expect((await admin.get(`${rest}/models/${name}/aliases/gone`)).status).toBe(404);
    expect(await readyVersion(admin)).toBe('3');
    const { body } = await admin.get(`${rest}/models/${name}/versions`);
    expect(body.model_versions.map((each: Answer) => each.version)).toEqual([3, 1]);
  });

  test('is found by its run', async () => {
    const { admin } = await catalog();
    await model(admin);
    await readyVersion(admin, { run_id: 'first' });
    await readyVersion(admin, { run_id: 'second' });
    const search = async (filter: string) =>
      (await admin.get(`${mlflow}/model-versions/search?filter=${encodeURIComponent(filter)}`)).body;
    const found = await search("run_id = 'second'");
    expect(found.model_versions).toMatchObject([{ name, version: '2', run_id: 'second' }]);
    expect((await search(`name = '${name}'`)).model_versions).toHaveLength(2);
    expect((await search('nothing = 1')).error_code).toBe('INVALID_PARAMETER_VALUE');
  });

  test('has files that are written while it is pending and never again', async () => {
    const { admin } = await catalog();
    await model(admin);
    await addVersion(admin);
    const file = '/api/2.0/fs/files/Models/ml/prod/wine/1/MLmodel';
    expect((await admin.send('PUT', file, 'flavors: {}')).status).toBe(204);
    await finalize(admin, '1');
    expect(await admin.send('PUT', file, 'swapped')).toMatchObject({ status: 403 });
    expect((await admin.send('DELETE', file)).status).toBe(403);
    expect((await admin.get(file)).body).toBe('flavors: {}');
    const write = { name, version: '1', operation: 'MODEL_VERSION_OPERATION_READ_WRITE' };
    const credentials = await admin.post(`${mlflow}/model-versions/generate-temporary-credentials`, write);
    expect(credentials.status).toBe(403);
  });
});

describe('an alias', () => {
  test('moves at once and is seen in both APIs', async () => {
    const { admin } = await catalog();
    await model(admin);
    await readyVersion(admin);
    await readyVersion(admin);
    const alias = `${rest}/models/${name}/aliases/champion`;
    expect((await admin.get(alias)).status).toBe(404);
    await admin.send('PUT', alias, { version_num: 1 });
    await admin.send('PUT', alias, { version_num: 2 });
    expect((await admin.get(alias)).body.version).toBe(2);
    const flavour = await admin.get(`${mlflow}/registered-models/alias?name=${name}&alias=champion`);
    expect(flavour.body.model_version).toMatchObject({
      version: '2',
      aliases: [{ alias: 'champion', version: '2' }],
    });
    const { body } = await admin.get(`${rest}/models/${name}?include_aliases=true`);
    expect(body.aliases).toEqual([{ alias_name: 'champion', version_num: 2 }]);
    await admin.send('DELETE', `${mlflow}/registered-models/alias`, { name, alias: 'champion' });
    expect((await admin.get(alias)).status).toBe(404);
  });

  test.each(['v1', 'latest', 'a b', 'a/b', ''])('cannot be called "%s"', async (alias) => {
    const { admin } = await catalog();
    await model(admin);
    await readyVersion(admin);
    const { body } = await admin.post(`${mlflow}/registered-models/alias`, { name, alias, version: '1' });
    expect(body.error_code).toBe('INVALID_PARAMETER_VALUE');
  });

  test('does not move to a version that is not there', async () => {
    const { admin } = await catalog();
    await model(admin);
    const { status } = await admin.send('PUT', `${rest}/models/${name}/aliases/champion`, { version_num: 7 });
    expect(status).toBe(404);
  });
});

test('each role may do what it is there for, and is 403 PERMISSION_DENIED otherwise', async () => {
  const { workspace, admin } = await catalog();
  await model(admin);
  const [reader, trainer, releaser, fork] = await Promise.all(
    ['reader', 'trainer', 'releaser', 'fork'].map((role) => servicePrincipal(workspace, admin, role)),
  );
  if (!reader || !trainer || !releaser || !fork) throw new Error('a principal is missing');
  for (const { applicationId } of [reader, trainer, releaser, fork]) {
    await grant(admin, 'catalog', 'ml', applicationId, ['USE_CATALOG']);
    await grant(admin, 'schema', 'ml.prod', applicationId, ['USE_SCHEMA']);
  }
  await grant(admin, 'function', name, reader.applicationId, ['EXECUTE']);
  await grant(admin, 'function', name, trainer.applicationId, ['EXECUTE', 'CREATE_MODEL_VERSION']);
  await admin.send('PATCH', `${rest}/models/${name}`, { owner: releaser.applicationId });

  const acts: Record<string, (as: Client) => Promise<{ status: number; body: Answer }>> = {
    read: (as) => as.get(`${rest}/models/${name}`),
    'read a version': (as) => as.get(`${mlflow}/model-versions/get?name=${name}&version=1`),
    'read its files': (as) => as.get('/api/2.0/fs/files/Models/ml/prod/wine/1/MLmodel'),
    'add a version': (as) => addVersion(as),
    'move an alias': (as) => as.send('PUT', `${rest}/models/${name}/aliases/champion`, { version_num: 1 }),
    "move an alias through mlflow's API": (as) =>
      as.post(`${mlflow}/registered-models/alias`, { name, alias: 'champion', version: '1' }),
    tag: (as) => as.post(`${mlflow}/model-versions/set-tag`, { name, version: '1', key: 'k', value: 'v' }),
    'give it away': (as) => as.send('PATCH', `${rest}/models/${name}`, { owner: releaser.applicationId }),
    'grant rights on it': (as) => grant(as, 'function', name, fork.applicationId, ['EXECUTE']),
  };
  await addVersion(admin);
  await admin.send('PUT', '/api/2.0/fs/files/Models/ml/prod/wine/1/MLmodel', 'flavors: {}');
  await finalize(admin, '1');

  const may: Record<string, string[]> = {
    reader: ['read', 'read a version', 'read its files'],
    trainer: ['read', 'read a version', 'read its files', 'add a version'],
    releaser: Object.keys(acts),
    fork: [],
  };
  // The releaser last: what it grants would change what the others may.
  for (const [role, { client }] of Object.entries({ reader, trainer, fork, releaser }))
    for (const [act, attempt] of Object.entries(acts)) {
      const { status, body } = await attempt(client);
      const expected = may[role]?.includes(act) ? 'done' : 'PERMISSION_DENIED';
      expect(`${role}, ${act}: ${status < 300 ? 'done' : body.error_code}`).toBe(
        `${role}, ${act}: ${expected}`,
      );
    }
});
