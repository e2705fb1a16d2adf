import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { bodyOf } from '../body.ts';
import { createModels } from '../catalog/models.ts';
import { createVersions } from '../catalog/versions.ts';
import type { Principal, WorkspaceContext } from '../context.ts';
import { ApiError, invalid } from '../errors.ts';
import type { Fields } from '../mlflow/fields.ts';
import { anyText, fieldsOf, messages, text, texts } from '../mlflow/fields.ts';
import { levelsByType } from '../permission/privileges.ts';
import type { EndpointConfig, ServedEntity } from './endpoint-config.ts';
import { parseConfig, pickEntity } from './endpoint-config.ts';
import { endpointMessage, endpointSummary } from './endpoint-messages.ts';
import { createEndpointUpdates } from './endpoint-updates.ts';
import type { Endpoint, Tag } from './endpoints.ts';
import { createEndpoints, servingTables } from './endpoints.ts';
import { createLoadedModels } from './loaded-models.ts';

/** Model serving: `/api/2.0/serving-endpoints/**` and the invocations of endpoints. Models are really loaded. */
export function registerServing(app: FastifyInstance, context: WorkspaceContext): void {
  context.migrate('serving', servingTables);
  const { permissions } = context;
  const endpoints = createEndpoints(context);
  const loaded = createLoadedModels(context);
  // Cleanups run last first: updates learn that the workspace closes before their models are taken away.
  context.onClose(() => loaded.close());
  const updates = createEndpointUpdates(context, endpoints, loaded);
  const models = createModels(context);
  const versions = createVersions(context, models);
  app.addHook('onReady', async () => updates.resume());

  const base = '/api/2.0/serving-endpoints';
  type Level = (typeof levelsByType)['serving-endpoints'][number];

  function access(request: FastifyRequest, level: Level): { endpoint: Endpoint; principal: Principal } {
    const principal = context.authorize(request);
    const endpoint = endpoints.get((request.params as { name: string }).name);
    permissions.requireObject(principal, level, 'serving-endpoints', endpoint.id);
    return { endpoint, principal };
  }

  /** Whoever changes an endpoint needs EXECUTE on what it is to serve. */
  function configOf(principal: Principal, fields: Fields): EndpointConfig {
    const config = parseConfig(fields);
    for (const { entity_name: model, entity_version: number } of config.served_entities) {
      permissions.require(principal, 'EXECUTE', 'function', model);
      const version = versions.get(models.get(model).full_name, Number(number));
      if (version.status !== 'READY')
        throw invalid(
          `Version ${number} of '${model}' is ${version.status}: only READY versions can be served.`,
        );
    }
    return config;
  }

  app.post(base, (request) => {
    const principal = context.authorize(request);
    const fields = fieldsOf(request);
    const name = text(fields, 'name');
    const config = configOf(principal, (fields.config ?? {}) as Fields);
    const endpoint = context.transaction(() => {
      endpoints.create(principal, name, tagsOf(fields, 'tags'));
      return endpoints.startUpdate(name, config);
    });
    updates.start(name);
    return endpointMessage(endpoint, loaded);
  });

  app.get(base, (request) => {
    const principal = context.authorize(request);
    const visible = endpoints
      .all()
      .filter((endpoint) =>
        permissions.allowsObject(principal, 'CAN_VIEW', 'serving-endpoints', endpoint.id),
      );
    return { endpoints: visible.map((endpoint) => endpointSummary(endpoint, loaded)) };
  });

  app.get(`${base}/:name`, (request) => {
    const { endpoint, principal } = access(request, 'CAN_VIEW');
    const level = levelsByType['serving-endpoints'].findLast((candidate) =>
      permissions.allowsObject(principal, candidate, 'serving-endpoints', endpoint.id),
    );
    return endpointMessage(endpoint, loaded, level);
  });

  app.put(`${base}/:name/config`, (request) => {
    const { endpoint, principal } = access(request, 'CAN_MANAGE');
    const config = configOf(principal, fieldsOf(request));
    const updating = endpoints.startUpdate(endpoint.name, config);
    updates.start(endpoint.name);
    return endpointMessage(updating, loaded);
  });

  app.patch(`${base}/:name/tags`, (request) => {
    const { endpoint } = access(request, 'CAN_MANAGE');
    const fields = fieldsOf(request);
    return { tags: endpoints.changeTags(endpoint, tagsOf(fields, 'add_tags'), texts(fields, 'delete_tags')) };
  });

  app.delete(`${base}/:name`, async (request) => {
    const { endpoint } = access(request, 'CAN_MANAGE');
    endpoints.remove(endpoint);
    await updates.releaseUnused();
    return {};
  });

  async function invoke(entity: ServedEntity | undefined, request: FastifyRequest, reply: FastifyReply) {
    if (!entity) throw new ApiError('RESOURCE_DOES_NOT_EXIST', 'The endpoint serves no such entity yet.');
    const payload = JSON.stringify(bodyOf(request));
    const worker = await loaded
      .use(entity.entity_name, Number(entity.entity_version))
      .catch((error: Error) => {
        throw new ApiError('TEMPORARILY_UNAVAILABLE', `The model cannot be loaded: ${error.message}`);
      });
    const answer = await worker.predict(payload).catch((error: Error) => {
      throw new ApiError('TEMPORARILY_UNAVAILABLE', error.message);
    });
    return reply
      .code(answer.status)
      .header('served-model-name', entity.name)
      .type('application/json')
      .send(answer.body);
  }

  app.post('/serving-endpoints/:name/invocations', (request, reply) => {
    const { config } = access(request, 'CAN_QUERY').endpoint;
    return invoke(config && pickEntity(config, Math.random()), request, reply);
  });

  // One entity whatever its share of traffic, so that a version can be tried before it gets any.
  app.post('/serving-endpoints/:name/served-models/:entity/invocations', (request, reply) => {
    const { config } = access(request, 'CAN_QUERY').endpoint;
    const { entity } = request.params as { entity: string };
    return invoke(
      config?.served_entities.find((each) => each.name === entity),
      request,
      reply,
    );
  });
}

const tagsOf = (fields: Fields, name: string): Tag[] =>
  messages(fields, name).map((tag) => ({ key: text(tag, 'key'), value: anyText(tag, 'value') }));
