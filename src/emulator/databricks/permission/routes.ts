import type { FastifyInstance } from 'fastify';
import type { WorkspaceContext } from '../context.ts';
import { registerGrants } from './grants.ts';
import { registerObjectPermissions } from './object-permissions.ts';
import { registerRuleSets } from './rule-sets.ts';

/** The REST side of `Permissions` and of the roles on service principals. */
export function registerPermissions(app: FastifyInstance, context: WorkspaceContext): void {
  registerGrants(app, context);
  registerObjectPermissions(app, context);
  registerRuleSets(app, context);
}
