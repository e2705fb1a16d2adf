import type { TrainingWorkspace } from '../training/workspace-port.ts';
import type { Call } from './caller.ts';
import { DatabricksError } from './error.ts';

type FilesPort = Pick<TrainingWorkspace, 'writtenAt' | 'makeFolders' | 'writeFile'>;

const isThere = (error: unknown) =>
  error instanceof DatabricksError &&
  (error.status === 409 || error.code === 'RESOURCE_ALREADY_EXISTS' || error.code === 'ALREADY_EXISTS');

/** Files of the workspace: folders, and files with their bytes as they are. */
export function createWorkspaceFiles(call: Call): FilesPort {
  return {
    async writtenAt(as, path) {
      try {
        const found = await call<{ created_at?: number }>(as, 'GET', '/api/2.0/workspace/get-status', {
          query: { path },
        });
        return found.created_at ?? 0;
      } catch (error) {
        if (error instanceof DatabricksError && error.missing) return null;
        throw error;
      }
    },

    async makeFolders(as, paths) {
      for (const path of paths) {
        await call(as, 'POST', '/api/2.0/workspace/mkdirs', { body: { path }, idempotent: true });
      }
    },

    async writeFile(as, path, content) {
      const encoded = encodeURIComponent(path.replace(/^\/+/, ''));
      try {
        await call(as, 'POST', `/api/2.0/workspace-files/import-file/${encoded}`, {
          query: { overwrite: false },
          body: content,
          timeoutMs: 120_000,
          idempotent: true,
        });
      } catch (error) {
        if (!isThere(error)) throw error;
      }
    },
  };
}
