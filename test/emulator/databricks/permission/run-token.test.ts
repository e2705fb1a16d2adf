import { expect, test } from 'vitest';
import type { Answer } from '../support.ts';
import { client, ended, eventually, servicePrincipal, startWorkspace, upload } from '../support.ts';

const rest = '/api/2.1/unity-catalog';
const mlflow = '/api/2.0/mlflow';
const script = `import json, os, sys, time, urllib.request, urllib.error
def call(method, path, body=None):
    request = urllib.request.Request(os.environ["DATABRICKS_HOST"] + path, method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": "Bearer " + os.environ["DATABRICKS_TOKEN"], "Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request) as answer: return "allowed"
    except urllib.error.HTTPError as error: return json.load(error)["error_code"]
with open(sys.argv[1]) as file: calls = json.load(file)
print(json.dumps({name: call(*given) for name, given in calls.items()}))
print(os.environ["DATABRICKS_TOKEN"], flush=True)
time.sleep(float(sys.argv[2]))
`;

/** A workspace in which trainer and fork may do what the demo lets them do. */
async function stage() {
  const { workspace, admin } = await startWorkspace({ faultControl: true });
  const trainer = await servicePrincipal(workspace, admin, 'trainer');
  const fork = await servicePrincipal(workspace, admin, 'fork');
  const model = 'ml.prod.wine';
  await admin.post(`${rest}/catalogs`, { name: 'ml' });
  await admin.post(`${rest}/schemas`, { name: 'prod', catalog_name: 'ml' });
  await admin.post(`${rest}/models`, { catalog_name: 'ml', schema_name: 'prod', name: 'wine' });
  const versions = `${mlflow}/unity-catalog/model-versions`;
  await admin.post(`${versions}/create`, { name: model, source: 'models:/m-1' });
  await admin.post(`${versions}/finalize`, { name: model, version: '1' });
  const grant = (securable: string, name: string, add: string[]) =>
    admin.send('PATCH', `${rest}/permissions/${securable}/${name}`, {
      changes: [{ principal: trainer.applicationId, add }],
    });
  await grant('catalog', 'ml', ['USE CATALOG']);
  await grant('schema', 'ml.prod', ['USE SCHEMA']);
  await grant('function', model, ['EXECUTE', 'CREATE MODEL VERSION']);
  await admin.post('/api/2.0/workspace/mkdirs', { path: '/Private' });
  await upload(admin, '/Private/secret.txt', 'x');
  const experiment = async (name: string, editor: string) => {
    const { body } = await admin.post(`${mlflow}/experiments/create`, { name });
    await admin.send('PATCH', `/api/2.0/permissions/experiments/${body.experiment_id}`, {
      access_control_list: [{ service_principal_name: editor, permission_level: 'CAN_EDIT' }],
    });
    return body.experiment_id as string;
  };
  const experiments = {
    trainer: await experiment('/Private/of trainer', trainer.applicationId),
    fork: await experiment('/Private/of fork', fork.applicationId),
  };
  const otherRun = (await admin.post('/api/2.2/jobs/runs/submit', submission(0))).body.run_id;
  const calls: Record<string, [method: string, path: string, body?: object]> = {
    'who am I': ['GET', '/api/2.0/preview/scim/v2/Me'],
    'log to the trainer’s experiment': [
      'POST',
      `${mlflow}/runs/create`,
      { experiment_id: experiments.trainer },
    ],
    'log to the fork’s experiment': ['POST', `${mlflow}/runs/create`, { experiment_id: experiments.fork }],
    'read the model': ['GET', `${rest}/models/${model}`],
    'add a version': ['POST', `${versions}/create`, { name: model, source: 'models:/m-2' }],
    'move an alias': ['PUT', `${rest}/models/${model}/aliases/champion`, { version_num: 1 }],
    'grant itself more': [
      'PATCH',
      `${rest}/permissions/function/${model}`,
      { changes: [{ principal: trainer.applicationId, add: ['MANAGE'] }] },
    ],
    'make a model': ['POST', `${rest}/models`, { catalog_name: 'ml', schema_name: 'prod', name: 'other' }],
    'read a shared file': ['GET', '/api/2.0/workspace/export?path=/Shared/app/calls.json'],
    'read a private file': ['GET', '/api/2.0/workspace/export?path=/Private/secret.txt'],
    'rewrite the snapshot': ['POST', '/api/2.0/workspace/delete', { path: '/Shared/app/calls.json' }],
    'see another run': ['GET', `/api/2.2/jobs/runs/get?run_id=${otherRun}`],
    'cancel another run': ['POST', '/api/2.2/jobs/runs/cancel', { run_id: otherRun }],
    'list jobs': ['GET', '/api/2.2/jobs/list'],
    'start a run': ['POST', '/api/2.2/jobs/runs/submit', submission(0)],
    'make a lasting token': ['POST', '/api/2.0/token/create', {}],
    'make a secret': [
      'POST',
      `/api/2.0/accounts/${workspace.accountId}/servicePrincipals/${trainer.id}/credentials/secrets`,
      {},
    ],
    'change permissions': ['PATCH', `/api/2.0/permissions/experiments/${experiments.trainer}`, {}],
    'switch on faults': ['POST', '/test/faults', { kind: 'reset', path: '*' }],
  };
  await upload(admin, '/Shared/app/main.py', script);
  await upload(admin, '/Shared/app/calls.json', JSON.stringify(calls));
  return { workspace, admin, trainer, fork };
}

function submission(seconds: number) {
  const spark_python_task = {
    python_file: '/Workspace/Shared/app/main.py',
    parameters: ['/Workspace/Shared/app/calls.json', String(seconds)],
  };
  return { run_name: 'token', tasks: [{ task_key: 'a', spark_python_task }] };
}

const logs = async (as: ReturnType<typeof client>, run: Answer): Promise<string[]> =>
  (await as.get(`/api/2.2/jobs/runs/get-output?run_id=${run.tasks[0].run_id}`)).body.logs.split('\n');

test('the token of a run does what its principal may, and of that only what training needs', async () => {
  const { trainer, fork } = await stage();
  const told: Record<string, Record<string, string>> = {};
  for (const [name, { client: as }] of Object.entries({ trainer, fork })) {
    const { body } = await as.post('/api/2.2/jobs/runs/submit', submission(0));
    told[name] = JSON.parse((await logs(as, await ended(as, body.run_id)))[0] ?? '');
  }
  const allowed = (name: string) =>
    Object.entries(told[name] ?? {}).flatMap(([what, answer]) => (answer === 'allowed' ? [what] : []));
  expect(allowed('trainer')).toEqual([
    'who am I',
    'log to the trainer’s experiment',
    'read the model',
    'add a version',
    'read a shared file',
  ]);
  expect(allowed('fork')).toEqual(['who am I', 'log to the fork’s experiment', 'read a shared file']);
  // Of what is not readable nobody hears that it is there.
  for (const { 'read a private file': hidden, ...others } of Object.values(told)) {
    expect(hidden).toBe('RESOURCE_DOES_NOT_EXIST');
    expect(new Set(Object.values(others))).toEqual(new Set(['allowed', 'PERMISSION_DENIED']));
  }
});

test('the token ends with the run, with its cancellation and with its principal', async () => {
  const { workspace, admin, trainer } = await stage();
  const me = async (token: string) =>
    (await client(workspace.host, token).get('/api/2.0/preview/scim/v2/Me')).status;
  const started = async (seconds: number) => {
    const { body } = await trainer.client.post('/api/2.2/jobs/runs/submit', submission(seconds));
    const token = await eventually(async () => {
      const run = (await admin.get(`/api/2.2/jobs/runs/get?run_id=${body.run_id}`)).body;
      return (await logs(admin, run)).find((line) => line.startsWith('dbx-'));
    }, 'the token');
    return { runId: body.run_id as number, token };
  };

  const short = await started(0);
  await ended(admin, short.runId);
  expect(await me(short.token)).toBe(403);

  const long = await started(60);
  expect(await me(long.token)).toBe(200);
  await admin.post('/api/2.2/jobs/runs/cancel', { run_id: long.runId });
  await ended(admin, long.runId);
  expect(await me(long.token)).toBe(403);

  const orphan = await started(60);
  await admin.send('PATCH', `/api/2.0/preview/scim/v2/ServicePrincipals/${trainer.id}`, {
    Operations: [{ op: 'replace', path: 'active', value: false }],
  });
  expect(await me(orphan.token)).toBe(403);
});
