import { afterAll, beforeAll } from 'vitest';
import type { WorkspaceOptions } from '../../src/emulator/databricks/workspace.ts';
import type { EmulatedWorkspace } from './emulated-workspace.ts';
import { openWorkspace } from './emulated-workspace.ts';
import { describePython } from './python-program.ts';

interface WorkspaceProgram {
  /** Its checks become tests (checks.py). */
  program: URL;
  /** How the workspace is started. */
  options?: Partial<WorkspaceOptions>;
  /** Sets up what the program finds. @returns what its environment holds beside the admin's host and token. */
  prepare?: (opened: EmulatedWorkspace) => Promise<Record<string, string>> | Record<string, string>;
}

/** A program of unmodified clients against a workspace of its own, as its admin; the workspace ends with the file. */
export function describeInWorkspace(title: string, { program, options, prepare }: WorkspaceProgram): void {
  let opened: EmulatedWorkspace | undefined;
  const workspace = () => {
    if (!opened) throw new Error('the workspace was not opened');
    return opened;
  };

  beforeAll(async () => {
    opened = await openWorkspace({ stopGraceMs: 300, ...options });
  });
  afterAll(() => opened?.close());

  describePython(title, {
    program,
    folder: () => workspace().folder,
    environment: async () => ({
      DATABRICKS_HOST: workspace().workspace.host,
      DATABRICKS_TOKEN: workspace().workspace.adminToken,
      DATABRICKS_ACCOUNT_ID: workspace().workspace.accountId,
      ...(await prepare?.(workspace())),
    }),
  });
}
