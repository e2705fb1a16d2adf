import type { Clock } from '../duty/clock.ts';
import { systemClock } from '../duty/clock.ts';
import type { WorkspaceTokens } from '../identity/role.ts';
import type { TrainingWorkspace } from '../training/workspace-port.ts';
import { createCall } from './caller.ts';
import { createJobs } from './jobs.ts';
import { createMlflow } from './mlflow.ts';
import { createRunReads } from './run-reads.ts';
import { createWorkspaceFiles } from './workspace-files.ts';
import type { WorkspaceHttp } from './workspace-http.ts';

/** The workspace as training uses it. @param http by the workspace's name in the configuration */
export function createTrainingWorkspace(
  http: (workspace: string) => WorkspaceHttp,
  tokens: WorkspaceTokens,
  clock: Clock = systemClock,
): TrainingWorkspace {
  const call = createCall(http, tokens);
  return {
    ...createJobs(call),
    ...createRunReads(call, clock),
    ...createWorkspaceFiles(call),
    ...createMlflow(call),
  };
}
