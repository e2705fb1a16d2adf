import { randomUUID } from 'node:crypto';
import type { WorkspaceContext } from '../context.ts';
import { ApiError, invalid } from '../errors.ts';
import { artifactLocation } from './experiments.ts';
import { randomRunName } from './names.ts';
import { metricMessage } from './run-log.ts';
import type { KeyValue } from './tag-table.ts';
import { tagTable } from './tag-table.ts';

export const loggedModelStatuses = [
  'LOGGED_MODEL_PENDING',
  'LOGGED_MODEL_READY',
  'LOGGED_MODEL_UPLOAD_FAILED',
] as const;
type LoggedModelStatus = (typeof loggedModelStatuses)[number];

export interface LoggedModelInfo {
  /** `m-` and 32 hexadecimal digits. */
  model_id: string;
  experiment_id: string;
  name: string;
  model_type: string | null;
  source_run_id: string | null;
  status: LoggedModelStatus;
  creation_time: number;
  last_update_time: number;
  artifact_uri: string;
}

interface NewLoggedModel {
  name: string | undefined;
  modelType: string | undefined;
  sourceRunId: string | undefined;
  params: KeyValue[];
  tags: KeyValue[];
}

export type LoggedModels = ReturnType<typeof createLoggedModels>;

/** Models as MLflow 3 logs them into an experiment, before (or without) being registered. */
export function createLoggedModels(context: WorkspaceContext) {
  const { db, clock } = context;
  const params = tagTable(db, 'mlflow_logged_model_params', 'model_id');
  const tags = tagTable(db, 'mlflow_logged_model_tags', 'model_id');

  function get(modelId: string): LoggedModelInfo {
    const row = db.prepare('select * from mlflow_logged_models where model_id = ?').get(modelId);
    if (!row) throw new ApiError('RESOURCE_DOES_NOT_EXIST', `Logged model with ID '${modelId}' not found.`);
    return row as unknown as LoggedModelInfo;
  }

  function metrics(modelId: string): Record<string, unknown>[] {
    return db
      .prepare(
        `select key, value, timestamp, step, is_nan, model_id, dataset_name, dataset_digest, run_id
           from mlflow_metrics where model_id = ? order by key, step, timestamp`,
      )
      .all(modelId)
      .map(metricMessage);
  }

  const touch = (modelId: string) =>
    db
      .prepare('update mlflow_logged_models set last_update_time = ? where model_id = ?')
      .run(clock.now(), modelId);

  return {
    /** @throws ApiError 404 */
    get,
    params,
    tags,
    metrics,
    create(experimentId: string, model: NewLoggedModel): string {
      if (model.name !== undefined && (model.name === '' || /[/:.%"']/.test(model.name)))
        throw invalid(
          `Invalid model name ('${model.name}') provided. Model name must be a non-empty string and cannot contain the following characters: ('/', ':', '.', '%', '"', "'").`,
        );
      const id = `m-${randomUUID().replaceAll('-', '')}`;
      const now = clock.now();
      context.transaction(() => {
        db.prepare('insert into mlflow_logged_models values (?, ?, ?, ?, ?, ?, ?, ?, ?)').run(
          id,
          experimentId,
          model.name ?? randomRunName(),
          model.modelType ?? null,
          model.sourceRunId ?? null,
          'LOGGED_MODEL_PENDING',
          now,
          now,
          `${artifactLocation(experimentId)}/logged_models/${id}`,
        );
        for (const { key, value } of model.params) params.set(id, key, value);
        for (const { key, value } of model.tags) tags.set(id, key, value);
      });
      return id;
    },
    setStatus(modelId: string, status: LoggedModelStatus): void {
      db.prepare('update mlflow_logged_models set status = ? where model_id = ?').run(status, modelId);
      touch(modelId);
    },
    setTags(modelId: string, entries: KeyValue[]): void {
      context.transaction(() => {
        for (const { key, value } of entries) tags.set(modelId, key, value);
        touch(modelId);
      });
    },
    /** Forgets the model; its files stay until the experiment's are purged. */
    remove(modelId: string): void {
      context.transaction(() => {
        for (const table of [
          'mlflow_logged_models',
          'mlflow_logged_model_params',
          'mlflow_logged_model_tags',
        ])
          db.prepare(`delete from ${table} where model_id = ?`).run(modelId);
      });
    },
    /** Those of some experiments, newest first. */
    of(experimentIds: string[]): LoggedModelInfo[] {
      return db
        .prepare(
          `select * from mlflow_logged_models where experiment_id in (select value from json_each(?))
             order by creation_time desc, model_id`,
        )
        .all(JSON.stringify(experimentIds)) as unknown as LoggedModelInfo[];
    },
    /** The message `LoggedModel{info, data}`. */
    message(info: LoggedModelInfo): Record<string, unknown> {
      const id = info.model_id;
      return {
        info: {
          model_id: id,
          experiment_id: info.experiment_id,
          name: info.name,
          creation_timestamp_ms: info.creation_time,
          last_updated_timestamp_ms: info.last_update_time,
          artifact_uri: info.artifact_uri,
          status: info.status,
          ...(info.model_type === null ? {} : { model_type: info.model_type }),
          ...(info.source_run_id === null ? {} : { source_run_id: info.source_run_id }),
          tags: tags.list(id),
        },
        data: { params: params.list(id), metrics: metrics(id) },
      };
    },
  };
}
