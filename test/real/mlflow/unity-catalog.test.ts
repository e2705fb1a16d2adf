import { afterAll, beforeAll } from 'vitest';
import { servicePrincipal } from '../../emulator/databricks/support.ts';
import type { EmulatedWorkspace } from '../emulated-workspace.ts';
import { openWorkspace } from '../emulated-workspace.ts';
import { describePython } from '../python-program.ts';

let opened: EmulatedWorkspace;
type ServicePrincipal = Awaited<ReturnType<typeof servicePrincipal>>;
let trainer: ServicePrincipal;
let reader: ServicePrincipal;
const rest = '/api/2.1/unity-catalog';

const grant = (securable: string, to: ServicePrincipal, add: string[]) =>
  opened.admin.send('PATCH', `${rest}/permissions/${securable}`, {
    changes: [{ principal: to.applicationId, add }],
  });

beforeAll(async () => {
  opened = await openWorkspace();
  const { admin, workspace } = opened;
  await admin.post(`${rest}/catalogs`, { name: 'ml' });
  await admin.post(`${rest}/schemas`, { name: 'prod', catalog_name: 'ml' });
  trainer = await servicePrincipal(workspace, admin, 'trainer');
  reader = await servicePrincipal(workspace, admin, 'reader');
  for (const each of [trainer, reader]) {
    await grant('catalog/ml', each, ['USE_CATALOG']);
    await grant('schema/ml.prod', each, ['USE_SCHEMA']);
  }
  await grant('schema/ml.prod', trainer, ['CREATE_MODEL']);
});
afterAll(() => opened.close());

/** A client outside of Databricks, signed in with a service principal's secret. */
const signedIn = (as: ServicePrincipal) => ({
  DATABRICKS_HOST: opened.workspace.host,
  DATABRICKS_CLIENT_ID: as.applicationId,
  DATABRICKS_CLIENT_SECRET: as.secret,
  MLFLOW_TRACKING_URI: 'databricks',
  MLFLOW_REGISTRY_URI: 'databricks-uc',
});

describePython('the mlflow client registers models in the emulated Unity Catalog', {
  program: new URL('./unity_catalog.py', import.meta.url),
  folder: () => opened.folder,
  environment: () => signedIn(trainer),
});

describePython('the mlflow client is told what it may not do in Unity Catalog', {
  program: new URL('./unity_catalog_reader.py', import.meta.url),
  folder: () => opened.folder,
  environment: async () => {
    await grant('function/ml.prod.doubling', reader, ['EXECUTE']);
    const { admin } = opened;
    await admin.post('/api/2.0/workspace/mkdirs', { path: '/Private' });
    const { body } = await admin.post('/api/2.0/mlflow/experiments/create', { name: '/Private/trials' });
    return { ...signedIn(reader), HIDDEN_EXPERIMENT: body.experiment_id };
  },
});

describePython("databricks-sdk finds the mlflow client's models in the emulated Unity Catalog", {
  program: new URL('./unity_catalog_sdk.py', import.meta.url),
  folder: () => opened.folder,
  environment: async () => {
    const { admin } = opened;
    const found = await admin.get('/api/2.0/mlflow/experiments/get-by-name?experiment_name=/Shared/models');
    const { experiment_id: id } = found.body.experiment;
    const { body } = await admin.post('/api/2.0/mlflow/runs/create', { experiment_id: id });
    const { run_id: run } = body.run.info;
    return {
      ...signedIn(trainer),
      ARTIFACTS: `/WorkspaceInternal/Mlflow/Artifacts/${id}/Runs/${run}/artifacts`,
    };
  },
});
