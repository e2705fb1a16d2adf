import { readlink } from 'node:fs/promises';
import { join, sep } from 'node:path';
import type { WorkspaceContext } from '../context.ts';
import { signalGroup } from './child-process.ts';

/**
 * Ends a program that survived the workspace's own death. Process ids are reused, so it is ended only while its
 * folder is one of our runs'; where the system has no /proc it is left alone (its token is revoked in any case).
 */
export async function endOrphan(context: WorkspaceContext, pid: number): Promise<void> {
  try {
    const folder = await readlink(`/proc/${pid}/cwd`);
    if (folder.startsWith(join(context.settings.dataDir, 'runs') + sep)) signalGroup(pid, 'SIGKILL');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'EACCES' && code !== 'EPERM') throw error;
  }
}
