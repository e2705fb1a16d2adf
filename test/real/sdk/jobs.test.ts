import { afterAll, beforeAll } from 'vitest';
import type { EmulatedWorkspace } from '../emulated-workspace.ts';
import { openWorkspace } from '../emulated-workspace.ts';
import { describePython } from '../python-program.ts';

let opened: EmulatedWorkspace;

beforeAll(async () => {
  opened = await openWorkspace({ stopGraceMs: 300 });
});
afterAll(() => opened?.close());

describePython("databricks-sdk's jobs", {
  program: new URL('./jobs.py', import.meta.url),
  folder: () => opened.folder,
  environment: () => ({
    DATABRICKS_HOST: opened.workspace.host,
    DATABRICKS_TOKEN: opened.workspace.adminToken,
  }),
});
