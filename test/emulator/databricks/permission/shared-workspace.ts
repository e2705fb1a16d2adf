import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createWorkspace } from '../../../../src/emulator/databricks/workspace.ts';
import { client, servicePrincipal } from '../support.ts';

export type SharedWorkspace = Awaited<ReturnType<typeof openSharedWorkspace>>;

/** One workspace for a whole file of tests, and principals of it; the caller closes it. */
export async function openSharedWorkspace() {
  const root = await mkdtemp(join(tmpdir(), 'workspace-'));
  const workspace = createWorkspace({
    dataDir: root,
    pythonCacheDir: join(tmpdir(), 'gitea-databricks-test-python'),
    stopGraceMs: 300,
  });
  await workspace.listen({ port: 0 });
  const admin = client(workspace.host, workspace.adminToken);
  return {
    workspace,
    admin,
    principal: (name: string) => servicePrincipal(workspace, admin, name),
    async close() {
      await workspace.close();
      await rm(root, { recursive: true, force: true });
    },
  };
}
