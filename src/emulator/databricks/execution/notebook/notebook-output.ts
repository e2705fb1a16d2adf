import { readFileSync, writeFileSync } from 'node:fs';
import type { WorkspaceContext } from '../../context.ts';
import type { Run, TaskRun } from '../../jobs/run-store.ts';
import { logPath } from '../task-log.ts';

/** `runs/get-output` gives the first 5 MB of what a notebook returned. */
const resultLimit = 5 * 1024 * 1024;

interface Kept {
  /** Undefined when the notebook ended without `dbutils.notebook.exit`. */
  result?: string | undefined;
  /** What it set with `dbutils.jobs.taskValues.set`. */
  values: Record<string, unknown>;
}

const outputPath = (context: WorkspaceContext, task: Pick<TaskRun, 'id' | 'runId'>) =>
  logPath(context, task).replace(/\.log$/, '.output.json');

/** Keeps what a notebook returned and set for the tasks after it. */
export function keepOutput(context: WorkspaceContext, task: TaskRun, output: Kept): void {
  writeFileSync(outputPath(context, task), JSON.stringify(output));
}

function keptOutput(context: WorkspaceContext, task: TaskRun): Kept {
  try {
    return JSON.parse(readFileSync(outputPath(context, task), 'utf8')) as Kept;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { values: {} };
    throw error;
  }
}

/** `notebook_output` of `runs/get-output`; empty for a notebook that returned nothing. */
export function notebookOutput(
  context: WorkspaceContext,
  task: TaskRun,
): { result?: string; truncated?: boolean } {
  const { result } = keptOutput(context, task);
  if (result === undefined) return {};
  const bytes = Buffer.from(result, 'utf8');
  if (bytes.length <= resultLimit) return { result, truncated: false };
  let end = resultLimit;
  // Do not end inside a character.
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return { result: bytes.subarray(0, end).toString('utf8'), truncated: true };
}

/** The values that tasks before this one have set, by task key. */
export function taskValuesOf(
  context: WorkspaceContext,
  run: Run,
  task: TaskRun,
): Record<string, Record<string, unknown>> {
  const others = run.tasks.filter(({ key }) => key !== task.key);
  return Object.fromEntries(others.map((other) => [other.key, keptOutput(context, other).values]));
}
