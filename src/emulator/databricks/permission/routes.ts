import type { FastifyInstance } from 'fastify';
import type { WorkspaceContext } from '../context.ts';
import { registerGrants } from './grants.ts';
import { registerObjectPermissions } from './object-permissions.ts';

/** The REST side of `Permissions`. */
export function registerPermissions(app: FastifyInstance, context: WorkspaceContext): void {
  registerGrants(app, context);
  registerObjectPermissions(app, context);
}
