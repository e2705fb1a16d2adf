import { expect, test } from 'vitest';
import { servicePrincipal, startWorkspace, temporaryFolder, upload } from '../support.ts';

const imports = (path: string, overwrite = false) =>
  `/api/2.0/workspace-files/import-file/${encodeURIComponent(path)}?overwrite=${overwrite}`;

test('raw files arrive byte for byte, whatever type the request claims', async () => {
  const { workspace, admin } = await startWorkspace();
  await admin.post('/api/2.0/workspace/mkdirs', { path: '/Workspace/Shared/app/7/abc' });
  const bytes = Buffer.from([0, 1, 2, 255, 10, 13, 128]);
  expect((await admin.send('POST', imports('Workspace/Shared/app/7/abc/model.bin'), bytes)).body).toEqual({});
  const json = await fetch(`${workspace.host}${imports('Shared/app/7/abc/ü b%.json')}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${workspace.adminToken}`, 'content-type': 'application/json' },
    body: '{"not": json',
  });
  expect(json.status).toBe(200);
  const exported = await admin.get('/api/2.0/workspace/export?path=/Shared/app/7/abc/model.bin&format=AUTO');
  expect(Buffer.from(exported.body.content, 'base64')).toEqual(bytes);
  const listed = await admin.get('/api/2.0/workspace/list?path=/Workspace/Shared/app/7/abc');
  expect(
    listed.body.objects.map((object: { path: string; size: number }) => [object.path, object.size]),
  ).toEqual([
    ['/Workspace/Shared/app/7/abc/model.bin', 7],
    ['/Workspace/Shared/app/7/abc/ü b%.json', 12],
  ]);
});

test('a missing parent is 404, an existing file 409, and overwrite replaces it', async () => {
  const { admin } = await startWorkspace();
  expect(await admin.send('POST', imports('Shared/none/a.txt'), 'x')).toMatchObject({
    status: 404,
    body: { error_code: 'RESOURCE_DOES_NOT_EXIST' },
  });
  await upload(admin, '/Shared/app/a.txt', 'one');
  expect((await admin.send('POST', imports('Shared/app/a.txt'), 'two')).status).toBe(409);
  expect((await admin.send('POST', imports('Shared/app/a.txt', true), 'two')).status).toBe(200);
  expect(
    (await admin.get('/api/2.0/workspace/export?path=/Shared/app/a.txt&direct_download=true')).body,
  ).toBe('two');
});

test('a source file with the notebook header becomes a notebook and loses its extension', async () => {
  const { admin } = await startWorkspace();
  await upload(admin, '/Shared/app/note.py', '# Databricks notebook source\nprint(1)\n');
  expect((await admin.get('/api/2.0/workspace/get-status?path=/Shared/app/note')).body).toMatchObject({
    object_type: 'NOTEBOOK',
    language: 'PYTHON',
  });
  expect(
    await admin.send('POST', imports('Shared/app/note.py'), '# Databricks notebook source\n'),
  ).toMatchObject({
    status: 400,
    body: { error_code: 'RESOURCE_ALREADY_EXISTS', message: 'Path (/Shared/app/note) already exists.' },
  });
});

test('base64 import and recursive delete', async () => {
  const { admin } = await startWorkspace();
  await admin.post('/api/2.0/workspace/mkdirs', { path: '/Shared/app' });
  const content = Buffer.from('hello').toString('base64');
  const body = { path: '/Shared/app/hello.txt', format: 'AUTO', content };
  expect((await admin.post('/api/2.0/workspace/import', body)).body).toEqual({});
  expect((await admin.post('/api/2.0/workspace/import', body)).body.error_code).toBe(
    'RESOURCE_ALREADY_EXISTS',
  );
  expect((await admin.post('/api/2.0/workspace/delete', { path: '/Shared/app' })).body.error_code).toBe(
    'DIRECTORY_NOT_EMPTY',
  );
  expect(
    (await admin.post('/api/2.0/workspace/delete', { path: '/Shared/app', recursive: true })).status,
  ).toBe(200);
  expect((await admin.get('/api/2.0/workspace/get-status?path=/Shared/app/hello.txt')).status).toBe(404);
  await upload(admin, '/Shared/app/hello.txt', 'again');
  expect((await admin.get('/api/2.0/workspace/list?path=/Shared/app')).body.objects).toHaveLength(1);
});

test.each([
  '/Shared/../../etc/passwd',
  '/Shared/./x',
  '/Shared//x',
  'Shared/x',
  '/Shared/a\u0000b',
  `/Shared/${'x'.repeat(256)}`,
])('the path %j is refused', async (path) => {
  const { admin } = await startWorkspace();
  const content = Buffer.from('x').toString('base64');
  expect(await admin.post('/api/2.0/workspace/import', { path, format: 'RAW', content })).toMatchObject({
    status: 400,
    body: { error_code: 'INVALID_PARAMETER_VALUE' },
  });
  expect((await admin.post('/api/2.0/workspace/mkdirs', { path })).status).toBe(400);
});

test('folders are closed to others until their permissions say otherwise, and /Shared is open', async () => {
  const { workspace, admin } = await startWorkspace();
  const other = await servicePrincipal(workspace, admin, 'other');
  await upload(admin, '/Private/app/a.txt', 'secret');
  const read = () =>
    other.client.get('/api/2.0/workspace/export?path=/Private/app/a.txt&direct_download=true');
  const hidden = await read();
  expect(hidden).toMatchObject({ status: 404, body: { error_code: 'RESOURCE_DOES_NOT_EXIST' } });
  expect(hidden.body.message).toBe("Path (/Private/app/a.txt) doesn't exist.");
  expect((await other.client.get('/api/2.0/workspace/get-status?path=/Private/none')).status).toBe(404);
  const { object_id } = (await admin.get('/api/2.0/workspace/get-status?path=/Private')).body;
  await admin.send('PATCH', `/api/2.0/permissions/directories/${object_id}`, {
    access_control_list: [{ service_principal_name: other.applicationId, permission_level: 'CAN_READ' }],
  });
  expect((await read()).body).toBe('secret');
  expect((await other.client.send('POST', imports('Private/app/b.txt'), 'x')).status).toBe(403);
  await upload(other.client, '/Shared/of-other/a.txt', 'x');
  await upload(other.client, `/Users/${other.applicationId}/a.txt`, 'x');
  expect(
    (await other.client.post('/api/2.0/workspace/mkdirs', { path: '/Users/somebody-else' })).status,
  ).toBe(403);
});

test('files and folders are there after a restart', async () => {
  const dataDir = await temporaryFolder();
  const first = await startWorkspace({ dataDir });
  await upload(first.admin, '/Shared/app/a.txt', 'kept');
  await first.workspace.close();
  const { admin } = await startWorkspace({ dataDir });
  expect(
    (await admin.get('/api/2.0/workspace/export?path=/Shared/app/a.txt&direct_download=true')).body,
  ).toBe('kept');
});
