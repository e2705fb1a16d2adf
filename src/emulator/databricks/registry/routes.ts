import type { FastifyInstance } from 'fastify';
import type { WorkspaceContext } from '../context.ts';
import { createLoggedModels } from '../mlflow/logged-models.ts';
import { registerRegistryArtifacts } from './artifact-routes.ts';
import { createRegistryMessages } from './messages.ts';
import { registerRegistryModels } from './model-routes.ts';
import { createRegistryModels } from './models.ts';
import { registryTables } from './tables.ts';
import { createVersionFiles } from './version-files.ts';
import { registerRegistryVersions } from './version-routes.ts';
import { createRegistryVersions } from './versions.ts';

/**
 * The workspace's own model registry, older than Unity Catalog's and beside it: models with flat names, versions with
 * stages, permission levels per model (mlflow's registry URI `databricks`). Transition requests, comments and registry
 * webhooks are not answered.
 */
export function registerRegistry(app: FastifyInstance, context: WorkspaceContext): void {
  context.migrate('registry', registryTables);
  const models = createRegistryModels(context);
  const versions = createRegistryVersions(context, models);
  const files = createVersionFiles(context, models, versions);
  const messages = createRegistryMessages(context, models, versions);
  const registry = { models, versions, files, messages, loggedModels: createLoggedModels(context) };
  registerRegistryModels(app, context, registry);
  registerRegistryVersions(app, context, registry);
  registerRegistryArtifacts(app, context, registry);
  files.resume();
}
