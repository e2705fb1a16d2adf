import { expect, test } from 'vitest';
import type { Answer, Client } from '../support.ts';
import { ended, servicePrincipal, startWorkspace, upload } from '../support.ts';
import { expectRow } from './matrix.ts';

const jobs = '/api/2.2/jobs';
const file = '/Shared/as/main.py';
const task = { task_key: 'a', spark_python_task: { python_file: `/Workspace${file}` } };

/** Says who it is. */
const script = `import json, os, urllib.request
request = urllib.request.Request(os.environ["DATABRICKS_HOST"] + "/api/2.0/preview/scim/v2/Me",
    headers={"Authorization": "Bearer " + os.environ["DATABRICKS_TOKEN"]})
print(json.load(urllib.request.urlopen(request))["userName"])
`;

async function opened() {
  const { workspace, admin } = await startWorkspace();
  const [trainer, other, robot] = await Promise.all(
    ['trainer', 'other', 'robot'].map((name) => servicePrincipal(workspace, admin, name)),
  );
  if (!trainer || !other || !robot) throw new Error('no principals');
  await upload(admin, file, script);
  const path = '/api/2.0/preview/accounts/access-control/rule-sets';
  const name = `accounts/${workspace.accountId}/servicePrincipals/${robot.applicationId}/ruleSets/default`;
  const rules = async (as: Client = admin) => as.get(`${path}?name=${encodeURIComponent(name)}&etag=`);
  const give = async (role: string, principals: string[], as: Client = admin) => {
    const { etag } = (await rules()).body;
    const rule_set = { name, etag, grant_rules: [{ role: `roles/servicePrincipal.${role}`, principals }] };
    return as.send('PUT', path, { name, rule_set });
  };
  return { workspace, admin, trainer, other, robot, path, name, rules, give };
}

const runAs = (applicationId: string) => ({ run_as: { service_principal_name: applicationId } });

const whoRan = async (as: Client, runId: number): Promise<string> => {
  const run: Answer = await ended(as, runId);
  const { body } = await as.get(`${jobs}/runs/get-output?run_id=${run.tasks[0].run_id}`);
  return body.logs.trim();
};

test('a job runs as another principal for who has the user role on it, and for admins', async () => {
  const { admin, trainer, other, robot, give } = await opened();
  const principals = { admin, trainer: trainer.client, other: other.client };
  const submit = (as: Client) =>
    as.post(`${jobs}/runs/submit`, { run_name: 'as', tasks: [task], ...runAs(robot.applicationId) });
  const create = (as: Client) =>
    as.post(`${jobs}/create`, { name: 'as', tasks: [task], ...runAs(robot.applicationId) });
  await expectRow(principals, submit, '+ - -');
  await expectRow(principals, create, '+ - -');

  await give('user', [`servicePrincipals/${trainer.applicationId}`]);
  await expectRow(principals, create, '+ + -');
  const { body } = await submit(trainer.client);
  expect(await whoRan(trainer.client, body.run_id)).toBe(robot.applicationId);

  const { body: own } = await trainer.client.post(`${jobs}/create`, { name: 'own', tasks: [task] });
  const change = (as: Client) =>
    as.post(`${jobs}/update`, { job_id: own.job_id, new_settings: runAs(robot.applicationId) });
  await expectRow({ trainer: trainer.client }, change, '+');

  // A manager gives roles, and has to give himself the user role first.
  await give('manager', [`servicePrincipals/${other.applicationId}`]);
  await expectRow(principals, submit, '+ - -');
  await give('user', [`servicePrincipals/${other.applicationId}`], other.client);
  await expectRow(principals, submit, '+ - +');
  await give('user', ['groups/users']);
  await expectRow(principals, submit, '+ + +');
});

test('nobody runs as the admin, and as nobody who is not there', async () => {
  const { admin, trainer } = await opened();
  const me = (await admin.get('/api/2.0/preview/scim/v2/Me')).body.userName;
  const principals = { admin, trainer: trainer.client };
  const as = (run_as: object) => (who: Client) =>
    who.post(`${jobs}/runs/submit`, { run_name: 'as', tasks: [task], run_as });
  await expectRow(principals, as({ user_name: me }), '+ -');
  await expectRow(principals, as({ service_principal_name: 'nobody' }), '! -');
  await expectRow(principals, as({}), '! !');
});

test('who may start a job starts it as whom it runs as, not as himself', async () => {
  const { admin, trainer, robot } = await opened();
  const { body: job } = await admin.post(`${jobs}/create`, {
    name: 'as',
    tasks: [task],
    ...runAs(robot.applicationId),
  });
  await admin.send('PATCH', `/api/2.0/permissions/jobs/${job.job_id}`, {
    access_control_list: [
      { service_principal_name: trainer.applicationId, permission_level: 'CAN_MANAGE_RUN' },
    ],
  });
  const { body } = await trainer.client.post(`${jobs}/run-now`, { job_id: job.job_id });
  expect(await whoRan(trainer.client, body.run_id)).toBe(robot.applicationId);
});

test('a run as a principal that is gone is not started', async () => {
  const { admin, robot } = await opened();
  const { body: job } = await admin.post(`${jobs}/create`, {
    name: 'as',
    tasks: [task],
    ...runAs(robot.applicationId),
  });
  await admin.send('DELETE', `/api/2.0/preview/scim/v2/ServicePrincipals/${robot.id}`);
  const { body } = await admin.post(`${jobs}/run-now`, { job_id: job.job_id });
  const run = await ended(admin, body.run_id);
  expect(run.status.termination_details).toMatchObject({ code: 'UNAUTHORIZED_ERROR' });
});

test('roles are read and replaced by admins and managers, by the state that was read', async () => {
  const { workspace, admin, trainer, other, robot, path, name, rules, give } = await opened();
  const principals = { admin, trainer: trainer.client, other: other.client };
  await expectRow(principals, (as) => rules(as), '+ - -');
  await give('manager', [`servicePrincipals/${other.applicationId}`]);
  await expectRow(principals, (as) => rules(as), '+ - +');

  const put = (rule_set: object, under = path) => admin.send('PUT', under, { name, rule_set });
  const stale = await put({ name, etag: 'old', grant_rules: [] });
  expect(stale).toMatchObject({ status: 409, body: { error_code: 'RESOURCE_CONFLICT' } });
  const { etag } = (await rules()).body;
  const wrong = { role: 'roles/servicePrincipal.king', principals: [] };
  expect((await put({ name, etag, grant_rules: [wrong] })).body.message).toContain(
    'no role of a service principal',
  );
  const nameless = { role: 'roles/servicePrincipal.user', principals: ['me'] };
  expect((await put({ name, etag, grant_rules: [nameless] })).body.message).toContain(
    'me names no principal',
  );
  const account = `/api/2.0/preview/accounts/${workspace.accountId}/access-control`;
  expect((await put({ name, etag, grant_rules: [] }, `${account}/rule-sets`)).body.grant_rules).toEqual([]);

  const resource = `accounts/${workspace.accountId}/servicePrincipals/${robot.applicationId}`;
  const assignable = await admin.get(`${account}/assignable-roles?resource=${encodeURIComponent(resource)}`);
  expect(assignable.body.roles).toEqual([
    { name: 'roles/servicePrincipal.user' },
    { name: 'roles/servicePrincipal.manager' },
  ]);
  expect((await admin.get(`${path}?name=accounts/x/ruleSets/default`)).status).toBe(400);
  expect(
    (await admin.get(`${path}?name=${encodeURIComponent(name.replace(robot.applicationId, 'x'))}`)).status,
  ).toBe(404);
});
