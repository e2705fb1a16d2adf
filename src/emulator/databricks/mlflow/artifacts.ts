import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import type { WorkspaceContext } from '../context.ts';
import { ApiError, forbidden } from '../errors.ts';
import type { Fields } from './fields.ts';
import { optionalText } from './fields.ts';
import { fileInfos } from './files/file-infos.ts';
import type { Locate } from './files/file-routes.ts';
import { registerFiles } from './files/file-routes.ts';
import { below, safeSegments } from './files/safe-path.ts';
import type { LoggedModels } from './logged-models.ts';
import { message } from './message.ts';
import type { RunAccess } from './run-routes.ts';
import type { Runs } from './runs.ts';

/** Where the files of runs and logged models lie: `{experiment}/Runs/{run}/artifacts` and `{experiment}/LoggedModels/{id}`. */
const artifactsRoot = (dataDir: string) => join(dataDir, 'artifacts');

/**
 * The artifacts of runs and logged models. The client turns `dbfs:/databricks/mlflow-tracking/…` into the Files API
 * below `WorkspaceInternal/Mlflow/Artifacts` (mlflow `databricks_{run,logged_model}_artifact_repo.py`). The
 * experiment's levels decide, as for the run itself.
 */
export function registerArtifacts(
  app: FastifyInstance,
  context: WorkspaceContext,
  rooms: { runs: Runs; models: LoggedModels; access: RunAccess },
): void {
  const root = artifactsRoot(context.settings.dataDir);

  const locate: Locate = (principal, segments, access) => {
    const [experimentId = '', kind, id = '', ...inner] = segments;
    const level = access === 'read' ? 'CAN_READ' : 'CAN_EDIT';
    context.permissions.requireObject(principal, level, 'experiments', experimentId);
    if (kind !== 'Runs' && kind !== 'LoggedModels')
      throw new ApiError('NOT_FOUND', `No artifacts at '${segments.join('/')}'.`);
    const owner = kind === 'Runs' ? rooms.runs.get(id) : rooms.models.get(id);
    // A run's path under another experiment would borrow that experiment's permission.
    if (owner.experiment_id !== experimentId)
      throw new ApiError('NOT_FOUND', `No artifacts at '${segments.join('/')}'.`);
    if (access === 'write' && 'lifecycle_stage' in owner && owner.lifecycle_stage !== 'active')
      throw forbidden(`The artifacts of the deleted run ${id} cannot be changed.`);
    return { root: join(root, experimentId, kind, id), rest: inner };
  };
  registerFiles(app, context, 'WorkspaceInternal/Mlflow/Artifacts', locate);

  app.get('/api/2.0/mlflow/artifacts/list', async (request) => {
    const { run, fields } = rooms.access(request, 'CAN_READ');
    const base = join(root, run.experiment_id, 'Runs', run.run_id, 'artifacts');
    return message<unknown>({
      root_uri: run.artifact_uri,
      files: await fileInfos(base, optionalText(fields, 'path')),
    });
  });

  app.get('/api/2.0/mlflow/logged-models/:modelId/artifacts/directories', async (request) => {
    const principal = context.authorize(request);
    const model = rooms.models.get((request.params as { modelId: string }).modelId);
    context.permissions.requireObject(principal, 'CAN_READ', 'experiments', model.experiment_id);
    const base = join(root, model.experiment_id, 'LoggedModels', model.model_id);
    const inner = optionalText(request.query as Fields, 'artifact_directory_path');
    return message<unknown>({ root_uri: model.artifact_uri, files: await fileInfos(base, inner) });
  });
}

/**
 * The folder that an artifact URI of a run or of a logged model names, and the object that CAN_READ is needed on;
 * undefined for any other URI.
 */
export function artifactSource(dataDir: string, uri: string) {
  const [, experiment = '', first = '', second = '', inner = ''] =
    /^dbfs:\/databricks\/mlflow-tracking\/([^/]+)\/([^/]+)\/([^/]+)(?:\/(.*))?$/.exec(uri) ?? [];
  const kind = first === 'logged_models' ? ['LoggedModels', second] : ['Runs', first, 'artifacts'];
  if (experiment === '' || (first !== 'logged_models' && second !== 'artifacts')) return undefined;
  return {
    folder: below(artifactsRoot(dataDir), safeSegments([experiment, ...kind, inner].join('/'))),
    read: { type: 'experiments' as const, id: experiment },
  };
}
