import type { DatabaseSync } from 'node:sqlite';
import { message } from './message.ts';
import { metricMessage } from './run-log.ts';
import type { RunInfo } from './runs.ts';

/** A run's info as the API writes it: `run_uuid` for old clients, no end while it goes on. */
export function infoMessage(info: RunInfo): Record<string, unknown> {
  return message({ ...info, run_uuid: info.run_id });
}

/** The messages of runs in the order of their ids, read with one query per table however many there are. */
export function runMessages(db: DatabaseSync, runIds: string[]): Record<string, unknown>[] {
  const wanted = JSON.stringify(runIds);
  const grouped = (query: string) =>
    Map.groupBy(db.prepare(query).all(wanted), (row) => row.run_id as string);
  const these = 'run_id in (select value from json_each(?))';
  const infos = grouped(`select * from mlflow_runs where ${these}`);
  const metrics = grouped(`select * from mlflow_latest_metrics where ${these} order by key`);
  const params = grouped(`select * from mlflow_params where ${these} order by key`);
  const tags = grouped(`select * from mlflow_tags where ${these} order by key`);
  const datasets = grouped(`select run_id, input from mlflow_run_datasets where ${these}`);
  const models = grouped(`select * from mlflow_run_models where ${these} order by step`);

  const without = ({ run_id: _, ...rest }: Record<string, unknown>) => rest;
  return runIds.map((id) => {
    const linked = models.get(id) ?? [];
    const inputs = linked.filter((row) => row.direction === 'input');
    const outputs = linked.filter((row) => row.direction === 'output');
    return {
      info: infoMessage(infos.get(id)?.[0] as unknown as RunInfo),
      data: message({
        metrics: (metrics.get(id) ?? []).map((row) => metricMessage(without(row))),
        params: (params.get(id) ?? []).map(without),
        tags: (tags.get(id) ?? []).map(without),
      }),
      inputs: message({
        dataset_inputs: (datasets.get(id) ?? []).map((row) => JSON.parse(row.input as string)),
        model_inputs: inputs.map((row) => ({ model_id: row.model_id })),
      }),
      outputs: message({ model_outputs: outputs.map((row) => ({ model_id: row.model_id, step: row.step })) }),
    };
  });
}
