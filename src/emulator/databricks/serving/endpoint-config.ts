import { invalid } from '../errors.ts';
import type { Fields } from '../mlflow/fields.ts';
import { messages, optionalInteger, optionalText, text } from '../mlflow/fields.ts';

/** One model version that an endpoint serves, with the settings that it was given. */
export interface ServedEntity {
  name: string;
  entity_name: string;
  /** A number as text, as the API has it. */
  entity_version: string;
  /** workload_size, scale_to_zero_enabled and whatever else was sent; kept and shown, without effect here. */
  settings: Record<string, unknown>;
}

export interface Route {
  served_entity_name: string;
  /** 0–100; an endpoint's routes add up to 100. */
  traffic_percentage: number;
}

export interface EndpointConfig {
  served_entities: ServedEntity[];
  routes: Route[];
}

const ours = ['name', 'entity_name', 'entity_version', 'model_name', 'model_version'];

/** `served_models` is the API's older word, with `model_name` and `model_version`. */
function entityOf(fields: Fields): ServedEntity {
  const model =
    optionalText(fields, 'entity_name') ?? optionalText(fields, 'model_name') ?? text(fields, 'entity_name');
  const version =
    optionalText(fields, 'entity_version') ??
    optionalText(fields, 'model_version') ??
    text(fields, 'entity_version');
  if (!/^\d{1,15}$/.test(version)) throw invalid(`Invalid entity_version '${version}': expected a number.`);
  const settings = Object.fromEntries(Object.entries(fields).filter(([key]) => !ours.includes(key)));
  return {
    name: optionalText(fields, 'name') ?? `${model.split('.').at(-1)}-${version}`,
    entity_name: model,
    entity_version: version,
    settings: { workload_size: 'Small', scale_to_zero_enabled: false, ...settings },
  };
}

/** Reads `{served_entities, traffic_config}`. @throws ApiError 400 that says what is wrong and what would be right. */
export function parseConfig(fields: Fields): EndpointConfig {
  const entities = [...messages(fields, 'served_entities'), ...messages(fields, 'served_models')].map(
    entityOf,
  );
  if (entities.length === 0) throw invalid('A config must have at least one served entity.');
  const names = entities.map((entity) => entity.name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw invalid(`Served entity names must be unique, '${twice}' is there twice.`);
  const wrong = names.find((name) => !/^[\w-]{1,255}$/.test(name));
  if (wrong !== undefined)
    throw invalid(
      `Invalid served entity name '${wrong}': letters, digits, underscores and dashes are allowed.`,
    );

  const given = messages((fields.traffic_config ?? {}) as Fields, 'routes');
  if (given.length === 0) {
    if (entities.length > 1) throw invalid('A traffic_config is required with more than one served entity.');
    return {
      served_entities: entities,
      routes: [{ served_entity_name: names[0] ?? '', traffic_percentage: 100 }],
    };
  }
  const routes = given.map((route): Route => {
    const name = optionalText(route, 'served_entity_name') ?? text(route, 'served_model_name');
    if (!names.includes(name))
      throw invalid(`Route '${name}' names no served entity. There are: ${names.join(', ')}.`);
    const percentage = optionalInteger(route, 'traffic_percentage') ?? 0;
    if (percentage < 0 || percentage > 100)
      throw invalid(`traffic_percentage ${percentage} of route '${name}' is not within 0 to 100.`);
    return { served_entity_name: name, traffic_percentage: percentage };
  });
  const sum = routes.reduce((total, route) => total + route.traffic_percentage, 0);
  if (sum !== 100)
    throw invalid(`The traffic percentages of all routes must add up to 100, they add up to ${sum}.`);
  return { served_entities: entities, routes };
}

/** What an entity is asked for by: a change of these needs a model to be loaded, a change of routes does not. */
export const servedVersions = (config: EndpointConfig | undefined) =>
  (config?.served_entities ?? []).map((entity) => ({
    model: entity.entity_name,
    version: Number(entity.entity_version),
  }));

/** Draws the entity that answers, by the routes' percentages. @param draw within [0, 1) */
export function pickEntity(config: EndpointConfig, draw: number): ServedEntity | undefined {
  let left = draw * 100;
  for (const route of config.routes) {
    left -= route.traffic_percentage;
    if (left < 0) return config.served_entities.find((entity) => entity.name === route.served_entity_name);
  }
  return undefined;
}
