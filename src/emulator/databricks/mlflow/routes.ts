import type { FastifyInstance } from 'fastify';
import type { WorkspaceContext } from '../context.ts';
import { registerArtifacts } from './artifacts.ts';
import { registerExperiments } from './experiment-routes.ts';
import { createExperiments } from './experiments.ts';
import { registerLogging } from './log-routes.ts';
import { registerLoggedModels } from './logged-model-routes.ts';
import { createLoggedModels } from './logged-models.ts';
import { createRunLog } from './run-log.ts';
import { registerRuns, runAccess } from './run-routes.ts';
import { createRuns } from './runs.ts';
import { addLikeFunctions } from './search/sql.ts';
import { mlflowTables } from './tables.ts';

/** MLflow tracking as a Databricks workspace answers it: experiments, runs, logged models and their files. */
export function registerMlflow(app: FastifyInstance, context: WorkspaceContext): void {
  context.migrate('mlflow', mlflowTables);
  addLikeFunctions(context.db);
  const experiments = createExperiments(context);
  const runs = createRuns(context);
  const log = createRunLog(context, runs);
  const models = createLoggedModels(context);
  const access = runAccess(context, runs);

  registerExperiments(app, context, experiments);
  registerRuns(app, context, { experiments, runs, log, access });
  registerLogging(app, context, { runs, log, access });
  registerLoggedModels(app, context, experiments, models);
  registerArtifacts(app, context, { runs, models, access });
}
