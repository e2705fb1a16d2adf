import { afterAll, beforeAll } from 'vitest';
import type { WorkspaceOptions } from '../../../src/emulator/databricks/workspace.ts';
import type { EmulatedWorkspace } from '../emulated-workspace.ts';
import { openWorkspace } from '../emulated-workspace.ts';
import { describePython } from '../python-program.ts';

interface SdkChecks {
  /** A file beside this one. */
  program: string;
  /** How the workspace is started. */
  options?: Partial<WorkspaceOptions>;
  /** Sets up what the program finds. @returns what its environment holds beside the admin's host and token. */
  prepare?: (opened: EmulatedWorkspace) => Promise<Record<string, string>> | Record<string, string>;
}

/** A program of unmodified databricks-sdk against a workspace of its own, which ends with it. */
export function describeSdk(title: string, { program, options, prepare }: SdkChecks): void {
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
    program: new URL(program, import.meta.url),
    folder: () => workspace().folder,
    environment: async () => ({
      DATABRICKS_HOST: workspace().workspace.host,
      DATABRICKS_TOKEN: workspace().workspace.adminToken,
      DATABRICKS_ACCOUNT_ID: workspace().workspace.accountId,
      ...(await prepare?.(workspace())),
    }),
  });
}
