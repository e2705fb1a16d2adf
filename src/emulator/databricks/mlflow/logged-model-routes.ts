import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { WorkspaceContext } from '../context.ts';
import { invalid } from '../errors.ts';
import type { Experiments } from './experiments.ts';
import type { Fields } from './fields.ts';
import { fieldsOf, optionalText, pageSize, text, texts } from './fields.ts';
import type { LoggedModelInfo, LoggedModels } from './logged-models.ts';
import { loggedModelStatuses } from './logged-models.ts';
import { pageOffset, pageToken } from './page-token.ts';
import { loggedModelOrder, parseLoggedModelFilter } from './search/search-logged-models.ts';
import { keyValues } from './tag-table.ts';

/** `/api/2.0/mlflow/logged-models/**` (MLflow 3). */
export function registerLoggedModels(
  app: FastifyInstance,
  context: WorkspaceContext,
  experiments: Experiments,
  models: LoggedModels,
): void {
  const base = '/api/2.0/mlflow/logged-models';
  const { permissions } = context;

  function access(
    request: FastifyRequest,
    level: 'CAN_READ' | 'CAN_EDIT',
  ): { model: LoggedModelInfo; fields: Fields } {
    const principal = context.authorize(request);
    const { modelId } = request.params as { modelId: string };
    const model = models.get(modelId);
    permissions.requireObject(principal, level, 'experiments', model.experiment_id);
    return { model, fields: fieldsOf(request) };
  }
  const answer = (modelId: string) => ({ model: models.message(models.get(modelId)) });

  app.post(base, (request) => {
    const principal = context.authorize(request);
    const fields = fieldsOf(request);
    const experimentId = text(fields, 'experiment_id');
    permissions.requireObject(principal, 'CAN_EDIT', 'experiments', experimentId);
    experiments.get(experimentId);
    const id = models.create(experimentId, {
      name: optionalText(fields, 'name'),
      modelType: optionalText(fields, 'model_type'),
      sourceRunId: optionalText(fields, 'source_run_id'),
      params: keyValues(fields, 'params'),
      tags: keyValues(fields, 'tags'),
    });
    return answer(id);
  });

  app.get(`${base}/:modelId`, (request) => answer(access(request, 'CAN_READ').model.model_id));

  app.patch(`${base}/:modelId`, (request) => {
    const { model, fields } = access(request, 'CAN_EDIT');
    const named = typeof fields.status === 'number' ? loggedModelStatuses[fields.status - 1] : fields.status;
    const status = loggedModelStatuses.find((candidate) => candidate === named);
    if (status === undefined || status === 'LOGGED_MODEL_PENDING')
      throw invalid(
        `Invalid model status '${fields.status}'. Expected LOGGED_MODEL_READY or LOGGED_MODEL_UPLOAD_FAILED.`,
      );
    models.setStatus(model.model_id, status);
    return answer(model.model_id);
  });

  app.delete(`${base}/:modelId`, (request) => {
    models.remove(access(request, 'CAN_EDIT').model.model_id);
    return {};
  });

  app.patch(`${base}/:modelId/tags`, (request) => {
    const { model, fields } = access(request, 'CAN_EDIT');
    models.setTags(model.model_id, keyValues(fields, 'tags'));
    return answer(model.model_id);
  });

  app.delete(`${base}/:modelId/tags/:key`, (request) => {
    const { model } = access(request, 'CAN_EDIT');
    models.tags.remove(model.model_id, (request.params as { key: string }).key);
    return {};
  });

  app.post(`${base}/:modelId/params`, (request) => {
    const { model, fields } = access(request, 'CAN_EDIT');
    const known = new Map(models.params.list(model.model_id).map(({ key, value }) => [key, value]));
    context.transaction(() => {
      for (const { key, value } of keyValues(fields, 'params')) {
        if (known.has(key) && known.get(key) !== value)
          throw invalid(`Changing param values is not allowed. Param with key='${key}' was already logged.`);
        models.params.set(model.model_id, key, value);
      }
    });
    return {};
  });

  app.post(`${base}/search`, (request) => {
    const principal = context.authorize(request);
    const fields = fieldsOf(request);
    const experimentIds = texts(fields, 'experiment_ids');
    for (const id of experimentIds) permissions.requireObject(principal, 'CAN_READ', 'experiments', id);
    const size = pageSize(fields, 100, 1000);
    const question = [experimentIds, fields.filter, fields.order_by];
    const offset = pageOffset(optionalText(fields, 'page_token'), question);
    const found = models
      .of(experimentIds)
      .filter(parseLoggedModelFilter(models, optionalText(fields, 'filter')));
    const order = loggedModelOrder(models, fields);
    const sorted = order ? found.toSorted(order) : found;
    const more = offset + size < sorted.length;
    return {
      models: sorted.slice(offset, offset + size).map(models.message),
      ...(more ? { next_page_token: pageToken(offset + size, question) } : {}),
    };
  });
}
