import type { Endpoint, ServedVersion } from '../registry/endpoint.ts';
import { DatabricksError } from './error.ts';
import type { WorkspaceHttp } from './workspace-http.ts';

interface ServedEntity {
  name: string;
  entity_name?: string;
  entity_version?: string;
  state?: { deployment?: string; deployment_state_message?: string };
  [setting: string]: unknown;
}

interface Route {
  served_entity_name?: string;
  served_model_name?: string;
  traffic_percentage: number;
}

interface Config {
  config_version?: number;
  auto_capture_config?: object;
  served_entities?: ServedEntity[];
  traffic_config?: { routes?: Route[] };
}

interface EndpointAnswer {
  name: string;
  state?: { ready?: string; config_update?: string };
  config?: Config;
  pending_config?: Config;
}

/** What of a served entity is configuration; the rest of what GET tells (state, creator, times) may not be sent back. */
const settings = [
  'workload_size',
  'workload_type',
  'scale_to_zero_enabled',
  'min_provisioned_concurrency',
  'max_provisioned_concurrency',
  'environment_vars',
  'instance_profile_arn',
] as const;

function pick(entity: ServedEntity): Record<string, unknown> {
  return Object.fromEntries(
    settings.filter((key) => entity[key] !== undefined).map((key) => [key, entity[key]]),
  );
}

/** An entity without a whole version number is an external or foundation model. */
function isVersionOf(entity: ServedEntity, model: string): boolean {
  return entity.entity_name === model && Number.isInteger(Number(entity.entity_version));
}

const updates: Record<string, Endpoint['update']> = {
  IN_PROGRESS: 'in-progress',
  UPDATE_FAILED: 'failed',
  UPDATE_CANCELED: 'failed',
};

/** Model Serving endpoints of one workspace (REST 2.0). */
export class Serving {
  readonly #http: WorkspaceHttp;

  constructor(http: WorkspaceHttp) {
    this.#http = http;
  }

  /** null: there is no endpoint of that name. */
  async endpoint(token: string, name: string, model: string): Promise<Endpoint | null> {
    let answer: EndpointAnswer;
    try {
      answer = await this.#http.json(token, 'GET', `/api/2.0/serving-endpoints/${encodeURIComponent(name)}`);
    } catch (error) {
      if (error instanceof DatabricksError && error.missing) return null;
      throw error;
    }
    const routes = answer.config?.traffic_config?.routes ?? [];
    const entities = answer.config?.served_entities ?? [];
    const ours = entities.filter((entity) => isVersionOf(entity, model));
    const failed = [...(answer.pending_config?.served_entities ?? []), ...entities].find(
      (entity) => entity.state?.deployment === 'DEPLOYMENT_FAILED',
    );
    return {
      name: answer.name,
      ready: answer.state?.ready === 'READY',
      update: updates[answer.state?.config_update ?? ''] ?? 'idle',
      configVersion: answer.config?.config_version ?? 0,
      served: ours.map((entity) => ({
        name: entity.name,
        version: Number(entity.entity_version),
        percentage: routes.find((route) => nameOf(route) === entity.name)?.traffic_percentage ?? 0,
        settings: pick(entity),
      })),
      others: entities
        .filter((entity) => !isVersionOf(entity, model))
        .map((entity) => entity.entity_name ?? entity.name),
      message: failed?.state?.deployment_state_message ?? null,
    };
  }

  /**
   * Replaces the configuration of traffic and entities; what else belongs to it (inference tables) is carried over.
   * Databricks refuses it (409) while another update is in progress; one that is this very update is no refusal.
   */
  async route(token: string, name: string, model: string, served: readonly ServedVersion[]): Promise<void> {
    const { config } = await this.#http.json<EndpointAnswer>(
      token,
      'GET',
      `/api/2.0/serving-endpoints/${encodeURIComponent(name)}`,
    );
    const path = `/api/2.0/serving-endpoints/${encodeURIComponent(name)}`;
    try {
      await this.#http.json(token, 'PUT', `${path}/config`, {
        body: {
          ...(config?.auto_capture_config && { auto_capture_config: config.auto_capture_config }),
          served_entities: served.map((entry) => ({
            workload_size: 'Small',
            scale_to_zero_enabled: true,
            ...entry.settings,
            name: entry.name,
            entity_name: model,
            entity_version: String(entry.version),
          })),
          traffic_config: {
            routes: served.map((entry) => ({
              served_entity_name: entry.name,
              traffic_percentage: entry.percentage,
            })),
          },
        },
      });
    } catch (error) {
      // Said again after a lost answer it is refused, because the first one is being carried out.
      if (!(error instanceof DatabricksError && (error.status === 409 || error.status === 0))) throw error;
      const now = await this.#http.json<EndpointAnswer>(token, 'GET', path);
      if (!isConfig(now.pending_config ?? now.config, served)) throw error;
    }
  }
}

/** Whether a configuration serves just these versions with this traffic. */
function isConfig(config: Config | undefined, served: readonly ServedVersion[]): boolean {
  const of = (entries: readonly { name: string; version: number; percentage: number }[]) =>
    JSON.stringify(entries.map(({ name, version, percentage }) => [name, version, percentage]).toSorted());
  const percentages = new Map(
    (config?.traffic_config?.routes ?? []).map((route) => [nameOf(route), route.traffic_percentage]),
  );
  const entities = (config?.served_entities ?? []).map((entity) => ({
    name: entity.name,
    version: Number(entity.entity_version),
    percentage: percentages.get(entity.name) ?? 0,
  }));
  return of(entities) === of(served);
}

const nameOf = (route: Route) => route.served_entity_name ?? route.served_model_name;
