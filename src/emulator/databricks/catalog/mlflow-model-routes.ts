import type { FastifyInstance } from 'fastify';
import type { Principal, WorkspaceContext } from '../context.ts';
import { addingCalls, page } from '../mlflow/calls.ts';
import type { Fields } from '../mlflow/fields.ts';
import { anyText, optionalText, text } from '../mlflow/fields.ts';
import { keyValues } from '../mlflow/tag-table.ts';
import type { Privilege } from '../permission/privileges.ts';
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
  const route = addingCalls(app, context, '/api/2.0/mlflow/unity-catalog');
  const modelOf = (principal: Principal, privilege: Privilege, fields: Fields) =>
    models.permitted(principal, privilege, text(fields, 'name'));

  route('GET', 'registered-models::is-databricks-sdk-models-artifact-repository-enabled', () => ({
    is_databricks_sdk_models_artifact_repository_enabled: true,
  }));

  route('POST', 'registered-models/create', (fields, principal) => {
    const comment = optionalText(fields, 'description');
    const model = models.create(principal, text(fields, 'name'), comment, keyValues(fields, 'tags'));
    return { registered_model: modelMessage(models, model, 'whole') };
  });
  route('GET', 'registered-models/get', (fields, principal) => {
    return { registered_model: modelMessage(models, modelOf(principal, 'EXECUTE', fields), 'whole') };
  });
  route('PATCH', 'registered-models/update', (fields, principal) => {
    const { full_name: fullName } = modelOf(principal, 'MANAGE', fields);
    const newName = optionalText(fields, 'new_name');
    const model =
      newName === undefined
        ? models.change(principal, fullName, { comment: anyText(fields, 'description') })
        : models.rename(principal, fullName, newName);
    return { registered_model: modelMessage(models, model, 'whole') };
  });
  route('DELETE', 'registered-models/delete', (fields, principal) => {
    models.remove(modelOf(principal, 'MANAGE', fields).full_name);
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
    const { full_name: fullName } = modelOf(principal, 'APPLY_TAG', fields);
    models.tags.set(fullName, text(fields, 'key'), anyText(fields, 'value'));
    return {};
  });
  route('DELETE', 'registered-models/delete-tag', (fields, principal) => {
    models.tags.remove(modelOf(principal, 'APPLY_TAG', fields).full_name, text(fields, 'key'));
    return {};
  });

  route('POST', 'registered-models/alias', (fields, principal) => {
    const { full_name: fullName } = modelOf(principal, 'MANAGE', fields);
    const { version } = versions.get(fullName, versionNumber(text(fields, 'version')));
    models.aliases.set(fullName, text(fields, 'alias'), version);
    return {};
  });
  route('DELETE', 'registered-models/alias', (fields, principal) => {
    const { full_name: fullName } = modelOf(principal, 'MANAGE', fields);
    models.aliases.remove(fullName, models.alias(fullName, text(fields, 'alias')).alias);
    return {};
  });
  route('GET', 'registered-models/alias', (fields, principal) => {
    const { full_name: fullName } = modelOf(principal, 'EXECUTE', fields);
    const { version } = models.alias(fullName, text(fields, 'alias'));
    const found = versions.get(fullName, version);
    return { model_version: versionMessage(models, versions, found, 'whole') };
  });
}
