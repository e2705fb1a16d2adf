import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkspaceContext } from '../context.ts';
import { servedVersions } from './endpoint-config.ts';
import type { Endpoint, Endpoints } from './endpoints.ts';
import type { LoadedModels } from './loaded-models.ts';

interface EndpointUpdates {
  /** Carries out the pending configuration of an endpoint in the background. */
  start(name: string): void;
  /** Ends what no endpoint needs any more. */
  releaseUnused(): Promise<void>;
  /** After a restart: loads what was live and goes on with updates that were interrupted. */
  resume(): void;
}

const identity = (each: { model: string; version: number }) => `${each.model}/${each.version}`;

/** Changes what endpoints serve. The old configuration answers until every model of the new one is loaded. */
export function createEndpointUpdates(
  context: WorkspaceContext,
  endpoints: Endpoints,
  loaded: LoadedModels,
): EndpointUpdates {
  const { latency } = context.settings;
  const closing = new AbortController();
  context.onClose(() => closing.abort());

  /** Whether only the shares of traffic change: every version is served already. */
  function movesOnlyTraffic(endpoint: Endpoint): boolean {
    const live = new Set(servedVersions(endpoint.config).map(identity));
    return servedVersions(endpoint.pending).every((each) => live.has(identity(each)));
  }

  async function loadPending(endpoint: Endpoint): Promise<Record<string, string>> {
    const failures: Record<string, string> = {};
    for (const entity of endpoint.pending?.served_entities ?? []) {
      try {
        await loaded.use(entity.entity_name, Number(entity.entity_version));
      } catch (error) {
        failures[entity.name] =
          `Failed to deploy ${entity.entity_name} version ${entity.entity_version}: ${(error as Error).message}`;
      }
    }
    return failures;
  }

  async function apply(name: string): Promise<void> {
    const endpoint = endpoints.get(name);
    const wait = movesOnlyTraffic(endpoint) ? latency.servingTrafficMs : latency.servingUpdateMs;
    const [failures] = await Promise.all([
      loadPending(endpoint),
      sleep(wait, undefined, { signal: closing.signal }),
    ]);
    // Failure point `serving-update`, subject the endpoint's name: the deployment fails after its usual time.
    const injected = context.failures.take('serving-update', name);
    const first = endpoint.pending?.served_entities[0];
    if (injected && first) failures[first.name] = injected.message;
    // Deleted in the meantime, or closing: nothing to record.
    if (closing.signal.aborted || !endpoints.exists(name)) return;
    if (Object.keys(failures).length > 0) {
      context.log.warn({ endpoint: name, failures }, 'an endpoint update failed');
      endpoints.failUpdate(name, failures);
    } else endpoints.finishUpdate(name);
    await releaseUnused();
  }

  async function releaseUnused(): Promise<void> {
    const needed = endpoints
      .all()
      .flatMap((endpoint) => [
        ...servedVersions(endpoint.config),
        ...(endpoint.updateState === 'IN_PROGRESS' ? servedVersions(endpoint.pending) : []),
      ]);
    await loaded.keepOnly(needed);
  }

  function start(name: string): void {
    apply(name).catch((error: unknown) => {
      if (closing.signal.aborted) return;
      context.log.error({ err: error, endpoint: name }, 'an endpoint update broke off');
      if (endpoints.exists(name)) endpoints.failUpdate(name, { '*': String((error as Error).message) });
    });
  }

  /** Versions with traffic first: they are what the endpoint waits for. */
  async function reload(endpoint: Endpoint): Promise<void> {
    const { config } = endpoint;
    if (!config) return;
    const share = (name: string) =>
      config.routes.find((route) => route.served_entity_name === name)?.traffic_percentage ?? 0;
    for (const entity of config.served_entities.toSorted((a, b) => share(b.name) - share(a.name))) {
      if (closing.signal.aborted) return;
      await loaded.use(entity.entity_name, Number(entity.entity_version)).catch((error: unknown) =>
        // Shown as not ready; the next invocation tries again.
        context.log.warn(
          { err: error, endpoint: endpoint.name, entity: entity.name },
          'a model was not loaded again',
        ),
      );
    }
  }

  return {
    start,
    releaseUnused,
    resume() {
      for (const endpoint of endpoints.all()) {
        void reload(endpoint);
        if (endpoint.updateState === 'IN_PROGRESS') start(endpoint.name);
      }
    },
  };
}
