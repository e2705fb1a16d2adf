import { orNothing } from './api-error.ts';
import type { Role, ServicePrincipal } from './principals.ts';
import type { WorkspaceClient } from './workspace-client.ts';

type Principals = Record<Role, ServicePrincipal>;

/**
 * Catalog, schema and model with what each role may do: the releaser owns the model, which moves its aliases; the
 * trainer adds versions; the reader reads; the principal for forks has nothing.
 */
export async function createModel(
  workspace: WorkspaceClient,
  fullName: string,
  { reader, trainer, releaser }: Principals,
): Promise<void> {
  const [catalog = '', schema = '', name = ''] = fullName.split('.');
  await ensure(workspace, 'catalogs', catalog, { name: catalog });
  await ensure(workspace, 'schemas', `${catalog}.${schema}`, { catalog_name: catalog, name: schema });
  await ensure(workspace, 'models', fullName, { catalog_name: catalog, schema_name: schema, name });
  const all = [reader, trainer, releaser];
  await grant(
    workspace,
    'catalog',
    catalog,
    all.map((principal) => ({ principal, add: ['USE_CATALOG'] })),
  );
  await grant(
    workspace,
    'schema',
    `${catalog}.${schema}`,
    all.map((principal) => ({ principal, add: ['USE_SCHEMA'] })),
  );
  await grant(workspace, 'function', fullName, [
    { principal: trainer, add: ['EXECUTE', 'CREATE_MODEL_VERSION'] },
    { principal: reader, add: ['EXECUTE'] },
  ]);
  await workspace.patch(`2.1/unity-catalog/models/${fullName}`, { json: { owner: releaser.applicationId } });
}

async function ensure(
  workspace: WorkspaceClient,
  kind: string,
  fullName: string,
  json: object,
): Promise<void> {
  const path = `2.1/unity-catalog/${kind}`;
  if (await orNothing(workspace.get(`${path}/${fullName}`).json())) return;
  await workspace.post(path, { json });
}

async function grant(
  workspace: WorkspaceClient,
  securable: string,
  fullName: string,
  grants: { principal: ServicePrincipal; add: string[] }[],
): Promise<void> {
  const changes = grants.map(({ principal, add }) => ({ principal: principal.applicationId, add }));
  await workspace.patch(`2.1/unity-catalog/permissions/${securable}/${fullName}`, { json: { changes } });
}

/**
 * The folder for launcher and snapshots, written by the releaser (who runs no code) and read by those who train; the
 * folder for experiments, managed by the trainer. Neither lies
 * below /Shared, where everybody may manage everything.
 */
export async function createFolders(
  workspace: WorkspaceClient,
  { trainer, releaser, fork }: Principals,
): Promise<void> {
  for (const [path, managers, readers] of [
    ['/gitea-databricks', [releaser], [trainer, fork]],
    ['/gitea', [trainer], []],
  ] as const) {
    await workspace.post('2.0/workspace/mkdirs', { json: { path } });
    const { object_id } = await workspace
      .get('2.0/workspace/get-status', { searchParams: { path } })
      .json<{ object_id: number }>();
    await setLevels(workspace, 'directories', object_id, managers, 'CAN_MANAGE');
    await setLevels(workspace, 'directories', object_id, readers, 'CAN_READ');
  }
}

async function setLevels(
  workspace: WorkspaceClient,
  type: string,
  id: string | number,
  principals: readonly ServicePrincipal[],
  level: string,
): Promise<void> {
  await workspace.patch(`2.0/permissions/${type}/${id}`, {
    json: {
      access_control_list: principals.map(({ applicationId }) => ({
        service_principal_name: applicationId,
        permission_level: level,
      })),
    },
  });
}

export interface Production {
  model: string;
  alias: string;
  endpoint: string;
}

interface Endpoint {
  id: string;
  state: { ready: string; config_update: string };
  config?: {
    served_entities?: { name: string; entity_version: string }[];
    traffic_config?: { routes?: { served_entity_name: string; traffic_percentage: number }[] };
  };
}

/** The newest version that is ready; undefined while there is none. */
export async function newestVersion(workspace: WorkspaceClient, model: string): Promise<number | undefined> {
  const { model_versions = [] } = await workspace
    .get(`2.1/unity-catalog/models/${model}/versions`)
    .json<{ model_versions?: { version: number; status: string }[] }>();
  const ready = model_versions.filter(({ status }) => status === 'READY').map(({ version }) => version);
  return ready.length === 0 ? undefined : Math.max(...ready);
}

/** The version that the alias points to; undefined where the alias is not set. */
export async function aliasVersion(workspace: WorkspaceClient, { model, alias }: Production) {
  const found = await orNothing(
    workspace.get(`2.1/unity-catalog/models/${model}/aliases/${alias}`).json<{ version: number }>(),
  );
  return found?.version;
}

/**
 * What an admin does once, before the panel releases anything: points the alias at a first version, creates the
 * endpoint that serves it, and hands the endpoint to the releaser.
 */
export async function adoptProduction(
  workspace: WorkspaceClient,
  production: Production,
  version: number,
  { releaser, reader }: Principals,
): Promise<void> {
  const { model, alias, endpoint } = production;
  if ((await aliasVersion(workspace, production)) === undefined) {
    await workspace.put(`2.1/unity-catalog/models/${model}/aliases/${alias}`, {
      json: { version_num: version },
    });
  }
  const path = `2.0/serving-endpoints/${endpoint}`;
  const entity = `${model.split('.').at(-1)}-${version}`;
  const served = {
    name: entity,
    entity_name: model,
    entity_version: String(version),
    workload_size: 'Small',
    scale_to_zero_enabled: true,
  };
  const { id } =
    (await orNothing(workspace.get(path).json<Endpoint>())) ??
    (await workspace
      .post('2.0/serving-endpoints', {
        json: {
          name: endpoint,
          config: {
            served_entities: [served],
            traffic_config: { routes: [{ served_entity_name: entity, traffic_percentage: 100 }] },
          },
        },
      })
      .json<Endpoint>());
  await setLevels(workspace, 'serving-endpoints', id, [releaser], 'CAN_MANAGE');
  await setLevels(workspace, 'serving-endpoints', id, [reader], 'CAN_VIEW');
}

/** @returns true once the endpoint answers with this version alone @throws when it could not load its model */
export async function endpointServes(
  workspace: WorkspaceClient,
  endpoint: string,
  version: number,
): Promise<true | undefined> {
  const { state, config } = await workspace.get(`2.0/serving-endpoints/${endpoint}`).json<Endpoint>();
  if (state.config_update === 'UPDATE_FAILED')
    throw new Error(`the endpoint ${endpoint} could not load its model`);
  const route = config?.traffic_config?.routes?.find(({ traffic_percentage }) => traffic_percentage === 100);
  const served = config?.served_entities?.find(({ name }) => name === route?.served_entity_name);
  const settled = state.ready === 'READY' && state.config_update === 'NOT_UPDATING';
  return settled && served?.entity_version === String(version) ? true : undefined;
}
