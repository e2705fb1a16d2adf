import type { FastifyInstance } from 'fastify';
import type { WorkspaceContext } from '../context.ts';
import { registerAccessTokens } from './access-tokens.ts';
import { registerAccountPolicies } from './account-policies.ts';
import { registerDiscovery } from './discovery.ts';
import { registerPolicies } from './policies.ts';
import { registerSecrets } from './secrets.ts';
import { registerServicePrincipals } from './service-principals.ts';
import { registerTokenEndpoint } from './token-endpoint.ts';
import { registerUsers } from './users.ts';

/** Who there is and how they sign in: discovery, tokens, service principals, secrets, federation policies. */
export function registerIdentity(app: FastifyInstance, context: WorkspaceContext): void {
  registerDiscovery(app, context);
  registerTokenEndpoint(app, context);
  registerServicePrincipals(app, context);
  registerSecrets(app, context);
  registerUsers(app, context);
  registerPolicies(app, context);
  registerAccountPolicies(app, context);
  registerAccessTokens(app, context);
}
