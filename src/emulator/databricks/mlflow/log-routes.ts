import type { FastifyInstance } from 'fastify';
import type { WorkspaceContext } from '../context.ts';
import { invalid } from '../errors.ts';
import type { Fields } from './fields.ts';
import { anyText, fieldsOf, messages, optionalInteger, pageSize, text, texts } from './fields.ts';
import { message } from './message.ts';
import type { RunLog } from './run-log.ts';
import { metricOf } from './run-log.ts';
import type { RunAccess } from './run-routes.ts';
import type { Runs } from './runs.ts';
import { requireActive } from './runs.ts';
import { keyValues } from './tag-table.ts';
import { requireBatch, requireDistinct } from './validation.ts';

function modelOf(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw invalid(`Malformed model info: '${json.slice(0, 100)}' is not JSON.`);
  }
}

/** What runs log and what is read back of it: metrics, params, batches, inputs, outputs, metric histories. */
export function registerLogging(
  app: FastifyInstance,
  context: WorkspaceContext,
  rooms: { runs: Runs; log: RunLog; access: RunAccess },
): void {
  const base = '/api/2.0/mlflow';
  const { db } = context;
  const { log, access } = rooms;

  const write = (path: string, act: (runId: string, fields: Fields) => void) =>
    app.post(`${base}/runs/${path}`, (request) => {
      const { run, fields } = access(request, 'CAN_EDIT');
      requireActive(run);
      // All or nothing: a batch that is refused leaves no trace.
      context.transaction(() => act(run.run_id, fields));
      return {};
    });

  write('log-metric', (runId, fields) => log.logMetric(runId, metricOf(fields)));
  write('log-parameter', (runId, fields) =>
    log.logParam(runId, { key: text(fields, 'key'), value: anyText(fields, 'value') }),
  );
  write('log-batch', (runId, fields) => {
    const metrics = messages(fields, 'metrics');
    const params = keyValues(fields, 'params');
    const tags = keyValues(fields, 'tags');
    requireBatch({ metrics: metrics.length, params: params.length, tags: tags.length });
    requireDistinct(params.map((param) => param.key));
    for (const param of params) log.logParam(runId, param);
    for (const metric of metrics) log.logMetric(runId, metricOf(metric));
    for (const tag of tags) log.setTag(runId, tag);
  });
  write('log-inputs', (runId, fields) => {
    const addDataset = db.prepare('insert or ignore into mlflow_run_datasets values (?, ?, ?, ?)');
    for (const input of messages(fields, 'datasets')) {
      const dataset = (input.dataset ?? {}) as Fields;
      addDataset.run(runId, text(dataset, 'name'), text(dataset, 'digest'), JSON.stringify(input));
    }
    linkModels(runId, 'input', messages(fields, 'models'));
  });
  write('outputs', (runId, fields) => linkModels(runId, 'output', messages(fields, 'models')));
  // MLflow 2's record of a logged model is the tag `mlflow.log-model.history`.
  write('log-model', (runId, fields) => {
    const before = rooms.runs.tags.list(runId).find((tag) => tag.key === 'mlflow.log-model.history')?.value;
    const history = [
      ...(before ? (JSON.parse(before) as unknown[]) : []),
      modelOf(text(fields, 'model_json')),
    ];
    rooms.runs.tags.set(runId, 'mlflow.log-model.history', JSON.stringify(history));
  });

  function linkModels(runId: string, direction: 'input' | 'output', models: Fields[]): void {
    const link = db.prepare('insert or ignore into mlflow_run_models values (?, ?, ?, ?)');
    for (const model of models)
      link.run(runId, direction, text(model, 'model_id'), optionalInteger(model, 'step') ?? 0);
  }

  app.get(`${base}/metrics/get-history`, (request) => {
    const { run, fields } = access(request, 'CAN_READ');
    const size = fields.max_results === undefined ? undefined : pageSize(fields, 25_000, 25_000);
    return log.history(run.run_id, fields, size);
  });

  app.get(`${base}/metrics/get-history-bulk-interval`, (request) => {
    const principal = context.authorize(request);
    const fields = fieldsOf(request);
    const runIds = texts(fields, 'run_ids');
    if (runIds.length === 0 || runIds.length > 100)
      throw invalid(
        `GetMetricHistoryBulkInterval request must specify between 1 and 100 run_ids. Got ${runIds.length}.`,
      );
    for (const id of runIds)
      context.permissions.requireObject(
        principal,
        'CAN_READ',
        'experiments',
        rooms.runs.get(id).experiment_id,
      );
    return message({ metrics: log.sampled(runIds, fields) });
  });
}
