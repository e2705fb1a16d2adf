import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Json } from '../body.ts';
import {
  bodyOf,
  isObject,
  optionalObjects,
  optionalString,
  optionalStrings,
  paramOf,
  queryOf,
  requiredString,
} from '../body.ts';
import type { WorkspaceContext } from '../context.ts';
import { ApiError, forbidden, invalid } from '../errors.ts';
import type { GrantRule } from './service-principal-roles.ts';
import { servicePrincipalRoles } from './service-principal-roles.ts';

/**
 * `GET|PUT …/access-control/rule-sets` and `GET …/assignable-roles`, under the workspace's address and the
 * account's: the roles on a service principal, such as the one that `run_as` needs.
 */
export function registerRuleSets(app: FastifyInstance, context: WorkspaceContext): void {
  const { roles, tokens } = context;

  /** The service principal that a name is about, for who may manage it. @throws ApiError 400, 403, 404 */
  function managed(request: FastifyRequest, name: string, rest: RegExp): string {
    const principal = context.authorize(request);
    const account = paramOf(request, 'account') || context.settings.accountId;
    const [, named, id = '', end = ''] =
      /^accounts\/([^/]+)\/servicePrincipals\/([^/]+)(.*)$/.exec(name) ?? [];
    if (named !== account || !rest.test(end))
      throw invalid(
        `Only names such as accounts/${account}/servicePrincipals/<application id> are known here, not ${name}.`,
      );
    if (!roles.has(principal, 'roles/servicePrincipal.manager', id))
      throw forbidden(`${principal.name} is not authorized to manage the roles of service principal ${id}.`);
    if (tokens.principalNamed(id)?.applicationId === undefined)
      throw new ApiError('RESOURCE_DOES_NOT_EXIST', `Service principal ${id} does not exist.`);
    return id;
  }

  const render = (name: string, id: string) => ({
    name,
    etag: roles.etag(id),
    grant_rules: roles.rules(id),
  });

  for (const base of [
    '/api/2.0/preview/accounts/access-control',
    '/api/2.0/preview/accounts/:account/access-control',
  ]) {
    app.get(`${base}/rule-sets`, async (request) => {
      const name = requiredString(queryOf(request), 'name');
      return render(name, managed(request, name, /^\/ruleSets\/default$/));
    });

    app.put(`${base}/rule-sets`, async (request) => {
      const body = bodyOf(request);
      const name = requiredString(body, 'name');
      const id = managed(request, name, /^\/ruleSets\/default$/);
      const ruleSet = isObject(body.rule_set) ? body.rule_set : {};
      const rules = optionalObjects(ruleSet, 'grant_rules').map(parseRule);
      context.transaction(() => {
        if (optionalString(ruleSet, 'etag') !== roles.etag(id))
          throw new ApiError('RESOURCE_CONFLICT', 'The rule set was changed since its etag was read.');
        roles.replace(id, rules);
      });
      return render(name, id);
    });

    app.get(`${base}/assignable-roles`, async (request) => {
      managed(request, requiredString(queryOf(request), 'resource'), /^$/);
      return { roles: servicePrincipalRoles.map((name) => ({ name })) };
    });
  }
}

function parseRule(source: Json): GrantRule {
  const wanted = requiredString(source, 'role');
  const role = servicePrincipalRoles.find((known) => known === wanted);
  if (!role)
    throw invalid(`${wanted} is no role of a service principal; known: ${servicePrincipalRoles.join(', ')}.`);
  const principals = optionalStrings(source, 'principals');
  for (const name of principals)
    if (!/^(users|groups|servicePrincipals)\/.+$/.test(name))
      throw invalid(`${name} names no principal: users/…, groups/… or servicePrincipals/….`);
  return { role, principals };
}
