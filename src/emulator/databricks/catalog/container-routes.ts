import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { WorkspaceContext } from '../context.ts';
import type { Fields } from '../mlflow/fields.ts';
import { fieldsOf, optionalText, text } from '../mlflow/fields.ts';
import type { Containers } from './securables.ts';
import { doesNotExist } from './securables.ts';

/** `/api/2.1/unity-catalog/{catalogs,schemas}`. */
export function registerContainers(
  app: FastifyInstance,
  context: WorkspaceContext,
  containers: Containers,
): void {
  const { permissions } = context;
  const nameOf = (request: FastifyRequest) => (request.params as { name: string }).name;

  for (const [kind, path, use] of [
    ['catalog', 'catalogs', 'USE_CATALOG'],
    ['schema', 'schemas', 'USE_SCHEMA'],
  ] as const) {
    const base = `/api/2.1/unity-catalog/${path}`;

    app.post(base, (request) => {
      const principal = context.authorize(request);
      const fields = fieldsOf(request);
      const name = text(fields, 'name');
      const comment = optionalText(fields, 'comment');
      return kind === 'catalog'
        ? containers.createCatalog(principal, name, comment)
        : containers.createSchema(principal, text(fields, 'catalog_name'), name, comment);
    });

    app.get(base, (request) => {
      const principal = context.authorize(request);
      const all =
        kind === 'catalog'
          ? containers.catalogs()
          : containers.schemas(text(request.query as Fields, 'catalog_name'));
      return { [path]: all.filter((each) => permissions.allows(principal, use, kind, each.full_name)) };
    });

    app.get(`${base}/:name`, (request) => {
      const principal = context.authorize(request);
      permissions.require(principal, use, kind, nameOf(request));
      return containers.get(kind, nameOf(request));
    });

    app.patch(`${base}/:name`, (request) => {
      const principal = context.authorize(request);
      const fields = fieldsOf(request);
      permissions.require(principal, 'MANAGE', kind, nameOf(request));
      return containers.change(principal, kind, nameOf(request), {
        owner: optionalText(fields, 'owner'),
        comment: optionalText(fields, 'comment'),
      });
    });

    app.delete(`${base}/:name`, (request) => {
      const principal = context.authorize(request);
      permissions.require(principal, 'MANAGE', kind, nameOf(request));
      if (!containers.get(kind, nameOf(request))) throw doesNotExist(kind, nameOf(request));
      containers.remove(kind, nameOf(request));
      return {};
    });
  }
}
