import { afterAll, beforeAll } from 'vitest';
import type { EmulatedWorkspace } from '../emulated-workspace.ts';
import { openWorkspace } from '../emulated-workspace.ts';
import { describePython } from '../python-program.ts';

let opened: EmulatedWorkspace;

beforeAll(async () => {
  opened = await openWorkspace();
});
afterAll(() => opened.close());

for (const [title, program] of [
  ['the mlflow client tracks in the emulated workspace', './tracking.py'],
  ['the mlflow client searches 1,200 runs', './search.py'],
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
