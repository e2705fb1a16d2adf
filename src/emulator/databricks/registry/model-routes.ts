import type { FastifyInstance } from 'fastify';
import { versionNumber } from '../catalog/versions.ts';
import type { WorkspaceContext } from '../context.ts';
import { ApiError, invalid } from '../errors.ts';
import { page } from '../mlflow/calls.ts';
import { anyText, optionalText, text, texts } from '../mlflow/fields.ts';
import { message } from '../mlflow/message.ts';
import { keyValues } from '../mlflow/tag-table.ts';
import { requireKey } from '../mlflow/validation.ts';
import type { Registry } from './access.ts';
import { registryAccess } from './access.ts';
import type { RegistryModel } from './models.ts';
import { searchModels } from './search.ts';
import { isActive, stageOf } from './stages.ts';

/** `/api/2.0/mlflow/registered-models/**` (mlflow `store/model_registry/rest_store.py`). */
export function registerRegistryModels(
  app: FastifyInstance,
  context: WorkspaceContext,
  registry: Registry,
): void {
  const { models, versions, files, messages } = registry;
  const { call, model: modelOf } = registryAccess(app, context, registry);
  const answer = (model: RegistryModel) => ({ registered_model: messages.model(model) });

  /** A model with a version in use keeps its name and stays ("Manage model lifecycle", workspace registry). */
  function requireIdle(model: RegistryModel, act: string): void {
    const used = versions.of(model).find(({ stage }) => isActive(stage));
    if (used)
      throw new ApiError(
        'INVALID_STATE',
        `'${model.name}' cannot be ${act}: version ${used.version} is in stage ${used.stage}. Move it to None or Archived first.`,
      );
  }

  call('POST', 'registered-models/create', (fields, principal) =>
    answer(
      models.create(
        principal,
        text(fields, 'name'),
        optionalText(fields, 'description'),
        keyValues(fields, 'tags'),
      ),
    ),
  );
  call('GET', 'registered-models/get', (fields, principal) => answer(modelOf(principal, 'CAN_READ', fields)));
  call('GET', 'databricks/registered-models/get', (fields, principal) => ({
    registered_model_databricks: messages.modelOnDatabricks(
      principal,
      modelOf(principal, 'CAN_READ', fields),
    ),
  }));
  call('PATCH', 'registered-models/update', (fields, principal) =>
    answer(models.describe(modelOf(principal, 'CAN_EDIT', fields), anyText(fields, 'description'))),
  );
  call('POST', 'registered-models/rename', (fields, principal) => {
    const model = modelOf(principal, 'CAN_MANAGE', fields);
    requireIdle(model, 'renamed');
    return answer(models.rename(model, text(fields, 'new_name')));
  });
  call('DELETE', 'registered-models/delete', async (fields, principal) => {
    const model = modelOf(principal, 'CAN_MANAGE', fields);
    requireIdle(model, 'deleted');
    const removed = versions.of(model);
    context.transaction(() => {
      for (const version of removed) versions.remove(model, version);
      models.remove(model);
    });
    for (const version of removed) await files.remove(version);
    return {};
  });

  for (const path of ['search', 'list'])
    call('GET', `registered-models/${path}`, (fields, principal) => {
      const found = searchModels(models, models.readable(principal), path === 'list' ? {} : fields);
      const question = [path, fields.filter, fields.order_by];
      const { items, ...next } = page(fields, found, question, { fallback: 100, limit: 1000 });
      return message({ registered_models: items.map(messages.model), ...next });
    });

  for (const method of ['GET', 'POST'] as const)
    call(method, 'registered-models/get-latest-versions', (fields, principal) => {
      const model = modelOf(principal, 'CAN_READ', fields);
      const latest = versions.latest(model, texts(fields, 'stages').map(stageOf));
      return message({ model_versions: latest.map((version) => messages.version(model, version)) });
    });

  call('POST', 'registered-models/set-tag', (fields, principal) => {
    const { id } = modelOf(principal, 'CAN_EDIT', fields);
    requireKey('tag', text(fields, 'key'));
    models.tags.set(id, text(fields, 'key'), anyText(fields, 'value'));
    return {};
  });
  call('DELETE', 'registered-models/delete-tag', (fields, principal) => {
    models.tags.removeIfThere(modelOf(principal, 'CAN_EDIT', fields).id, text(fields, 'key'));
    return {};
  });

  call('POST', 'registered-models/alias', (fields, principal) => {
    const model = modelOf(principal, 'CAN_MANAGE', fields);
    const { version } = versions.get(model, versionNumber(text(fields, 'version')));
    models.aliases.set(model.id, text(fields, 'alias'), version);
    return {};
  });
  call('DELETE', 'registered-models/alias', (fields, principal) => {
    const model = modelOf(principal, 'CAN_MANAGE', fields);
    models.aliases.remove(model.id, text(fields, 'alias'));
    return {};
  });
  call('GET', 'registered-models/alias', (fields, principal) => {
    const model = modelOf(principal, 'CAN_READ', fields);
    const found = models.aliases.find(model.id, text(fields, 'alias'));
    if (!found) throw invalid(`Registered model alias ${text(fields, 'alias')} not found.`);
    return { model_version: messages.version(model, versions.get(model, found.version)) };
  });
}
