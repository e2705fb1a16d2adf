import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { WorkspaceContext } from '../context.ts';
import { ApiError, invalid } from '../errors.ts';
import type { Fields } from '../mlflow/fields.ts';
import { fieldsOf, optionalText, text } from '../mlflow/fields.ts';
import type { Locate } from '../mlflow/files/file-routes.ts';
import { registerFiles } from '../mlflow/files/file-routes.ts';
import type { Privilege } from '../permission/privileges.ts';
import type { Volumes } from './volumes.ts';

/** `/api/2.1/unity-catalog/volumes`, and their files: `Volumes/{catalog}/{schema}/{volume}/…` in the Files API. */
export function registerVolumes(app: FastifyInstance, context: WorkspaceContext, volumes: Volumes): void {
  const { permissions } = context;
  const base = '/api/2.1/unity-catalog/volumes';

  function access(request: FastifyRequest, privilege: Privilege) {
    const principal = context.authorize(request);
    const { name } = request.params as { name: string };
    permissions.require(principal, privilege, 'volume', name);
    return { principal, volume: volumes.get(name) };
  }

  app.post(base, (request) => {
    const principal = context.authorize(request);
    const fields = fieldsOf(request);
    if (text(fields, 'volume_type') !== 'MANAGED')
      throw invalid('This workspace keeps MANAGED volumes only: it has no external locations.');
    const comment = optionalText(fields, 'comment');
    return volumes.create(
      principal,
      text(fields, 'catalog_name'),
      text(fields, 'schema_name'),
      text(fields, 'name'),
      comment,
    );
  });

  app.get(base, (request) => {
    const principal = context.authorize(request);
    const query = request.query as Fields;
    const all = volumes.list(text(query, 'catalog_name'), text(query, 'schema_name'));
    return {
      volumes: all.filter(({ full_name: name }) =>
        permissions.allows(principal, 'READ_VOLUME', 'volume', name),
      ),
    };
  });

  app.get(`${base}/:name`, (request) => access(request, 'READ_VOLUME').volume);

  app.patch(`${base}/:name`, (request) => {
    const { principal, volume } = access(request, 'MANAGE');
    const fields = fieldsOf(request);
    if (optionalText(fields, 'new_name'))
      throw invalid('Renaming a volume is not offered by this workspace.');
    return volumes.change(principal, volume, {
      owner: optionalText(fields, 'owner'),
      comment: optionalText(fields, 'comment'),
    });
  });

  app.delete(`${base}/:name`, async (request) => {
    await volumes.remove(access(request, 'MANAGE').volume);
    return {};
  });

  const locate: Locate = (principal, segments, access) => {
    const [catalog, schema, name, ...rest] = segments;
    if (!catalog || !schema || !name)
      throw new ApiError('NOT_FOUND', `No volume at '/Volumes/${segments.join('/')}'.`);
    const fullName = `${catalog}.${schema}.${name}`;
    permissions.require(principal, access === 'read' ? 'READ_VOLUME' : 'WRITE_VOLUME', 'volume', fullName);
    return { root: volumes.folder(volumes.get(fullName)), rest };
  };
  registerFiles(app, context, 'Volumes', locate);
}
