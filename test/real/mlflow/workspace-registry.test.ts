import { afterAll, beforeAll } from 'vitest';
import { servicePrincipal } from '../../emulator/databricks/support.ts';
import type { EmulatedWorkspace } from '../emulated-workspace.ts';
import { openWorkspace } from '../emulated-workspace.ts';
import { describePython } from '../python-program.ts';

let opened: EmulatedWorkspace;

beforeAll(async () => {
  opened = await openWorkspace();
  const { admin } = opened;
  await admin.post('/api/2.1/unity-catalog/catalogs', { name: 'ml' });
  await admin.post('/api/2.1/unity-catalog/schemas', { name: 'prod', catalog_name: 'ml' });
});
afterAll(() => opened.close());

const uris = { MLFLOW_TRACKING_URI: 'databricks', MLFLOW_REGISTRY_URI: 'databricks' };

describePython("the mlflow client registers models in the workspace's own registry", {
  program: new URL('./workspace_registry.py', import.meta.url),
  folder: () => opened.folder,
  environment: () => ({
    ...uris,
    DATABRICKS_HOST: opened.workspace.host,
    DATABRICKS_TOKEN: opened.workspace.adminToken,
  }),
});

/** What an admin would click together: levels on two of the models that the program before left. */
async function allow(member: string): Promise<void> {
  const { admin } = opened;
  for (const [name, level] of [
    ['doubling', 'CAN_READ'],
    ['moved', 'CAN_MANAGE_STAGING_VERSIONS'],
  ]) {
    const found = await admin.get(`/api/2.0/mlflow/databricks/registered-models/get?name=${name}`);
    const { id } = found.body.registered_model_databricks;
    await admin.send('PATCH', `/api/2.0/permissions/registered-models/${id}`, {
      access_control_list: [{ service_principal_name: member, permission_level: level }],
    });
  }
}

/** The artifacts of an experiment that only the admin reads. */
async function hiddenSource(): Promise<string> {
  const { admin } = opened;
  await admin.post('/api/2.0/workspace/mkdirs', { path: '/Private' });
  const { body } = await admin.post('/api/2.0/mlflow/experiments/create', { name: '/Private/trials' });
  const made = await admin.post('/api/2.0/mlflow/runs/create', { experiment_id: body.experiment_id });
  return `${made.body.run.info.artifact_uri}/model`;
}

describePython("the mlflow client is told what it may not do in the workspace's registry", {
  program: new URL('./workspace_registry_member.py', import.meta.url),
  folder: () => opened.folder,
  environment: async () => {
    const member = await servicePrincipal(opened.workspace, opened.admin, 'member');
    await allow(member.applicationId);
    return {
      ...uris,
      DATABRICKS_HOST: opened.workspace.host,
      DATABRICKS_CLIENT_ID: member.applicationId,
      DATABRICKS_CLIENT_SECRET: member.secret,
      HIDDEN_SOURCE: await hiddenSource(),
    };
  },
});
