import { afterAll, beforeAll } from 'vitest';
import type { EmulatedWorkspace } from '../emulated-workspace.ts';
import { openWorkspace } from '../emulated-workspace.ts';
import { describePython } from '../python-program.ts';

let opened: EmulatedWorkspace;

beforeAll(async () => {
  opened = await openWorkspace();
});
afterAll(() => opened.close());

describePython('databricks-sdk and the rights of the emulated workspace', {
  program: new URL('./rights.py', import.meta.url),
  folder: () => opened.folder,
  environment: () => ({
    DATABRICKS_HOST: opened.workspace.host,
    DATABRICKS_TOKEN: opened.workspace.adminToken,
    ACCOUNT_ID: opened.workspace.accountId,
  }),
});
