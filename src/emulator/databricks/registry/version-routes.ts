import type { FastifyInstance } from 'fastify';
import type { Principal, WorkspaceContext } from '../context.ts';
import { page } from '../mlflow/calls.ts';
import type { Fields } from '../mlflow/fields.ts';
import { anyText, optionalText, text } from '../mlflow/fields.ts';
import { message } from '../mlflow/message.ts';
import { keyValues } from '../mlflow/tag-table.ts';
import { requireKey } from '../mlflow/validation.ts';
import type { Registry } from './access.ts';
import { registryAccess } from './access.ts';
import type { RegistryModel } from './models.ts';
import { searchVersions } from './search.ts';
import { levelToMove, stageOf } from './stages.ts';

/** `/api/2.0/mlflow/model-versions/**` (mlflow `store/model_registry/rest_store.py`). */
export function registerRegistryVersions(
  app: FastifyInstance,
  context: WorkspaceContext,
  registry: Registry,
): void {
  const { models, versions, files, messages } = registry;
  const { call, model: modelOf, version: versionOf } = registryAccess(app, context, registry);
  const answer = (model: RegistryModel, number: number) => ({
    model_version: messages.version(model, versions.get(model, number)),
  });

  /** The run that logged a model: MLflow's own server fills it in where the client names the logged model only. */
  function runOf(principal: Principal, loggedModel: string | undefined): string | undefined {
    if (loggedModel === undefined) return undefined;
    const found = registry.loggedModels.get(loggedModel);
    context.permissions.requireObject(principal, 'CAN_READ', 'experiments', found.experiment_id);
    return found.source_run_id ?? undefined;
  }

  call('POST', 'model-versions/create', (fields, principal) => {
    const model = modelOf(principal, 'CAN_EDIT', fields);
    const source = text(fields, 'source');
    files.requireReadable(principal, source);
    const loggedModel = optionalText(fields, 'model_id');
    const version = versions.create(principal, model, {
      source,
      runId: optionalText(fields, 'run_id') ?? runOf(principal, loggedModel),
      runLink: optionalText(fields, 'run_link'),
      loggedModel,
      description: anyText(fields, 'description'),
      tags: keyValues(fields, 'tags'),
    });
    files.start(version);
    return { model_version: messages.version(model, version) };
  });
  call('GET', 'model-versions/get', (fields, principal) => {
    const { model, version } = versionOf(principal, 'CAN_READ', fields);
    return answer(model, version.version);
  });
  call('GET', 'model-versions/get-download-uri', (fields, principal) => ({
    artifact_uri: files.uri(versionOf(principal, 'CAN_READ', fields).version),
  }));
  call('PATCH', 'model-versions/update', (fields, principal) => {
    const { model, version } = versionOf(principal, 'CAN_EDIT', fields);
    versions.describe(version, anyText(fields, 'description'));
    return answer(model, version.version);
  });
  call('DELETE', 'model-versions/delete', async (fields, principal) => {
    const { model, version } = versionOf(principal, 'CAN_MANAGE', fields);
    versions.remove(model, version);
    await files.remove(version);
    return {};
  });

  function transition(fields: Fields, principal: Principal) {
    const { model, version } = versionOf(principal, 'CAN_READ', fields);
    const to = stageOf(text(fields, 'stage'));
    const level = levelToMove(version.stage, to);
    context.permissions.requireObject(principal, level, 'registered-models', model.id);
    versions.transition(model, version, to, fields.archive_existing_versions === true);
    return { model, version: versions.get(model, version.version) };
  }
  call('POST', 'model-versions/transition-stage', (fields, principal) => {
    const { model, version } = transition(fields, principal);
    return { model_version: messages.version(model, version) };
  });
  call('POST', 'databricks/model-versions/transition-stage', (fields, principal) => {
    const { model, version } = transition(fields, principal);
    return { model_version_databricks: messages.versionOnDatabricks(principal, model, version) };
  });

  call('POST', 'model-versions/set-tag', (fields, principal) => {
    const { version } = versionOf(principal, 'CAN_EDIT', fields);
    requireKey('tag', text(fields, 'key'));
    versions.tags.set(version.id, text(fields, 'key'), anyText(fields, 'value'));
    return {};
  });
  call('DELETE', 'model-versions/delete-tag', (fields, principal) => {
    versions.tags.removeIfThere(versionOf(principal, 'CAN_EDIT', fields).version.id, text(fields, 'key'));
    return {};
  });

  call('GET', 'model-versions/search', (fields, principal) => {
    const all = models
      .readable(principal)
      .flatMap((model) => versions.of(model).map((version) => ({ model, version })));
    const question = ['versions', fields.filter, fields.order_by];
    const sizes = { fallback: 10_000, limit: 10_000 };
    const { items, ...next } = page(fields, searchVersions(versions, all, fields), question, sizes);
    return message({
      model_versions: items.map(({ model, version }) => messages.listed(model, version)),
      ...next,
    });
  });
}
