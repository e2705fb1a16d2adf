import { constants } from 'node:fs';
import { cp, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { WorkspaceContext } from '../context.ts';
import type { WorkspaceObject } from '../files/workspace-files.ts';
import { parseWorkspacePath } from '../files/workspace-path.ts';

const maxFiles = 50_000;
const maxBytes = 4 * 1024 ** 3;

/** A folder that is too large to be copied for a run. */
export class WorkTreeError extends Error {}

/**
 * A run's own copy of workspace folders, at `<root>/Workspace/…`: on Databricks they are mounted at `/Workspace`;
 * here each run gets copies, so that training code cannot write into a snapshot.
 */
export function createWorkTree(context: WorkspaceContext, root: string, mayRead: (path: string) => boolean) {
  const { db, files } = context;
  const copied: string[] = [];
  const local = (path: string) => join(root, 'Workspace', `.${path}`);

  function checkSize(path: string): void {
    const sum = db
      .prepare(
        "select count(*) as n, total(size) as bytes from files_objects where substr(path, 1, ?) = ? || '/'",
      )
      .get(path.length + 1, path);
    if ((sum?.n as number) > maxFiles || (sum?.bytes as number) > maxBytes)
      throw new WorkTreeError(
        `Folder /Workspace${path} is too large to run from (at most ${maxFiles} files and 4 GiB); keep the script in a folder of its own.`,
      );
  }

  async function place(object: WorkspaceObject): Promise<string> {
    const target = local(object.path);
    if (copied.some((folder) => `${object.path}/`.startsWith(`${folder}/`))) return target;
    checkSize(object.path);
    await mkdir(dirname(target), { recursive: true });
    await cp(files.diskPath(object.path), target, { recursive: true, mode: constants.COPYFILE_FICLONE });
    copied.push(object.path);
    return target;
  }

  return {
    /** Copies a file or folder. @returns where the copy lies. */
    place,
    /**
     * A parameter as the program must see it: one that names a workspace path (`/Workspace/…`, also after
     * `--option=`) which exists and may be read is replaced by the path of its copy. Everything else stays as it is.
     */
    async translate(parameter: string): Promise<string> {
      const match = /^(--?[\w-]+=)?(\/Workspace\/.+)$/.exec(parameter);
      const path = match?.[2] && safely(match[2]);
      const object = path ? files.find(path) : undefined;
      if (!object || !path || !mayRead(path)) return parameter;
      return `${match?.[1] ?? ''}${await place(object)}`;
    },
  };
}

function safely(text: string): string | undefined {
  try {
    return parseWorkspacePath(text);
  } catch {
    return undefined;
  }
}
