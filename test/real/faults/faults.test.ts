import { afterAll, beforeAll } from 'vitest';
import type { EmulatedWorkspace } from '../emulated-workspace.ts';
import { openWorkspace } from '../emulated-workspace.ts';
import { describePython } from '../python-program.ts';

let opened: EmulatedWorkspace;

beforeAll(async () => {
  opened = await openWorkspace({ faultControl: true });
});
afterAll(() => opened.close());

for (const [title, program] of [
  ['databricks-sdk in a workspace that fails', './sdk.py'],
  ['the mlflow client in a workspace that fails', './mlflow_client.py'],
] as const)
  describePython(title, {
    program: new URL(program, import.meta.url),
    folder: () => opened.folder,
    environment: () => ({
      DATABRICKS_HOST: opened.workspace.host,
      DATABRICKS_TOKEN: opened.workspace.adminToken,
      MLFLOW_TRACKING_URI: 'databricks',
      MLFLOW_REGISTRY_URI: 'databricks-uc',
    }),
  });
