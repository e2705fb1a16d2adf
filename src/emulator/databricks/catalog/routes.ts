import type { FastifyInstance } from 'fastify';
import type { WorkspaceContext } from '../context.ts';
import { registerContainers } from './container-routes.ts';
import { registerModelsMlflow } from './mlflow-model-routes.ts';
import { registerVersionsMlflow } from './mlflow-version-routes.ts';
import { registerModelFiles } from './model-files.ts';
import { createModels } from './models.ts';
import { registerModelsRest } from './rest-routes.ts';
import { createContainers } from './securables.ts';
import { catalogTables } from './tables.ts';
import { createVersions } from './versions.ts';
import { registerVolumes } from './volume-routes.ts';
import { createVolumes, volumeTables } from './volumes.ts';

/** Unity Catalog: catalogs, schemas, models, versions, aliases and volumes, in its own REST API and in mlflow's. */
export function registerCatalog(app: FastifyInstance, context: WorkspaceContext): void {
  context.migrate('catalog', catalogTables);
  const models = createModels(context);
  const versions = createVersions(context, models);
  registerContainers(app, context, createContainers(context));
  registerModelsRest(app, context, models, versions);
  registerModelsMlflow(app, context, models, versions);
  registerVersionsMlflow(app, context, models, versions);
  registerModelFiles(app, context, models, versions);
  context.migrate('volumes', volumeTables);
  registerVolumes(app, context, createVolumes(context));
}
