import type { FastifyInstance } from 'fastify';
import { versionNumber } from '../catalog/versions.ts';
import type { Principal, WorkspaceContext } from '../context.ts';
import { addingCalls } from '../mlflow/calls.ts';
import type { Fields } from '../mlflow/fields.ts';
import { text } from '../mlflow/fields.ts';
import type { LoggedModels } from '../mlflow/logged-models.ts';
import type { Level } from '../permission/privileges.ts';
import type { RegistryMessages } from './messages.ts';
import type { RegistryModel, RegistryModels } from './models.ts';
import type { VersionFiles } from './version-files.ts';
import type { RegistryVersion, RegistryVersions } from './versions.ts';

/** The parts of the room that its routes work with. */
export interface Registry {
  models: RegistryModels;
  versions: RegistryVersions;
  files: VersionFiles;
  messages: RegistryMessages;
  loggedModels: LoggedModels;
}

type ModelLevel = Level<'registered-models'>;

/** Adds calls below `/api/2.0/mlflow` and finds what they name, with the permission that they need. */
export function registryAccess(app: FastifyInstance, context: WorkspaceContext, registry: Registry) {
  /** By name a model that does not exist is 404; one that is there and not permitted is 403. */
  function model(principal: Principal, level: ModelLevel, fields: Fields): RegistryModel {
    const found = registry.models.get(text(fields, 'name'));
    context.permissions.requireObject(principal, level, 'registered-models', found.id);
    return found;
  }

  function version(
    principal: Principal,
    level: ModelLevel,
    fields: Fields,
  ): { model: RegistryModel; version: RegistryVersion } {
    const found = model(principal, level, fields);
    return { model: found, version: registry.versions.get(found, versionNumber(text(fields, 'version'))) };
  }

  return { call: addingCalls(app, context, '/api/2.0/mlflow'), model, version };
}
