import type { FastifyInstance } from 'fastify';
import type { Principal, WorkspaceContext } from '../context.ts';
import { forbidden, invalid } from '../errors.ts';
import { addingCalls, page } from '../mlflow/calls.ts';
import type { Fields } from '../mlflow/fields.ts';
import { anyText, optionalText, text } from '../mlflow/fields.ts';
import { parseFilter } from '../mlflow/search/filter.ts';
import { matcher } from '../mlflow/search/match.ts';
import { keyValues } from '../mlflow/tag-table.ts';
import type { Privilege } from '../permission/privileges.ts';
import { versionMessage } from './mlflow-messages.ts';
import type { Models } from './models.ts';
import type { Version, Versions } from './versions.ts';
import { versionNumber } from './versions.ts';

const searchable = {
  attributes: ['name', 'run_id'],
  numericAttributes: [],
  listAttributes: ['name', 'run_id'],
};

/** `/api/2.0/mlflow/unity-catalog/model-versions/**`; see mlflow-model-routes.ts. */
export function registerVersionsMlflow(
  app: FastifyInstance,
  context: WorkspaceContext,
  models: Models,
  versions: Versions,
): void {
  const { permissions } = context;
  const route = addingCalls(app, context, '/api/2.0/mlflow/unity-catalog');
  const modelOf = (principal: Principal, privilege: Privilege, fields: Fields) =>
    models.permitted(principal, privilege, text(fields, 'name'));
  const message = (version: Version) => versionMessage(models, versions, version, 'whole');
  const versionOf = (principal: Principal, privilege: Privilege, fields: Fields) =>
    versions.get(modelOf(principal, privilege, fields).full_name, versionNumber(text(fields, 'version')));

  route('POST', 'model-versions/create', (fields, principal) => {
    const { full_name: fullName } = modelOf(principal, 'CREATE_MODEL_VERSION', fields);
    const version = versions.create(principal, fullName, {
      source: text(fields, 'source'),
      runId: optionalText(fields, 'run_id'),
      runWorkspaceId: optionalText(fields, 'run_tracking_server_id'),
      modelId: optionalText(fields, 'model_id'),
      comment: optionalText(fields, 'description'),
      tags: keyValues(fields, 'tags'),
    });
    return { model_version: message(version) };
  });
  route('POST', 'model-versions/finalize', (fields, principal) => {
    const { model, version } = versionOf(principal, 'CREATE_MODEL_VERSION', fields);
    return { model_version: message(versions.finalize(principal, model, version)) };
  });
  route('POST', 'model-versions/generate-temporary-credentials', (fields, principal) => {
    const writes = fields.operation === 'MODEL_VERSION_OPERATION_READ_WRITE' || fields.operation === 2;
    const { status } = versionOf(principal, writes ? 'CREATE_MODEL_VERSION' : 'EXECUTE', fields);
    if (writes && status !== 'PENDING_REGISTRATION')
      throw forbidden(`The files of a version that is ${status} cannot be written.`);
    // There is no cloud storage behind this workspace: its storage is reached by the Files API and the same token.
    const hourMs = 3_600_000;
    return {
      credentials: { storage_mode: 'DEFAULT_STORAGE', expiration_time: context.clock.now() + hourMs },
    };
  });
  route('GET', 'model-versions/get', (fields, principal) => {
    return { model_version: message(versionOf(principal, 'EXECUTE', fields)) };
  });
  route('GET', 'model-versions/get-download-uri', (fields, principal) => {
    const { model, version } = versionOf(principal, 'EXECUTE', fields);
    return { artifact_uri: `dbfs:/Models/${model.replaceAll('.', '/')}/${version}` };
  });
  route('PATCH', 'model-versions/update', (fields, principal) => {
    const { model, version } = versionOf(principal, 'MANAGE', fields);
    return {
      model_version: message(versions.setComment(principal, model, version, anyText(fields, 'description'))),
    };
  });
  route('DELETE', 'model-versions/delete', (fields, principal) => {
    const { model, version } = versionOf(principal, 'MANAGE', fields);
    versions.remove(model, version);
    return {};
  });
  route('POST', 'model-versions/set-tag', (fields, principal) => {
    versions.setTag(versionOf(principal, 'APPLY_TAG', fields), text(fields, 'key'), anyText(fields, 'value'));
    return {};
  });
  route('DELETE', 'model-versions/delete-tag', (fields, principal) => {
    versions.removeTag(versionOf(principal, 'APPLY_TAG', fields), text(fields, 'key'));
    return {};
  });
  // Lineage feeds Databricks' own graph, which nothing here can be asked for: it is taken and dropped.
  route('POST', 'model-versions/emit-lineage', (fields, principal) => {
    modelOf(principal, 'EXECUTE', fields);
    return {};
  });
  route('GET', 'model-versions/search', (fields, principal) => {
    const clauses = parseFilter(optionalText(fields, 'filter'), searchable);
    if (clauses.length > 1) throw invalid('A filter in Unity Catalog is a single condition, without AND.');
    const matches = matcher<Version>(clauses, (version, { key }) =>
      key === 'name' ? version.model : (version.run_id ?? undefined),
    );
    const found = models
      .list(undefined, undefined)
      .filter((model) => permissions.allows(principal, 'EXECUTE', 'function', model.full_name))
      .flatMap((model) => versions.of(model.full_name))
      .filter(matches);
    const { items, ...next } = page(fields, found, fields.filter, { fallback: 1000, limit: 10_000 });
    return {
      model_versions: items.map((version) => versionMessage(models, versions, version, 'found')),
      ...next,
    };
  });
}
