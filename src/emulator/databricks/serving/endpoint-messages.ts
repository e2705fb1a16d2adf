import type { EndpointConfig, ServedEntity } from './endpoint-config.ts';
import type { Endpoint } from './endpoints.ts';
import type { LoadedModels } from './loaded-models.ts';

/** `DEPLOYMENT_*` and why, for one entity of the live or the pending configuration. */
function deployment(endpoint: Endpoint, loaded: LoadedModels, entity: ServedEntity, isPending: boolean) {
  if (isPending && endpoint.updateState === 'UPDATE_FAILED') {
    const failure = endpoint.failures[entity.name] ?? endpoint.failures['*'];
    return failure === undefined
      ? { deployment: 'DEPLOYMENT_ABORTED', deployment_state_message: 'Another entity of the update failed.' }
      : { deployment: 'DEPLOYMENT_FAILED', deployment_state_message: failure };
  }
  const state = loaded.state(entity.entity_name, Number(entity.entity_version));
  return state === 'ready'
    ? { deployment: 'DEPLOYMENT_READY', deployment_state_message: '' }
    : { deployment: 'DEPLOYMENT_CREATING', deployment_state_message: 'Loading the model' };
}

function configMessage(endpoint: Endpoint, config: EndpointConfig, loaded: LoadedModels, version: number) {
  const isPending = config === endpoint.pending;
  const entities = config.served_entities.map((entity) => ({
    name: entity.name,
    entity_name: entity.entity_name,
    entity_version: entity.entity_version,
    ...entity.settings,
    state: deployment(endpoint, loaded, entity, isPending),
    creator: endpoint.creator,
    creation_timestamp: endpoint.createdAt,
  }));
  return {
    config_version: version,
    served_entities: entities,
    // The older half of the same answer, for clients that still read it.
    served_models: entities.map(({ entity_name: model, entity_version: number, ...rest }) => ({
      ...rest,
      model_name: model,
      model_version: number,
    })),
    traffic_config: {
      routes: config.routes.map((route) => ({ ...route, served_model_name: route.served_entity_name })),
    },
  };
}

/** Whether everything that gets traffic is loaded. */
function isReady(endpoint: Endpoint, loaded: LoadedModels): boolean {
  const { config } = endpoint;
  if (!config) return false;
  const used = config.routes
    .filter((route) => route.traffic_percentage > 0)
    .map((route) => route.served_entity_name);
  return config.served_entities
    .filter((entity) => used.includes(entity.name))
    .every((entity) => loaded.state(entity.entity_name, Number(entity.entity_version)) === 'ready');
}

/** An endpoint as `GET /api/2.0/serving-endpoints/{name}` answers it. */
export function endpointMessage(endpoint: Endpoint, loaded: LoadedModels, permissionLevel?: string) {
  const { config, pending } = endpoint;
  return {
    name: endpoint.name,
    id: endpoint.id,
    creator: endpoint.creator,
    creation_timestamp: endpoint.createdAt,
    last_updated_timestamp: endpoint.updatedAt,
    state: {
      ready: isReady(endpoint, loaded) ? 'READY' : 'NOT_READY',
      config_update: endpoint.updateState,
    },
    ...(config ? { config: configMessage(endpoint, config, loaded, endpoint.configVersion) } : {}),
    ...(pending
      ? {
          pending_config: {
            ...configMessage(endpoint, pending, loaded, endpoint.configVersion + 1),
            start_time: endpoint.pendingSince,
          },
        }
      : {}),
    tags: endpoint.tags,
    ...(permissionLevel ? { permission_level: permissionLevel } : {}),
    route_optimized: false,
  };
}

/** An endpoint as the list of endpoints shows it: what it serves, without how and with what traffic. */
export function endpointSummary(endpoint: Endpoint, loaded: LoadedModels) {
  const {
    config,
    pending_config: _pending,
    route_optimized: _route,
    ...summary
  } = endpointMessage(endpoint, loaded);
  if (!config) return summary;
  return {
    ...summary,
    config: {
      served_entities: config.served_entities.map(({ name, entity_name, entity_version }) => ({
        name,
        entity_name,
        entity_version,
      })),
      served_models: config.served_models.map(({ name, model_name, model_version }) => ({
        name,
        model_name,
        model_version,
      })),
    },
  };
}
