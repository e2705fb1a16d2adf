import type { FastifyInstance, FastifyRequest } from 'fastify';
import { bodyOf, optionalObjects, optionalStrings, paramOf, requiredString } from '../body.ts';
import type { WorkspaceContext } from '../context.ts';
import { ApiError, invalid } from '../errors.ts';
import type { Privilege, Securable } from './privileges.ts';
import { privileges } from './privileges.ts';

const securables = ['metastore', 'catalog', 'schema', 'function', 'volume', 'table'];

/** `GET|PATCH /api/2.1/unity-catalog/permissions/{securable}/{full_name}`. */
export function registerGrants(app: FastifyInstance, context: WorkspaceContext): void {
  const { permissions } = context;
  const path = '/api/2.1/unity-catalog/permissions/:securable/:name';

  function target(request: FastifyRequest): { securable: Securable; name: string } {
    const securable = paramOf(request, 'securable').toLowerCase();
    if (!securables.includes(securable))
      throw invalid(`Unknown securable type ${securable}; a registered model's is function.`);
    return { securable: securable as Securable, name: paramOf(request, 'name') };
  }

  function requireExistence(securable: Securable, name: string): void {
    if (securable !== 'metastore' && permissions.owner(securable, name) === undefined)
      throw new ApiError('RESOURCE_DOES_NOT_EXIST', `${securable} '${name}' does not exist.`);
  }

  function assignments(securable: Securable, name: string, only?: string) {
    const byPrincipal = new Map<string, Privilege[]>();
    for (const { principal, privilege } of permissions.grants(securable, name)) {
      if (only !== undefined && principal !== only) continue;
      byPrincipal.set(principal, [...(byPrincipal.get(principal) ?? []), privilege]);
    }
    return {
      privilege_assignments: [...byPrincipal].map(([principal, granted]) => ({
        principal,
        privileges: granted,
      })),
    };
  }

  app.get(path, async (request) => {
    const principal = context.authorize(request);
    const { securable, name } = target(request);
    const manages = permissions.allows(principal, 'MANAGE', securable, name);
    if (manages) requireExistence(securable, name);
    return assignments(securable, name, manages ? undefined : principal.name);
  });

  app.patch(path, async (request) => {
    const principal = context.authorize(request);
    const { securable, name } = target(request);
    permissions.require(principal, 'MANAGE', securable, name);
    requireExistence(securable, name);
    context.transaction(() => {
      for (const change of optionalObjects(bodyOf(request), 'changes')) {
        const grantee = requiredString(change, 'principal');
        permissions.grant(securable, name, grantee, known(optionalStrings(change, 'add')));
        permissions.revoke(securable, name, grantee, known(optionalStrings(change, 'remove')));
      }
    });
    return assignments(securable, name);
  });
}

/** SQL spells privileges with spaces, REST with underscores; both are understood. */
function known(names: string[]): Privilege[] {
  return names.map((name) => {
    const privilege = privileges.find((candidate) => candidate === name.toUpperCase().replaceAll(' ', '_'));
    if (!privilege) throw invalid(`Unknown privilege ${name}; known: ${privileges.join(', ')}.`);
    return privilege;
  });
}
