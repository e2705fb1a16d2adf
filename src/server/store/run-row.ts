import type { Insertable, Updateable } from 'kysely';
import type { Run } from '../training/ports.ts';
import type { RunRow } from './schema.ts';

/** A run without its pull requests, which come from another table. */
export type RunFields = Omit<Run, 'pulls'>;

/** The column of each field; histories are left out, for they are large and read on their own. */
export const runColumns = {
  id: 'id',
  repositoryId: 'repository_id',
  number: 'number',
  token: 'token',
  commit: 'commit_sha',
  treeDigest: 'tree_digest',
  title: 'title',
  branch: 'branch',
  trigger: 'trigger',
  trust: 'trust',
  attempt: 'attempt',
  state: 'state',
  stateReason: 'state_reason',
  actor: 'actor',
  configuration: 'configuration',
  configurationCommit: 'configuration_commit',
  configurationDigest: 'configuration_digest',
  parameters: 'parameters',
  parameterDigest: 'parameter_digest',
  principal: 'principal',
  nonce: 'nonce',
  snapshot: 'snapshot',
  job: 'job',
  databricksRunId: 'databricks_run_id',
  databricksUrl: 'databricks_url',
  experimentId: 'experiment_id',
  mlflowRunId: 'mlflow_run_id',
  modelKey: 'model_key',
  modelVersion: 'model_version',
  metrics: 'metrics',
  loggedParameters: 'logged_parameters',
  historyMetrics: 'history_metrics',
  curve: 'curve',
  tasks: 'tasks',
  error: 'error',
  verdict: 'verdict',
  cancelRequested: 'cancel_requested',
  version: 'version',
  createdAt: 'created_at',
  startedAt: 'started_at',
  endedAt: 'ended_at',
  nextCheckAt: 'next_check_at',
  failures: 'failures',
} as const satisfies Record<keyof RunFields, keyof RunRow>;

const json: ReadonlySet<keyof RunFields> = new Set<keyof RunFields>([
  'actor',
  'configuration',
  'parameters',
  'metrics',
  'loggedParameters',
  'historyMetrics',
  'curve',
  'tasks',
  'error',
  'verdict',
]);

const names = Object.keys(runColumns) as (keyof RunFields)[];

/** A row as a run. */
export function toRun(row: Record<string, unknown>): RunFields {
  const run: Record<string, unknown> = {};
  for (const name of names) {
    const value = row[runColumns[name]];
    if (json.has(name)) run[name] = value === null ? null : JSON.parse(value as string);
    else run[name] = name === 'cancelRequested' ? value !== 0 : value;
  }
  return run as unknown as RunFields;
}

/** The columns of the fields that are given. */
export function toColumns(fields: Partial<RunFields>): Updateable<RunRow> {
  const columns: Record<string, unknown> = {};
  for (const name of names) {
    const value = fields[name];
    if (value === undefined) continue;
    if (json.has(name)) columns[runColumns[name]] = value === null ? null : JSON.stringify(value);
    else columns[runColumns[name]] = typeof value === 'boolean' ? Number(value) : value;
  }
  return columns as Updateable<RunRow>;
}

/** A whole run as a row. */
export function toRow(run: RunFields): Insertable<RunRow> {
  return toColumns(run) as Insertable<RunRow>;
}
