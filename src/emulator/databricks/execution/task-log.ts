import { join } from 'node:path';
import type { WorkspaceContext } from '../context.ts';
import type { TaskRun } from '../jobs/run-store.ts';
import { readLog } from './run-log.ts';

type Task = Pick<TaskRun, 'id' | 'runId'>;

const runFolder = (context: WorkspaceContext, task: Task) =>
  join(context.settings.dataDir, 'runs', String(task.runId));

/** The folder that holds a task's copies of workspace folders while it runs. */
export const workFolder = (context: WorkspaceContext, task: Task) =>
  join(runFolder(context, task), `work-${task.id}`);

export const logPath = (context: WorkspaceContext, task: Task) =>
  join(runFolder(context, task), `${task.id}.log`);

/**
 * What a task wrote so far, or its end. The paths of its copies read as on Databricks, `/Workspace/…`.
 * @param limit bytes; default 5 MB.
 */
export function readTaskLog(
  context: WorkspaceContext,
  task: Task,
  limit?: number,
): { text: string; truncated: boolean } {
  const { text, truncated } = readLog(logPath(context, task), limit);
  return { text: text.replaceAll(`${workFolder(context, task)}/Workspace/`, '/Workspace/'), truncated };
}
