import type { Principal, WorkspaceContext } from '../context.ts';
import { message } from '../mlflow/message.ts';
import { levelsByType } from '../permission/privileges.ts';
import type { RegistryModel, RegistryModels } from './models.ts';
import type { RegistryVersion, RegistryVersions } from './versions.ts';

export type RegistryMessages = ReturnType<typeof createRegistryMessages>;

/** The messages of the workspace registry (mlflow `model_registry.proto`); versions are strings. */
export function createRegistryMessages(
  context: WorkspaceContext,
  models: RegistryModels,
  versions: RegistryVersions,
) {
  const aliasesOf = (model: RegistryModel) =>
    models.aliases.list(model.id).map(({ alias, version }) => ({ alias, version: String(version) }));

  /** `ModelVersion`. */
  function version(model: RegistryModel, each: RegistryVersion): Record<string, unknown> {
    const own = models.aliases.list(model.id).filter((alias) => alias.version === each.version);
    return message({
      name: model.name,
      version: String(each.version),
      creation_timestamp: each.created_at,
      last_updated_timestamp: each.updated_at,
      user_id: each.user_id,
      current_stage: each.stage,
      description: each.description,
      source: each.source,
      run_id: each.run_id ?? '',
      run_link: each.run_link ?? '',
      status: each.status,
      status_message: each.status_message || undefined,
      tags: versions.tags.list(each.id),
      aliases: own.map(({ alias }) => alias),
      model_id: each.logged_model,
    });
  }

  /** A version within its model or in a search: without its aliases, as a real mlflow server gives it. */
  function listed(model: RegistryModel, each: RegistryVersion): Record<string, unknown> {
    const { aliases: _, ...rest } = version(model, each);
    return rest;
  }

  /** `RegisteredModel`. */
  const model = (each: RegistryModel): Record<string, unknown> =>
    message({
      name: each.name,
      creation_timestamp: each.created_at,
      last_updated_timestamp: each.updated_at,
      user_id: each.user_id,
      description: each.description,
      latest_versions: versions.latest(each, []).map((newest) => listed(each, newest)),
      tags: models.tags.list(each.id),
      aliases: aliasesOf(each),
    });

  /** The strongest level that a principal has on a model. */
  const levelOf = (principal: Principal, each: RegistryModel) =>
    levelsByType['registered-models'].findLast((level) =>
      context.permissions.allowsObject(principal, level, 'registered-models', each.id),
    );

  return {
    version,
    listed,
    model,
    /** `ModelDatabricks`: with the id that permissions are kept under. */
    modelOnDatabricks: (principal: Principal, each: RegistryModel) => {
      const { aliases: _, ...rest } = model(each);
      return { ...rest, id: each.id, permission_level: levelOf(principal, each) };
    },
    /** `ModelVersionDatabricks`. */
    versionOnDatabricks: (principal: Principal, of: RegistryModel, each: RegistryVersion) => {
      const { aliases: _, ...rest } = version(of, each);
      return { ...rest, open_requests: [], permission_level: levelOf(principal, of) };
    },
  };
}
