import { randomUUID } from 'node:crypto';
import type { Principal, WorkspaceContext } from '../context.ts';
import { ApiError, invalid } from '../errors.ts';
import type { Experiment, LifecycleStage } from './experiments.ts';
import { artifactLocation, requireActiveExperiment } from './experiments.ts';
import { randomRunName } from './names.ts';
import type { KeyValue } from './tag-table.ts';
import { tagTable } from './tag-table.ts';

export const runStatuses = ['RUNNING', 'SCHEDULED', 'FINISHED', 'FAILED', 'KILLED'] as const;
export type RunStatus = (typeof runStatuses)[number];

export interface RunInfo {
  run_id: string;
  run_name: string;
  experiment_id: string;
  user_id: string;
  status: RunStatus;
  /** Milliseconds since the epoch; 0 where the client did not say. */
  start_time: number;
  /** Null while the run goes on. */
  end_time: number | null;
  artifact_uri: string;
  lifecycle_stage: LifecycleStage;
}

export interface NewRun {
  name: string | undefined;
  startTime: number | undefined;
  tags: KeyValue[];
}

/** @throws ApiError 400 for a run that was deleted. */
export function requireActive(run: RunInfo): void {
  if (run.lifecycle_stage !== 'active')
    throw invalid(
      `The run ${run.run_id} must be in the 'active' state. Current state is ${run.lifecycle_stage}.`,
    );
}

const noRun = (runId: string) => new ApiError('RESOURCE_DOES_NOT_EXIST', `Run '${runId}' not found.`);

/** The tag that holds a run's name; name and tag are kept equal. */
const nameTag = 'mlflow.runName';

/** Says which job run made a run: Databricks' runtime adds these, here the run's token proves them. */
function originTags(principal: Principal): KeyValue[] {
  const { run } = principal;
  if (!run) return [];
  return [
    ...(run.jobId === 0
      ? []
      : [
          { key: 'mlflow.databricks.jobID', value: String(run.jobId) },
          { key: 'mlflow.source.name', value: `jobs/${run.jobId}/run/${run.taskRunId}` },
          { key: 'mlflow.source.type', value: 'JOB' },
        ]),
    { key: 'mlflow.databricks.jobRunID', value: String(run.taskRunId) },
    ...(run.notebook ? notebookTags(run.notebook, run.jobId !== 0) : []),
  ];
}

/** mlflow's notebook context; in a job the job stays the source (mlflow: tracking/context, later providers win). */
function notebookTags({ id, path }: { id: string; path: string }, inJob: boolean): KeyValue[] {
  return [
    { key: 'mlflow.databricks.notebookID', value: id },
    { key: 'mlflow.databricks.notebookPath', value: path },
    ...(inJob
      ? []
      : [
          { key: 'mlflow.source.name', value: path },
          { key: 'mlflow.source.type', value: 'NOTEBOOK' },
        ]),
  ];
}

export type Runs = ReturnType<typeof createRuns>;

/** MLflow runs: their life, name and tags. What they log is in run-log.ts. */
export function createRuns(context: WorkspaceContext) {
  const { db } = context;
  const tags = tagTable(db, 'mlflow_tags', 'run_id');

  function get(runId: string): RunInfo {
    const row = db.prepare('select * from mlflow_runs where run_id = ?').get(runId);
    if (!row) throw noRun(runId);
    return row as unknown as RunInfo;
  }

  return {
    /** @throws ApiError 404 */
    get,
    tags,
    create(principal: Principal, experiment: Experiment, run: NewRun): string {
      requireActiveExperiment(experiment);
      const named = run.tags.find((tag) => tag.key === nameTag)?.value;
      if (run.name && named && run.name !== named)
        throw invalid(
          `Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values (run_name='${run.name}', mlflow.runName='${named}').`,
        );
      const id = randomUUID().replaceAll('-', '');
      const name = run.name || named || randomRunName();
      // mlflow says LOCAL where it does not see the job around it; inside Databricks it does.
      const unaware = run.tags.some((tag) => tag.key === 'mlflow.source.type' && tag.value === 'LOCAL');
      const given = new Set(
        run.tags.map((tag) => tag.key).filter((key) => !(unaware && key.startsWith('mlflow.source.'))),
      );
      context.transaction(() => {
        db.prepare(`insert into mlflow_runs values (?, ?, ?, ?, 'RUNNING', ?, null, 'active', ?)`).run(
          id,
          experiment.experiment_id,
          name,
          principal.name,
          run.startTime ?? 0,
          `${artifactLocation(experiment.experiment_id)}/${id}/artifacts`,
        );
        // The origin is a fact of the token: a client cannot claim another job's run.
        const origin = originTags(principal).filter(
          (tag) => tag.key.startsWith('mlflow.databricks.') || !given.has(tag.key),
        );
        for (const tag of [...run.tags, { key: nameTag, value: name }, ...origin])
          tags.set(id, tag.key, tag.value);
      });
      return id;
    },
    update(runId: string, change: { status?: RunStatus; endTime?: number; name?: string }): void {
      context.transaction(() => {
        const run = get(runId);
        db.prepare('update mlflow_runs set status = ?, end_time = ?, run_name = ? where run_id = ?').run(
          change.status ?? run.status,
          change.endTime ?? run.end_time,
          change.name ?? run.run_name,
          runId,
        );
        if (change.name) tags.set(runId, nameTag, change.name);
      });
    },
    setStage(runId: string, stage: LifecycleStage): void {
      db.prepare('update mlflow_runs set lifecycle_stage = ? where run_id = ?').run(stage, runId);
    },
    setTag(runId: string, key: string, value: string): void {
      context.transaction(() => {
        tags.set(runId, key, value);
        if (key === nameTag)
          db.prepare('update mlflow_runs set run_name = ? where run_id = ?').run(value, runId);
      });
    },
  };
}
