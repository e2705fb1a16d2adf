import type { FastifyInstance } from 'fastify';
import type { WorkspaceContext } from '../context.ts';
import { invalid } from '../errors.ts';
import { addingCalls, page } from '../mlflow/calls.ts';
import { anyText, optionalText, text } from '../mlflow/fields.ts';
import { keyValues } from '../mlflow/tag-table.ts';
import { requiringOnModel, unityCatalogBase } from './mlflow-access.ts';
import { modelMessage, versionMessage } from './mlflow-messages.ts';
import type { Models } from './models.ts';
import type { Versions } from './versions.ts';
import { versionNumber } from './versions.ts';

/**
 * `/api/2.0/mlflow/unity-catalog/registered-models/**` (mlflow `store/_unity_catalog/registry/rest_store.py`): the same
 * models as Unity Catalog's own, versions as strings.
 */
export function registerModelsMlflow(
  app: FastifyInstance,
  context: WorkspaceContext,
  models: Models,
  versions: Versions,
): void {
  const { permissions } = context;
  const route = addingCalls(app, context, unityCatalogBase);
  const require = requiringOnModel(context);

  route('GET', 'registered-models::is-databricks-sdk-models-artifact-repository-enabled', () => ({
    is_databricks_sdk_models_artifact_repository_enabled: true,
  }));

  route('POST', 'registered-models/create', (fields, principal) => {
    const comment = optionalText(fields, 'description');
    const model = models.create(principal, text(fields, 'name'), comment, keyValues(fields, 'tags'));
    return { registered_model: modelMessage(models, model, 'whole') };
  });
  route('GET', 'registered-models/get', (fields, principal) => {
    require(principal, 'EXECUTE', fields);
    return { registered_model: modelMessage(models, models.get(text(fields, 'name')), 'whole') };
  });
  route('PATCH', 'registered-models/update', (fields, principal) => {
    require(principal, 'MANAGE', fields);
    if (optionalText(fields, 'new_name'))
      throw invalid('Renaming a model is not supported by this workspace.');
    const model = models.change(principal, text(fields, 'name'), { comment: anyText(fields, 'description') });
    return { registered_model: modelMessage(models, model, 'whole') };
  });
  route('DELETE', 'registered-models/delete', (fields, principal) => {
    require(principal, 'MANAGE', fields);
    models.remove(text(fields, 'name'));
    return {};
  });
  route('GET', 'registered-models/search', (fields, principal) => {
    const found = models
      .list(undefined, undefined)
      .filter((model) => permissions.allows(principal, 'EXECUTE', 'function', model.full_name));
    const { items, ...next } = page(fields, found, 'models', { fallback: 1000, limit: 1000 });
    return { registered_models: items.map((model) => modelMessage(models, model, 'found')), ...next };
  });
  route('POST', 'registered-models/set-tag', (fields, principal) => {
    require(principal, 'APPLY_TAG', fields);
    models.tags.set(
      models.get(text(fields, 'name')).full_name,
      text(fields, 'key'),
      anyText(fields, 'value'),
    );
    return {};
  });
  route('DELETE', 'registered-models/delete-tag', (fields, principal) => {
    require(principal, 'APPLY_TAG', fields);
    models.tags.remove(models.get(text(fields, 'name')).full_name, text(fields, 'key'));
    return {};
  });

  route('POST', 'registered-models/alias', (fields, principal) => {
    require(principal, 'MANAGE', fields);
    const { full_name: fullName } = models.get(text(fields, 'name'));
    const { version } = versions.get(fullName, versionNumber(text(fields, 'version')));
    models.aliases.set(fullName, text(fields, 'alias'), version);
    return {};
  });
  route('DELETE', 'registered-models/alias', (fields, principal) => {
    require(principal, 'MANAGE', fields);
    const { full_name: fullName } = models.get(text(fields, 'name'));
    models.aliases.remove(fullName, text(fields, 'alias'), fullName);
    return {};
  });
  route('GET', 'registered-models/alias', (fields, principal) => {
    require(principal, 'EXECUTE', fields);
    const { full_name: fullName } = models.get(text(fields, 'name'));
    const { version } = models.aliases.get(fullName, text(fields, 'alias'), fullName);
    const found = versions.get(fullName, version);
    return { model_version: versionMessage(models, versions, found, 'whole') };
  });
}
