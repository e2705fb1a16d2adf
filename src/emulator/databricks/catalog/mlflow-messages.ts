import type { Model, Models } from './models.ts';
import type { Version, Versions } from './versions.ts';

/** Searches leave aliases and tags out, as the real ones do. */
type Detail = 'whole' | 'found';

/** The protobuf message `RegisteredModel`: versions are strings. */
export function modelMessage(models: Models, model: Model, detail: Detail): Record<string, unknown> {
  return {
    name: model.full_name,
    creation_timestamp: model.created_at,
    last_updated_timestamp: model.updated_at,
    user_id: models.owner(model),
    description: model.comment ?? '',
    ...(detail === 'found'
      ? {}
      : {
          aliases: models.aliases
            .list(model.full_name)
            .map(({ alias, version }) => ({ alias, version: String(version) })),
          tags: models.tags.list(model.full_name),
        }),
  };
}

/** The protobuf message `ModelVersion`. */
export function versionMessage(
  models: Models,
  versions: Versions,
  version: Version,
  detail: Detail,
): Record<string, unknown> {
  const aliases = models.aliases.list(version.model).filter((alias) => alias.version === version.version);
  return {
    name: version.model,
    version: String(version.version),
    creation_timestamp: version.created_at,
    last_updated_timestamp: version.updated_at,
    user_id: version.created_by,
    description: version.comment ?? '',
    source: version.source,
    run_id: version.run_id ?? '',
    run_tracking_server_id: version.run_workspace_id ?? '',
    status: version.status,
    storage_location: `dbfs:/Models/${version.model.replaceAll('.', '/')}/${version.version}`,
    ...(version.model_id === null ? {} : { model_id: version.model_id }),
    ...(detail === 'found'
      ? {}
      : {
          aliases: aliases.map(({ alias }) => ({ alias, version: String(version.version) })),
          tags: versions.tags(version),
        }),
  };
}
