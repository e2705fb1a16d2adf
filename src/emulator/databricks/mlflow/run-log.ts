import type { WorkspaceContext } from '../context.ts';
import { invalid } from '../errors.ts';
import type { Fields } from './fields.ts';
import { double, integer, optionalInteger, optionalText, pageSize, text } from './fields.ts';
import { message } from './message.ts';
import { pageOffset, pageToken } from './page-token.ts';
import type { Runs } from './runs.ts';
import type { KeyValue } from './tag-table.ts';
import { limits, requireKey, requireLength } from './validation.ts';

/** One point of a metric. */
export interface Metric {
  key: string;
  /** NaN comes back as "NaN"; infinities are stored as the largest doubles, as MLflow does. */
  value: number;
  /** Milliseconds since the epoch. */
  timestamp: number;
  step: number;
  model_id?: string;
  dataset_name?: string;
  dataset_digest?: string;
}

/** @throws ApiError 400 for a missing or wrong part of the message. */
export function metricOf(fields: Fields): Metric {
  const key = text(fields, 'key');
  requireKey('metric', key);
  const timestamp = integer(fields, 'timestamp');
  if (timestamp < 0)
    throw invalid(`Got invalid timestamp ${timestamp} for metric '${key}': it must be a nonnegative long.`);
  return {
    key,
    value: double(fields, 'value'),
    timestamp,
    step: optionalInteger(fields, 'step') ?? 0,
    model_id: optionalText(fields, 'model_id'),
    dataset_name: optionalText(fields, 'dataset_name'),
    dataset_digest: optionalText(fields, 'dataset_digest'),
  };
}

/** A stored point as the API writes it: absent fields left out, NaN as protobuf's JSON has it. */
export function metricMessage(row: Record<string, unknown>): Record<string, unknown> {
  const { is_nan: notANumber, ...rest } = row;
  return message(notANumber ? { ...rest, value: 'NaN' } : rest);
}

export type RunLog = ReturnType<typeof createRunLog>;

/** What runs log: metrics (every point), params (immutable) and tags. */
export function createRunLog(context: WorkspaceContext, runs: Runs) {
  const { db } = context;

  function logMetric(runId: string, metric: Metric): void {
    const isNan = Number.isNaN(metric.value) ? 1 : 0;
    const bounded = Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, metric.value));
    const value = isNan ? 0 : bounded;
    // The same point twice is one point, so that a client may repeat a request whose answer was lost.
    db.prepare('insert or ignore into mlflow_metrics values (?, ?, ?, ?, ?, ?, ?, ?, ?)').run(
      runId,
      metric.key,
      metric.step,
      metric.timestamp,
      value,
      isNan,
      metric.model_id ?? null,
      metric.dataset_name ?? null,
      metric.dataset_digest ?? null,
    );
    // Latest is by step, then time, then value (mlflow `sqlalchemy_store._update_latest_metrics_if_necessary`).
    db.prepare(
      `insert into mlflow_latest_metrics (run_id, key, step, timestamp, value, is_nan) values (?, ?, ?, ?, ?, ?)
         on conflict (run_id, key) do update set step = excluded.step, timestamp = excluded.timestamp,
           value = excluded.value, is_nan = excluded.is_nan
         where (excluded.step, excluded.timestamp, excluded.value) > (step, timestamp, value)`,
    ).run(runId, metric.key, metric.step, metric.timestamp, value, isNan);
  }

  function logParam(runId: string, { key, value }: KeyValue): void {
    requireKey('param', key);
    requireLength(`Param value for key '${key}'`, value, limits.paramLength);
    const old = db.prepare('select value from mlflow_params where run_id = ? and key = ?').get(runId, key);
    if (old && old.value !== value)
      throw invalid(
        `Changing param values is not allowed. Param with key='${key}' was already logged with value='${old.value}' for run ID='${runId}'. Attempted logging new value '${value}'.`,
      );
    if (!old) db.prepare('insert into mlflow_params values (?, ?, ?)').run(runId, key, value);
  }

  return {
    logMetric,
    logParam,
    setTag(runId: string, { key, value }: KeyValue): void {
      requireKey('tag', key);
      requireLength(`Tag value for key '${key}'`, value, limits.tagLength);
      runs.setTag(runId, key, value);
    },
    /** One page of a metric's points in the order of time and step. */
    history(runId: string, fields: Fields, size: number | undefined) {
      const key = text(fields, 'metric_key');
      const question = ['history', runId, key];
      const offset = pageOffset(optionalText(fields, 'page_token'), question);
      const rows = db
        .prepare(
          `select key, value, timestamp, step, is_nan, model_id, dataset_name, dataset_digest from mlflow_metrics
             where run_id = ? and key = ? order by timestamp, step, value limit ? offset ?`,
        )
        .all(runId, key, size === undefined ? -1 : size + 1, offset);
      const more = size !== undefined && rows.length > size;
      return message({
        metrics: (more ? rows.slice(0, size) : rows).map(metricMessage),
        next_page_token: more ? pageToken(offset + size, question) : undefined,
      });
    },
    /**
     * Points of runs within a range of steps, evenly thinned to at most `max_results` of each run; the last one stays
     * (mlflow `sqlalchemy_store._sample_rows_with_window_functions`).
     */
    sampled(runIds: string[], fields: Fields): Record<string, unknown>[] {
      const key = text(fields, 'metric_key');
      const size = pageSize(fields, limits.sampledPoints, limits.sampledPoints);
      const start = optionalInteger(fields, 'start_step');
      const end = optionalInteger(fields, 'end_step');
      if ((start === undefined) !== (end === undefined))
        throw invalid('If either start step or end step are specified, both must be specified.');
      if (start !== undefined && end !== undefined && start > end)
        throw invalid(
          `end_step must not be less than start_step. Found start_step=${start} and end_step=${end}.`,
        );
      const points = db.prepare(
        `select key, value, timestamp, step, run_id, is_nan, ntile(?) over place as bucket from mlflow_metrics
           where run_id = ? and key = ? and step between ? and ?
           window place as (order by step, timestamp, value, is_nan)`,
      );
      const range = [start ?? Number.MIN_SAFE_INTEGER, end ?? Number.MAX_SAFE_INTEGER];
      return runIds.flatMap((runId) => {
        const rows = points.all(size, runId, key, ...range);
        const kept = rows.filter((row, at) => row.bucket !== rows[at - 1]?.bucket);
        const last = rows.at(-1);
        if (last && kept.at(-1) !== last) kept.splice(kept.length < size ? kept.length : -1, 1, last);
        return kept.map(({ bucket: _, ...row }) => metricMessage(row));
      });
    },
  };
}
