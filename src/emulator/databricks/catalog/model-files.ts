import type { FastifyInstance } from 'fastify';
import type { WorkspaceContext } from '../context.ts';
import { ApiError, forbidden } from '../errors.ts';
import type { Locate } from '../mlflow/files/file-routes.ts';
import { registerFiles } from '../mlflow/files/file-routes.ts';
import type { Models } from './models.ts';
import type { Versions } from './versions.ts';

/**
 * The files of model versions, `Models/{catalog}/{schema}/{model}/{version}/…` in the Files API (mlflow
 * `databricks_sdk_models_artifact_repo.py`). EXECUTE reads; whoever may add versions writes, until the version is
 * finalized: a READY version's bytes never change.
 */
export function registerModelFiles(
  app: FastifyInstance,
  context: WorkspaceContext,
  models: Models,
  versions: Versions,
): void {
  const locate: Locate = (principal, segments, access) => {
    const [catalog, schema, name, number = '', ...rest] = segments;
    const fullName = `${catalog}.${schema}.${name}`;
    // Who may add versions reads back what it uploads, too.
    const adds = context.permissions.allows(principal, 'CREATE_MODEL_VERSION', 'function', fullName);
    const model = models.permitted(
      principal,
      adds || access === 'write' ? 'CREATE_MODEL_VERSION' : 'EXECUTE',
      fullName,
    );
    if (!/^\d{1,15}$/.test(number))
      throw new ApiError('NOT_FOUND', `No model version at '${segments.join('/')}'.`);
    const version = versions.get(model.full_name, Number(number));
    if (access === 'write' && version.status !== 'PENDING_REGISTRATION')
      throw forbidden(
        `Version ${number} of '${fullName}' is ${version.status}: its files cannot be changed.`,
      );
    return { root: versions.folder(version), rest };
  };
  registerFiles(app, context, 'Models', locate);
}
