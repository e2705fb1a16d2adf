import type { FastifyInstance, FastifyRequest } from 'fastify';
import { bodyOf, paramOf } from '../body.ts';
import type { WorkspaceContext } from '../context.ts';
import { ApiError } from '../errors.ts';
import { parseAccessControlList } from './access-control-list.ts';
import type { Level, ObjectType } from './privileges.ts';
import { levelsByType } from './privileges.ts';

/** `GET|PUT|PATCH /api/2.0/permissions/{jobs|experiments|registered-models|serving-endpoints|directories}/{id}`. */
export function registerObjectPermissions(app: FastifyInstance, context: WorkspaceContext): void {
  const { permissions } = context;
  const path = '/api/2.0/permissions/:type/:id';

  function target(request: FastifyRequest): { type: ObjectType; id: string } {
    const type = paramOf(request, 'type');
    if (!Object.hasOwn(levelsByType, type) || type === 'runs')
      throw new ApiError('ENDPOINT_NOT_FOUND', `No permissions are kept for objects of type ${type}.`);
    return { type: type as ObjectType, id: paramOf(request, 'id') };
  }

  /** Checked before existence, so that nobody learns which ids exist. */
  function manageable(request: FastifyRequest) {
    const principal = context.authorize(request);
    const at = target(request);
    permissions.requireObject(principal, 'CAN_MANAGE', at.type, at.id);
    if (permissions.objectPermissions(at.type, at.id).length === 0)
      throw new ApiError('RESOURCE_DOES_NOT_EXIST', `${at.type} ${at.id} does not exist.`);
    return at;
  }

  function render(type: ObjectType, id: string) {
    const entries = new Map<string, object[]>();
    for (const { principal, level, inheritedFrom } of permissions.objectPermissions(type, id))
      entries.set(principal, [
        ...(entries.get(principal) ?? []),
        inheritedFrom === undefined
          ? { permission_level: level, inherited: false }
          : { permission_level: level, inherited: true, inherited_from_object: [inheritedFrom] },
      ]);
    entries.set('admins', [
      { permission_level: 'CAN_MANAGE', inherited: true, inherited_from_object: [`/${type}/`] },
    ]);
    return {
      object_id: `/${type}/${id}`,
      object_type: type.replace(/ies$/, 'y').replace(/s$/, ''),
      access_control_list: [...entries].map(([principal, levels]) => ({
        [principalField(context, principal)]: principal,
        all_permissions: levels,
      })),
    };
  }

  function apply(type: ObjectType, id: string, entries: { principal: string; level: Level }[]): void {
    for (const { principal, level } of entries) {
      if (level === 'IS_OWNER') {
        const before = ownerOf(type, id);
        if (before !== undefined && before !== principal)
          permissions.setLevel(type, id, before, 'CAN_MANAGE');
      }
      permissions.setLevel(type, id, principal, level);
    }
  }

  const ownerOf = (type: ObjectType, id: string) =>
    permissions
      .objectPermissions(type, id)
      .find(({ level, inheritedFrom }) => level === 'IS_OWNER' && inheritedFrom === undefined)?.principal;

  app.get(path, async (request) => {
    const { type, id } = manageable(request);
    return render(type, id);
  });

  app.patch(path, async (request) => {
    const { type, id } = manageable(request);
    const entries = parseAccessControlList(type, bodyOf(request));
    context.transaction(() => apply(type, id, entries));
    return render(type, id);
  });

  app.put(path, async (request) => {
    const { type, id } = manageable(request);
    const entries = parseAccessControlList(type, bodyOf(request));
    context.transaction(() => {
      const owner = ownerOf(type, id);
      permissions.clearLevels(type, id);
      // An object is never left without its owner: a list that names none keeps the present one.
      if (owner !== undefined && !entries.some(({ level }) => level === 'IS_OWNER'))
        permissions.setLevel(type, id, owner, 'IS_OWNER');
      apply(type, id, entries);
    });
    return render(type, id);
  });
}

function principalField(context: WorkspaceContext, name: string) {
  const known = context.tokens.principalNamed(name);
  if (known?.applicationId) return 'service_principal_name';
  return known || name.includes('@') ? 'user_name' : 'group_name';
}
