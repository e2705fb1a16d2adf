import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { WorkspaceContext } from '../context.ts';
import { invalid } from '../errors.ts';
import type { Experiments } from './experiments.ts';
import { requireExperimentId } from './experiments.ts';
import type { Fields } from './fields.ts';
import { anyText, fieldsOf, optionalInteger, optionalText, text, textList } from './fields.ts';
import { message } from './message.ts';
import type { RunLog } from './run-log.ts';
import { infoMessage, runMessages } from './run-messages.ts';
import type { RunInfo, RunStatus, Runs } from './runs.ts';
import { requireActive, runStatuses } from './runs.ts';
import { searchRuns } from './search/search-runs.ts';
import { keyValues } from './tag-table.ts';

/** The run that a request names; `run_uuid` is what old clients call it. */
const runIdOf = (fields: Fields) =>
  optionalText(fields, 'run_id') ?? optionalText(fields, 'run_uuid') ?? text(fields, 'run_id');

/** Finds the run of a request and checks the principal's level on its experiment. */
export type RunAccess = (
  request: FastifyRequest,
  level: 'CAN_READ' | 'CAN_EDIT',
) => { run: RunInfo; fields: Fields };

/** A {@link RunAccess}. A run id says nothing about its experiment, so an unknown one is 404 to everybody. */
export function runAccess(context: WorkspaceContext, runs: Runs): RunAccess {
  return (request, level) => {
    const principal = context.authorize(request);
    const fields = fieldsOf(request);
    const run = runs.get(runIdOf(fields));
    context.permissions.requireObject(principal, level, 'experiments', run.experiment_id);
    return { run, fields };
  };
}

/** protobuf's JSON may write an enum as its number. */
function statusOf(fields: Fields): RunStatus | undefined {
  const value = fields.status;
  if (value === undefined || value === null) return undefined;
  const name = typeof value === 'number' ? runStatuses[value - 1] : value;
  const found = runStatuses.find((status) => status === name);
  if (!found) throw invalid(`Invalid run status '${value}'. Valid values are ${runStatuses.join(', ')}.`);
  return found;
}

/** `/api/2.0/mlflow/runs/**` except what runs log. */
export function registerRuns(
  app: FastifyInstance,
  context: WorkspaceContext,
  rooms: { experiments: Experiments; runs: Runs; log: RunLog; access: RunAccess },
): void {
  const base = '/api/2.0/mlflow/runs';
  const { db, permissions } = context;
  const { experiments, runs, access } = rooms;

  app.post(`${base}/create`, (request) => {
    const principal = context.authorize(request);
    const fields = fieldsOf(request);
    const experimentId = text(fields, 'experiment_id');
    requireExperimentId(experimentId);
    permissions.requireObject(principal, 'CAN_EDIT', 'experiments', experimentId);
    const id = runs.create(principal, experiments.get(experimentId), {
      name: optionalText(fields, 'run_name'),
      startTime: optionalInteger(fields, 'start_time'),
      tags: keyValues(fields, 'tags'),
    });
    const { outputs: _, ...made } = runMessages(db, [id])[0] ?? {};
    return { run: made };
  });

  app.get(`${base}/get`, (request) => {
    const { run } = access(request, 'CAN_READ');
    return { run: runMessages(db, [run.run_id])[0] };
  });

  app.post(`${base}/update`, (request) => {
    const { run, fields } = access(request, 'CAN_EDIT');
    requireActive(run);
    runs.update(run.run_id, {
      status: statusOf(fields),
      endTime: optionalInteger(fields, 'end_time'),
      name: optionalText(fields, 'run_name'),
    });
    return { run_info: infoMessage(runs.get(run.run_id)) };
  });

  for (const [path, stage] of [
    ['delete', 'deleted'],
    ['restore', 'active'],
  ] as const)
    app.post(`${base}/${path}`, (request) => {
      const { run } = access(request, 'CAN_EDIT');
      runs.setStage(run.run_id, stage);
      return {};
    });

  app.post(`${base}/search`, (request) => {
    const principal = context.authorize(request);
    const fields = fieldsOf(request);
    const experimentIds = textList(fields, 'experiment_ids');
    for (const id of experimentIds) {
      requireExperimentId(id);
      permissions.requireObject(principal, 'CAN_READ', 'experiments', id);
    }
    const { runIds, nextPageToken } = searchRuns(db, experimentIds, fields);
    return message({ runs: runMessages(db, runIds), next_page_token: nextPageToken });
  });

  app.post(`${base}/set-tag`, (request) => {
    const { run, fields } = access(request, 'CAN_EDIT');
    requireActive(run);
    rooms.log.setTag(run.run_id, { key: text(fields, 'key'), value: anyText(fields, 'value') });
    return {};
  });

  app.post(`${base}/delete-tag`, (request) => {
    const { run, fields } = access(request, 'CAN_EDIT');
    requireActive(run);
    runs.tags.remove(run.run_id, text(fields, 'key'));
    return {};
  });
}
