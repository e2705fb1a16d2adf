import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Workspace, WorkspaceOptions } from '../../src/emulator/databricks/workspace.ts';
import { createWorkspace } from '../../src/emulator/databricks/workspace.ts';
import type { Client } from '../emulator/databricks/support.ts';
import { client } from '../emulator/databricks/support.ts';
import { pythonCacheDir } from './python-clients.ts';

export interface EmulatedWorkspace {
  workspace: Workspace;
  admin: Client;
  /** An empty folder for what clients leave behind. */
  folder: string;
  /** Ends the workspace and removes what it kept. */
  close(): Promise<void>;
}

/** A listening workspace for a whole file of tests; the caller closes it. */
export async function openWorkspace(options: Partial<WorkspaceOptions> = {}): Promise<EmulatedWorkspace> {
  const root = await mkdtemp(join(tmpdir(), 'real-workspace-'));
  const workspace = createWorkspace({ dataDir: join(root, 'workspace'), pythonCacheDir, ...options });
  await workspace.listen({ port: 0 });
  return {
    workspace,
    admin: client(workspace.host, workspace.adminToken),
    folder: await mkdtemp(join(root, 'client-')),
    async close() {
      await workspace.close();
      await rm(root, { recursive: true, force: true });
    },
  };
}
