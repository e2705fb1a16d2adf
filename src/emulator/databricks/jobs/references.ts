/** What `{{…}}` in a task's parameters can refer to (Databricks: dynamic value references). */
export interface ReferenceValues {
  jobId: number;
  jobName: string;
  runId: number;
  repairCount: number;
  taskKey: string;
  taskRunId: number;
  /** Milliseconds. */
  startTime: number;
  workspaceId: string;
  workspaceUrl: string;
  parameters: Record<string, string>;
  /** What tasks before this one have set with `dbutils.jobs.taskValues`, by task key. */
  taskValues: Record<string, Record<string, unknown>>;
}

/**
 * Replaces references in one pass: what a value contains is never evaluated again, so parameters arrive byte for
 * byte. An unknown reference stays as it is written.
 */
export function resolveReferences(text: string, values: ReferenceValues): string {
  return text.replace(/\{\{\s*([\w.-]+)\s*\}\}/g, (whole, name: string) => {
    if (name.startsWith('job.parameters.')) {
      const key = name.slice('job.parameters.'.length);
      return Object.hasOwn(values.parameters, key) ? (values.parameters[key] ?? whole) : whole;
    }
    return taskValue(name, values) ?? known(name, values) ?? whole;
  });
}

/** `tasks.<key>.values.<name>`; what is no text is given as JSON. */
function taskValue(name: string, { taskValues }: ReferenceValues): string | undefined {
  const [, task = '', key = ''] = /^tasks\.([\w-]+)\.values\.(.+)$/.exec(name) ?? [];
  const given = taskValues[task];
  if (!given || !Object.hasOwn(given, key)) return undefined;
  return typeof given[key] === 'string' ? given[key] : JSON.stringify(given[key]);
}

function known(name: string, values: ReferenceValues): string | undefined {
  const start = new Date(values.startTime).toISOString();
  const table: Record<string, string> = {
    'job.id': String(values.jobId),
    'job.name': values.jobName,
    'job.run_id': String(values.runId),
    'job.repair_count': String(values.repairCount),
    'job.start_time.iso_date': start.slice(0, 10),
    'job.start_time.iso_datetime': start,
    'job.start_time.timestamp_ms': String(values.startTime),
    'task.name': values.taskKey,
    'task.run_id': String(values.taskRunId),
    'task.execution_count': String(values.repairCount + 1),
    'workspace.id': values.workspaceId,
    'workspace.url': values.workspaceUrl,
  };
  return Object.hasOwn(table, name) ? table[name] : undefined;
}
