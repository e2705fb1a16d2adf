import { expect, test } from 'vitest';
import type { Client } from '../support.ts';
import { client, eventually, servicePrincipal, startWorkspace, temporaryFolder } from '../support.ts';

/** What the unmodified clients do not ask for, or not quickly; their own story is test/real/mlflow. */
const mlflow = '/api/2.0/mlflow';

/** A run with one artifact, `model/MLmodel`. @returns the URI of its folder. */
async function loggedFolder(admin: Client): Promise<string> {
  const experiment = await admin.post(`${mlflow}/experiments/create`, { name: '/Shared/registry' });
  const { body } = await admin.post(`${mlflow}/runs/create`, {
    experiment_id: experiment.body.experiment_id,
  });
  const { experiment_id: id, run_id: run, artifact_uri: uri } = body.run.info;
  const path = `WorkspaceInternal/Mlflow/Artifacts/${id}/Runs/${run}/artifacts/model/MLmodel`;
  await admin.send('PUT', `/api/2.0/fs/files/${path}`, 'flavors: {}');
  return `${uri}/model`;
}

const version = (as: Client, number = '1') =>
  as.get(`${mlflow}/model-versions/get?name=wine&version=${number}`).then(({ body }) => body.model_version);

const settled = (as: Client, number = '1') =>
  eventually(async () => {
    const found = await version(as, number);
    return found.status === 'PENDING_REGISTRATION' ? undefined : found;
  }, `the end of the registration of version ${number}`);

/** The model `wine` with one version that is READY. */
async function registered(admin: Client) {
  const source = await loggedFolder(admin);
  await admin.post(`${mlflow}/registered-models/create`, { name: 'wine' });
  const { body } = await admin.post(`${mlflow}/model-versions/create`, { name: 'wine', source });
  expect(body.model_version).toMatchObject({ version: '1', current_stage: 'None' });
  expect(await settled(admin)).toMatchObject({ status: 'READY' });
  return source;
}

test('an alias is set and followed as by a real mlflow server, and goes with its version', async () => {
  const { admin } = await startWorkspace();
  await registered(admin);
  const path = `${mlflow}/registered-models/alias`;
  const followed = () => admin.get(`${path}?name=wine&alias=champion`);
  expect((await followed()).body.error_code).toBe('INVALID_PARAMETER_VALUE');
  expect((await admin.post(path, { name: 'wine', alias: 'champion', version: '1' })).status).toBe(200);
  expect((await followed()).body.model_version).toMatchObject({ version: '1', aliases: ['champion'] });
  const wrong = await admin.post(path, { name: 'wine', alias: 'v1', version: '1' });
  expect(wrong.body.error_code).toBe('INVALID_PARAMETER_VALUE');
  await admin.send('DELETE', `${mlflow}/model-versions/delete`, { name: 'wine', version: '1' });
  expect((await followed()).status).toBe(400);
});

test('a signed link gives its one file to anybody, and no other file', async () => {
  const { workspace, admin } = await startWorkspace();
  await registered(admin);
  const { body } = await admin.get(
    `${mlflow}/model-versions/get-signed-download-uri?name=wine&version=1&path=MLmodel`,
  );
  const link = new URL(body.signed_uri);
  expect(link.origin).toBe(workspace.host);
  const anybody = client(workspace.host);
  const follow = (url: URL) => anybody.get(url.pathname + url.search);
  expect(await follow(link)).toMatchObject({ status: 200, body: expect.anything() });
  const part = await fetch(link, { headers: { range: 'bytes=0-6' } });
  expect([part.status, await part.text()]).toEqual([206, 'flavors']);

  const later = new URL(link);
  later.searchParams.set('expires', String(Date.now() + 3_600_000));
  const other = new URL(link);
  other.pathname = other.pathname.replace('MLmodel', 'conda.yaml');
  const unsigned = new URL(link);
  unsigned.searchParams.delete('signature');
  for (const forged of [later, other, unsigned])
    expect(await follow(forged)).toMatchObject({ status: 403, body: { error_code: 'PERMISSION_DENIED' } });
});

test('files are listed by folder, a file by itself, and nothing outside of the version', async () => {
  const { admin } = await startWorkspace();
  await registered(admin);
  const list = (path: string) =>
    admin.get(`${mlflow}/model-versions/list-artifacts?name=wine&version=1&path=${path}`);
  const file = { path: 'MLmodel', is_dir: false, file_size: 11 };
  expect((await list('')).body).toEqual({ files: [file] });
  expect((await list('MLmodel')).body).toEqual({ files: [file] });
  expect((await list('nothing')).body).toEqual({});
  expect((await list('..%2F..')).body.error_code).toBe('INVALID_PARAMETER_VALUE');
});

test('a copy that a stop cut off goes on at the next start', async () => {
  const dataDir = await temporaryFolder();
  const first = await startWorkspace({ dataDir });
  const source = await loggedFolder(first.admin);
  await first.admin.post(`${mlflow}/registered-models/create`, { name: 'wine' });
  await first.workspace.close();

  // What a process that was killed leaves: a version that is pending, and no files.
  const { DatabaseSync } = await import('node:sqlite');
  const db = new DatabaseSync(`${dataDir}/workspace.db`);
  db.exec('update registry_models set next_version = 2');
  db.prepare(
    `insert into registry_versions
       select ?, id, 1, ?, null, null, null, '', 'None', 'PENDING_REGISTRATION', '', user_id, 1, 1, 1 from registry_models`,
  ).run('0'.repeat(32), source);
  db.close();

  const second = await startWorkspace({ dataDir });
  expect((await settled(second.admin)).status).toBe('READY');
});

test('a level per model decides, by its id, with the strongest level told', async () => {
  const { workspace, admin } = await startWorkspace();
  await registered(admin);
  const member = await servicePrincipal(workspace, admin, 'member');
  const path = `${mlflow}/databricks/registered-models/get?name=wine`;
  const { id } = (await admin.get(path)).body.registered_model_databricks;
  expect((await member.client.get(path)).body.error_code).toBe('PERMISSION_DENIED');
  await admin.send('PATCH', `/api/2.0/permissions/registered-models/${id}`, {
    access_control_list: [
      { service_principal_name: member.applicationId, permission_level: 'CAN_MANAGE_PRODUCTION_VERSIONS' },
    ],
  });
  expect((await member.client.get(path)).body.registered_model_databricks).toMatchObject({
    id,
    permission_level: 'CAN_MANAGE_PRODUCTION_VERSIONS',
  });
  const moved = await member.client.post(`${mlflow}/databricks/model-versions/transition-stage`, {
    name: 'wine',
    version: '1',
    stage: 'Production',
    archive_existing_versions: false,
    comment: 'looks well',
  });
  expect(moved.body.model_version_databricks).toMatchObject({ current_stage: 'Production', version: '1' });
  const away = { name: 'wine' };
  expect((await member.client.send('DELETE', `${mlflow}/registered-models/delete`, away)).status).toBe(403);
});
