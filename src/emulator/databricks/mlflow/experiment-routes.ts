import type { FastifyInstance } from 'fastify';
import type { WorkspaceContext } from '../context.ts';
import { invalid } from '../errors.ts';
import type { Experiments } from './experiments.ts';
import { noExperiment } from './experiments.ts';
import type { Fields } from './fields.ts';
import { fieldsOf, optionalText, pageSize, text, texts } from './fields.ts';
import { message } from './message.ts';
import { pageOffset, pageToken } from './page-token.ts';
import { parseExperimentFilter, parseExperimentOrder } from './search/search-experiments.ts';
import { stagesOf } from './search/search-runs.ts';
import { keyValues } from './tag-table.ts';

/** `/api/2.0/mlflow/experiments/**`. Permission is checked before existence: foreign experiments are 403. */
export function registerExperiments(
  app: FastifyInstance,
  context: WorkspaceContext,
  experiments: Experiments,
): void {
  const base = '/api/2.0/mlflow/experiments';
  const { permissions } = context;

  app.post(`${base}/create`, (request) => {
    const principal = context.authorize(request);
    const fields = fieldsOf(request);
    const location = optionalText(fields, 'artifact_location');
    if (location !== undefined)
      throw invalid(
        `artifact_location '${location}' is not supported: artifacts are kept by this workspace.`,
      );
    const id = experiments.create(principal, text(fields, 'name'), keyValues(fields, 'tags'));
    return { experiment_id: id };
  });

  app.get(`${base}/get`, (request) => {
    const principal = context.authorize(request);
    const id = text(fieldsOf(request), 'experiment_id');
    permissions.requireObject(principal, 'CAN_READ', 'experiments', id);
    return { experiment: experiments.get(id) };
  });

  app.get(`${base}/get-by-name`, (request) => {
    const principal = context.authorize(request);
    const name = text(fieldsOf(request), 'experiment_name');
    const found = experiments.findByName(name);
    // By name the workspace says 404 also to whom it would hide: the client then tries to create it.
    if (!found) throw noExperiment(`'${name}'`);
    permissions.requireObject(principal, 'CAN_READ', 'experiments', found.experiment_id);
    return { experiment: found };
  });

  const search = (fields: Fields, principal: ReturnType<WorkspaceContext['authorize']>) => {
    const stages = stagesOf(fields.view_type);
    const filter = optionalText(fields, 'filter');
    const orderBy = texts(fields, 'order_by');
    const size = pageSize(fields, 1000, 50_000);
    const question = [stages, filter, orderBy];
    const offset = pageOffset(optionalText(fields, 'page_token'), question);
    const found = experiments.readable(principal, stages).filter(parseExperimentFilter(filter));
    const sorted = orderBy.length > 0 ? found.toSorted(parseExperimentOrder(orderBy)) : found;
    const page = sorted.slice(offset, offset + size);
    const more = offset + size < sorted.length;
    return message({
      experiments: page,
      next_page_token: more ? pageToken(offset + size, question) : undefined,
    });
  };
  app.post(`${base}/search`, (request) => search(fieldsOf(request), context.authorize(request)));
  app.get(`${base}/search`, (request) => search(fieldsOf(request), context.authorize(request)));

  const change = (
    path: string,
    level: 'CAN_EDIT' | 'CAN_MANAGE',
    act: (fields: Fields, id: string, principal: ReturnType<WorkspaceContext['authorize']>) => void,
  ) =>
    app.post(`${base}/${path}`, (request) => {
      const principal = context.authorize(request);
      const fields = fieldsOf(request);
      const id = text(fields, 'experiment_id');
      permissions.requireObject(principal, level, 'experiments', id);
      experiments.get(id);
      act(fields, id, principal);
      return {};
    });

  change('update', 'CAN_MANAGE', (fields, id, principal) =>
    experiments.rename(principal, id, text(fields, 'new_name')),
  );
  change('delete', 'CAN_MANAGE', (_, id) => experiments.setStage(id, 'deleted'));
  change('restore', 'CAN_MANAGE', (_, id) => experiments.setStage(id, 'active'));
  change('set-experiment-tag', 'CAN_EDIT', (fields, id) =>
    experiments.setTag(id, text(fields, 'key'), String(fields.value ?? '')),
  );
  change('delete-experiment-tag', 'CAN_EDIT', (fields, id) => experiments.removeTag(id, text(fields, 'key')));
}
