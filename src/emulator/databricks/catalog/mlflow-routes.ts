import type { FastifyInstance } from 'fastify';
import type { Principal, WorkspaceContext } from '../context.ts';
import { forbidden, invalid } from '../errors.ts';
import type { Fields } from '../mlflow/fields.ts';
import { anyText, fieldsOf, optionalInteger, optionalText, text } from '../mlflow/fields.ts';
import { pageOffset, pageToken } from '../mlflow/page-token.ts';
import { parseFilter } from '../mlflow/search/filter.ts';
import { matcher } from '../mlflow/search/match.ts';
import { keyValues } from '../mlflow/tag-table.ts';
import { modelMessage, versionMessage } from './mlflow-messages.ts';
import type { Models } from './models.ts';
import type { Version, Versions } from './versions.ts';

type Handler = (fields: Fields, principal: Principal) => unknown;

const searchable = {
  attributes: ['name', 'run_id'],
  numericAttributes: [],
  listAttributes: ['name', 'run_id'],
};

/**
 * The API that mlflow's `databricks-uc` registry speaks, `/api/2.0/mlflow/unity-catalog/**` (mlflow
 * `store/_unity_catalog/registry/rest_store.py`): the same models as Unity Catalog's own, versions as strings.
 */
export function registerModelsMlflow(
  app: FastifyInstance,
  context: WorkspaceContext,
  models: Models,
  versions: Versions,
): void {
  const base = '/api/2.0/mlflow/unity-catalog';
  const { permissions } = context;
  const route = (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, handle: Handler) =>
    app.route({
      method,
      url: `${base}/${path}`,
      handler: (request) => handle(fieldsOf(request), context.authorize(request)),
    });

  function versionOf(fields: Fields): Version {
    const given = text(fields, 'version');
    if (!/^\d{1,15}$/.test(given)) throw invalid(`Invalid model version '${given}': expected a number.`);
    return versions.get(models.get(text(fields, 'name')).full_name, Number(given));
  }
  const message = (version: Version) => versionMessage(models, versions, version, 'whole');
  const require = (
    principal: Principal,
    privilege: Parameters<typeof permissions.require>[1],
    fields: Fields,
  ) => permissions.require(principal, privilege, 'function', text(fields, 'name'));

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
    const { items, ...next } = page(fields, found, 'models');
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
    const { model, version } = versionOf(fields);
    models.setAlias(model, text(fields, 'alias'), version);
    return {};
  });
  route('DELETE', 'registered-models/alias', (fields, principal) => {
    require(principal, 'MANAGE', fields);
    models.removeAlias(models.get(text(fields, 'name')).full_name, text(fields, 'alias'));
    return {};
  });
  route('GET', 'registered-models/alias', (fields, principal) => {
    require(principal, 'EXECUTE', fields);
    const { full_name: fullName } = models.get(text(fields, 'name'));
    const { version } = models.alias(fullName, text(fields, 'alias'));
    return { model_version: message(versions.get(fullName, version)) };
  });

  route('POST', 'model-versions/create', (fields, principal) => {
    require(principal, 'CREATE_MODEL_VERSION', fields);
    const version = versions.create(principal, models.get(text(fields, 'name')).full_name, {
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
    require(principal, 'CREATE_MODEL_VERSION', fields);
    const { model, version } = versionOf(fields);
    return { model_version: message(versions.finalize(principal, model, version)) };
  });
  route('POST', 'model-versions/generate-temporary-credentials', (fields, principal) => {
    const writes = fields.operation === 'MODEL_VERSION_OPERATION_READ_WRITE' || fields.operation === 2;
    require(principal, writes ? 'CREATE_MODEL_VERSION' : 'EXECUTE', fields);
    const { status } = versionOf(fields);
    if (writes && status !== 'PENDING_REGISTRATION')
      throw forbidden(`The files of a version that is ${status} cannot be written.`);
    // There is no cloud storage behind this workspace: its storage is reached by the Files API and the same token.
    const hourMs = 3_600_000;
    return {
      credentials: { storage_mode: 'DEFAULT_STORAGE', expiration_time: context.clock.now() + hourMs },
    };
  });
  route('GET', 'model-versions/get', (fields, principal) => {
    require(principal, 'EXECUTE', fields);
    return { model_version: message(versionOf(fields)) };
  });
  route('GET', 'model-versions/get-download-uri', (fields, principal) => {
    require(principal, 'EXECUTE', fields);
    const { model, version } = versionOf(fields);
    return { artifact_uri: `dbfs:/Models/${model.replaceAll('.', '/')}/${version}` };
  });
  route('PATCH', 'model-versions/update', (fields, principal) => {
    require(principal, 'MANAGE', fields);
    const { model, version } = versionOf(fields);
    return {
      model_version: message(versions.setComment(principal, model, version, anyText(fields, 'description'))),
    };
  });
  route('DELETE', 'model-versions/delete', (fields, principal) => {
    require(principal, 'MANAGE', fields);
    const { model, version } = versionOf(fields);
    versions.remove(model, version);
    return {};
  });
  route('POST', 'model-versions/set-tag', (fields, principal) => {
    require(principal, 'APPLY_TAG', fields);
    versions.setTag(versionOf(fields), text(fields, 'key'), anyText(fields, 'value'));
    return {};
  });
  route('DELETE', 'model-versions/delete-tag', (fields, principal) => {
    require(principal, 'APPLY_TAG', fields);
    versions.removeTag(versionOf(fields), text(fields, 'key'));
    return {};
  });
  // Lineage feeds Databricks' own graph, which nothing here can be asked for: it is taken and dropped.
  route('POST', 'model-versions/emit-lineage', (fields, principal) => {
    require(principal, 'EXECUTE', fields);
    return {};
  });
  route('GET', 'model-versions/search', (fields, principal) => {
    const clauses = parseFilter(optionalText(fields, 'filter'), searchable);
    const matches = matcher<Version>(clauses, (version, { key }) =>
      key === 'name' ? version.model : (version.run_id ?? undefined),
    );
    const found = models
      .list(undefined, undefined)
      .filter((model) => permissions.allows(principal, 'EXECUTE', 'function', model.full_name))
      .flatMap((model) => versions.of(model.full_name))
      .filter(matches);
    const { items, ...next } = page(fields, found, fields.filter);
    return {
      model_versions: items.map((version) => versionMessage(models, versions, version, 'found')),
      ...next,
    };
  });
}

/** One page of what a search found. */
function page<Item>(fields: Fields, found: Item[], question: unknown) {
  const size = optionalInteger(fields, 'max_results') || 1000;
  const offset = pageOffset(optionalText(fields, 'page_token'), question);
  const more = offset + size < found.length;
  return {
    items: found.slice(offset, offset + size),
    ...(more ? { next_page_token: pageToken(offset + size, question) } : {}),
  };
}
