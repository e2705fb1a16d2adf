import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { WorkspaceContext } from '../context.ts';
import type { Fields } from '../mlflow/fields.ts';
import { fieldsOf, integer, optionalInteger, optionalText, text } from '../mlflow/fields.ts';
import { pageOffset, pageToken } from '../mlflow/page-token.ts';
import type { Model, Models } from './models.ts';
import type { Version, Versions } from './versions.ts';
import { versionNumber } from './versions.ts';

/** Unity Catalog's own REST API for models, `/api/2.1/unity-catalog/models/**`: versions and times are numbers. */
export function registerModelsRest(
  app: FastifyInstance,
  context: WorkspaceContext,
  models: Models,
  versions: Versions,
): void {
  const base = '/api/2.1/unity-catalog/models';
  const { permissions } = context;

  const aliasesOf = (model: Model, version?: number) =>
    models.aliases
      .list(model.full_name)
      .filter((alias) => version === undefined || alias.version === version)
      .map((alias) => ({ alias_name: alias.alias, version_num: alias.version }));
  const without = (row: Record<string, unknown>) =>
    Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null));

  function modelInfo(model: Model, includeAliases: boolean) {
    const { next_version: _, ...rest } = model;
    return {
      ...without(rest),
      owner: models.owner(model),
      ...(includeAliases ? { aliases: aliasesOf(model) } : {}),
    };
  }
  function versionInfo(version: Version, includeAliases: boolean) {
    const { model: fullName, model_id: _, ...rest } = version;
    const model = models.get(fullName);
    return {
      ...without(rest),
      catalog_name: model.catalog_name,
      schema_name: model.schema_name,
      model_name: model.name,
      ...(includeAliases ? { aliases: aliasesOf(model, version.version) } : {}),
    };
  }

  const wantsAliases = (request: FastifyRequest) => (request.query as Fields).include_aliases === 'true';
  const nameOf = (request: FastifyRequest) => (request.params as { name: string }).name;
  const versionOf = (request: FastifyRequest) =>
    versionNumber((request.params as { version: string }).version);
  function page<Item>(request: FastifyRequest, key: string, items: Item[]) {
    const query = request.query as Fields;
    const size = optionalInteger(query, 'max_results') || 1000;
    const question = [request.url.split('?')[0], query.catalog_name, query.schema_name];
    const offset = pageOffset(optionalText(query, 'page_token'), question);
    const more = offset + size < items.length;
    return {
      [key]: items.slice(offset, offset + size),
      ...(more ? { next_page_token: pageToken(offset + size, question) } : {}),
    };
  }

  app.get(base, (request) => {
    const principal = context.authorize(request);
    const query = request.query as Fields;
    const found = models
      .list(optionalText(query, 'catalog_name'), optionalText(query, 'schema_name'))
      .filter((model) => permissions.allows(principal, 'EXECUTE', 'function', model.full_name));
    return page(
      request,
      'registered_models',
      found.map((model) => modelInfo(model, false)),
    );
  });

  app.post(base, (request) => {
    const principal = context.authorize(request);
    const fields = fieldsOf(request);
    const fullName = ['catalog_name', 'schema_name', 'name'].map((part) => text(fields, part)).join('.');
    return modelInfo(models.create(principal, fullName, optionalText(fields, 'comment'), []), false);
  });

  app.get(`${base}/:name`, (request) => {
    const principal = context.authorize(request);
    return modelInfo(models.permitted(principal, 'EXECUTE', nameOf(request)), wantsAliases(request));
  });

  app.patch(`${base}/:name`, (request) => {
    const principal = context.authorize(request);
    const fields = fieldsOf(request);
    models.permitted(principal, 'MANAGE', nameOf(request));
    const change = { owner: optionalText(fields, 'owner'), comment: optionalText(fields, 'comment') };
    const newName = optionalText(fields, 'new_name');
    return context.transaction(() => {
      const changed = models.change(principal, nameOf(request), change);
      if (newName === undefined) return modelInfo(changed, false);
      const named = `${changed.catalog_name}.${changed.schema_name}.${newName}`;
      return modelInfo(models.rename(principal, changed.full_name, named), false);
    });
  });

  app.delete(`${base}/:name`, (request) => {
    models.permitted(context.authorize(request), 'MANAGE', nameOf(request));
    models.remove(nameOf(request));
    return {};
  });

  app.get(`${base}/:name/versions`, (request) => {
    const principal = context.authorize(request);
    const { full_name: fullName } = models.permitted(principal, 'EXECUTE', nameOf(request));
    return page(
      request,
      'model_versions',
      versions.of(fullName).map((version) => versionInfo(version, false)),
    );
  });

  app.get(`${base}/:name/versions/:version`, (request) => {
    const principal = context.authorize(request);
    models.permitted(principal, 'EXECUTE', nameOf(request));
    return versionInfo(versions.get(nameOf(request), versionOf(request)), wantsAliases(request));
  });

  app.patch(`${base}/:name/versions/:version`, (request) => {
    const principal = context.authorize(request);
    models.permitted(principal, 'MANAGE', nameOf(request));
    const comment = text(fieldsOf(request), 'comment');
    return versionInfo(versions.setComment(principal, nameOf(request), versionOf(request), comment), false);
  });

  app.delete(`${base}/:name/versions/:version`, (request) => {
    models.permitted(context.authorize(request), 'MANAGE', nameOf(request));
    versions.remove(nameOf(request), versionOf(request));
    return {};
  });

  const aliasPath = `${base}/:name/aliases/:alias`;
  const aliasName = (request: FastifyRequest) => (request.params as { alias: string }).alias;

  app.put(aliasPath, (request) => {
    const model = models.permitted(context.authorize(request), 'MANAGE', nameOf(request));
    const { version } = versions.get(model.full_name, integer(fieldsOf(request), 'version_num'));
    models.aliases.set(model.full_name, aliasName(request), version);
    return { alias_name: aliasName(request), version_num: version };
  });

  app.get(aliasPath, (request) => {
    const model = models.permitted(context.authorize(request), 'EXECUTE', nameOf(request));
    const { version } = models.alias(model.full_name, aliasName(request));
    return versionInfo(versions.get(model.full_name, version), wantsAliases(request));
  });

  app.delete(aliasPath, (request) => {
    const { full_name: fullName } = models.permitted(context.authorize(request), 'MANAGE', nameOf(request));
    models.aliases.remove(fullName, models.alias(fullName, aliasName(request)).alias);
    return {};
  });
}
