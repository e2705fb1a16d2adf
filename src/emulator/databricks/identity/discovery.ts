import type { FastifyInstance } from 'fastify';
import type { WorkspaceContext } from '../context.ts';

/** The two documents by which databricks-sdk and mlflow find the token endpoint (facts: Authentication). */
export function registerDiscovery(app: FastifyInstance, context: WorkspaceContext): void {
  const { settings } = context;

  app.get('/.well-known/databricks-config', async () => ({
    oidc_endpoint: `${settings.host}/oidc`,
    account_id: settings.accountId,
    workspace_id: settings.orgId,
    cloud: 'aws',
    host_type: 'workspace',
    token_federation_default_oidc_audiences: [settings.accountId],
  }));

  app.get('/oidc/.well-known/oauth-authorization-server', async () => ({
    issuer: `${settings.host}/oidc`,
    token_endpoint: `${settings.host}/oidc/v1/token`,
    grant_types_supported: ['client_credentials', 'urn:ietf:params:oauth:grant-type:token-exchange'],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
    scopes_supported: ['all-apis'],
    response_types_supported: [],
  }));
}
