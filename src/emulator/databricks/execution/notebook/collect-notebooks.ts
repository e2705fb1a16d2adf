import { readFileSync } from 'node:fs';
import { posix } from 'node:path';
import type { WorkspaceFiles } from '../../files/workspace-files.ts';
import { parentOf, parseWorkspacePath } from '../../files/workspace-path.ts';
import type { Language } from '../../notebook/cell.ts';
import { NotebookFormatError } from '../../notebook/cell.ts';
import { readNotebook } from '../../notebook/notebook.ts';
import type { Step } from '../../notebook/steps.ts';
import { planNotebook } from '../../notebook/steps.ts';

/** A notebook's steps, or why it cannot be run: said by the cell that runs it. */
export type Collected = { steps: Step[] } | { error: string };

/** A notebook and all that it runs with `%run`, by workspace path, and what their `%pip` lines ask for. */
export function collectNotebooks(
  files: WorkspaceFiles,
  mayRead: (path: string) => boolean,
  first: string,
): { notebooks: Record<string, Collected>; requirements: string[] } {
  const notebooks: Record<string, Collected> = {};
  const requirements: string[] = [];
  const waiting = [first];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (notebooks[path]) continue;
    const object = mayRead(path) ? files.find(path) : undefined;
    if (object?.type !== 'NOTEBOOK') {
      notebooks[path] = { error: `Notebook not found: ${path}` };
      continue;
    }
    if (object.language !== 'PYTHON') {
      notebooks[path] = {
        error: `Notebook ${path} is in ${object.language}; this workspace runs Python only.`,
      };
      continue;
    }
    try {
      const cells = readNotebook(readFileSync(files.diskPath(path), 'utf8'), object.language as Language);
      const planned = planNotebook(cells);
      const folder = parentOf(path) ?? '/';
      notebooks[path] = { steps: planned.steps.map((step) => withTarget(step, folder)) };
      for (const step of planned.steps.map((each) => withTarget(each, folder)))
        if (step.kind === 'run') waiting.push(step.path);
      requirements.push(...planned.requirements.map((line) => fromFolder(line, folder)));
    } catch (error) {
      if (!(error instanceof NotebookFormatError)) throw error;
      notebooks[path] = { error: `Notebook ${path}: ${error.message}` };
    }
  }
  return { notebooks, requirements };
}

/** `%run` names a notebook from the folder of the one that runs it. */
function withTarget(step: Step, folder: string): Step {
  return step.kind === 'run' ? { ...step, path: absolute(step.path, folder) } : step;
}

const absolute = (path: string, folder: string) =>
  parseWorkspacePath(posix.resolve(folder, path.replace(/^\/Workspace(?=\/)/, '')));

/** Files that `%pip` names from the notebook's folder, by their workspace path. */
function fromFolder(line: string, folder: string): string {
  const included = /^-r (\S+)$/.exec(line)?.[1];
  if (included !== undefined) return `-r ${absolute(included, folder)}`;
  return /^\.{0,2}\/\S+\.whl$/.test(line) ? absolute(line, folder) : line;
}
