import { expect, test } from 'vitest';
import type { Answer } from '../support.ts';
import { servicePrincipal, startWorkspace } from '../support.ts';

async function withJob() {
  const started = await startWorkspace();
  const other = await servicePrincipal(started.workspace, started.admin, 'other');
  const { body } = await started.admin.post('/api/2.2/jobs/create', { name: 'x' });
  return { ...started, other, jobId: body.job_id, path: `/api/2.0/permissions/jobs/${body.job_id}` };
}

const levels = (answer: Answer) =>
  Object.fromEntries(
    answer.access_control_list.map((entry: Answer) => [
      entry.service_principal_name ?? entry.user_name ?? entry.group_name,
      entry.all_permissions.map((each: Answer) => each.permission_level),
    ]),
  );

test('PATCH adds, PUT replaces but keeps an owner, and admins always manage', async () => {
  const { admin, other, path } = await withJob();
  const entry = (permission_level: string) => ({
    access_control_list: [{ service_principal_name: other.applicationId, permission_level }],
  });
  const owner = (await admin.get('/api/2.0/preview/scim/v2/Me')).body.userName;
  expect(levels((await admin.send('PATCH', path, entry('CAN_VIEW'))).body)).toEqual({
    [owner]: ['IS_OWNER'],
    [other.applicationId]: ['CAN_VIEW'],
    admins: ['CAN_MANAGE'],
  });
  expect(levels((await admin.send('PUT', path, { access_control_list: [] })).body)).toEqual({
    [owner]: ['IS_OWNER'],
    admins: ['CAN_MANAGE'],
  });
  expect(levels((await admin.send('PATCH', path, entry('IS_OWNER'))).body)).toMatchObject({
    [owner]: ['CAN_MANAGE'],
    [other.applicationId]: ['IS_OWNER'],
  });
  expect((await other.client.get(path)).body).toMatchObject({
    object_id: path.slice(20),
    object_type: 'job',
  });
});

test('levels and types that do not exist are refused; who does not manage learns nothing', async () => {
  const { admin, other, path } = await withJob();
  const wrong = { access_control_list: [{ group_name: 'users', permission_level: 'CAN_QUERY' }] };
  expect((await admin.send('PATCH', path, wrong)).body.message).toContain('known: CAN_VIEW');
  expect((await admin.get('/api/2.0/permissions/clusters/1')).status).toBe(404);
  expect((await admin.get('/api/2.0/permissions/jobs/12')).body.error_code).toBe('RESOURCE_DOES_NOT_EXIST');
  expect((await other.client.get(path)).body.error_code).toBe('PERMISSION_DENIED');
  expect((await other.client.get('/api/2.0/permissions/jobs/12')).body.error_code).toBe('PERMISSION_DENIED');
});

test('grants on a catalog are given and taken by who manages it, and others see their own only', async () => {
  const { admin, other, workspace } = await withJob();
  const third = await servicePrincipal(workspace, admin, 'third');
  expect((await admin.post('/api/2.1/unity-catalog/catalogs', { name: 'ml' })).status).toBe(200);
  const path = '/api/2.1/unity-catalog/permissions/catalog/ml';
  const change = (principal: string, add: string[], remove: string[] = []) => ({
    changes: [{ principal, add, remove }],
  });
  await admin.send('PATCH', path, change(other.applicationId, ['USE CATALOG', 'USE_SCHEMA']));
  await admin.send('PATCH', path, change(third.applicationId, ['USE_CATALOG']));
  const { body } = await admin.send('PATCH', path, change(other.applicationId, [], ['USE_SCHEMA']));
  expect(body.privilege_assignments).toHaveLength(2);
  expect((await other.client.get(path)).body).toEqual({
    privilege_assignments: [{ principal: other.applicationId, privileges: ['USE_CATALOG'] }],
  });
  expect((await other.client.send('PATCH', path, change(other.applicationId, ['MANAGE']))).status).toBe(403);
  expect((await admin.send('PATCH', path, change('x', ['FLY']))).body.message).toContain(
    'Unknown privilege FLY',
  );
  expect((await admin.get('/api/2.1/unity-catalog/permissions/function/ml.no.model')).status).toBe(404);
});

test('a foreign host name is answered with an error: the workspace is for loopback only', async () => {
  const { workspace } = await startWorkspace();
  const { hostname, port } = new URL(workspace.host);
  const { request } = await import('node:http');
  const status = await new Promise((resolve, reject) => {
    const call = request({
      hostname,
      port,
      path: '/.well-known/databricks-config',
      headers: { host: 'evil.example.com' },
    });
    call.on('response', (response) => resolve(response.statusCode));
    call.on('error', reject);
    call.end();
  });
  expect(status).toBe(400);
});
