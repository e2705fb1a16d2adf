import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { writePrivateFile } from '../private-file.ts';
import type { Production } from './catalog.ts';
import type { Role, ServicePrincipal } from './principals.ts';

export interface BackendSettings {
  /** Where the configuration, its secrets and the backend's database lie. */
  dir: string;
  /** Gitea's public address with a trailing slash; the backend is below it. */
  rootUrl: string;
  /** Where the backend itself reaches Gitea, past the front. */
  giteaOrigin: string;
  listen: string;
  botToken: string;
  webhookSecret: string;
  oauth: { clientId: string; clientSecret: string };
  workspace: { host: string; accountId: string };
  principals: Record<Role, ServicePrincipal>;
  binding: string;
  repository: string;
  production: Production;
}

/** Writes what an admin would write: `gitea-databricks.yml`, and each secret as a file (mode 600). @returns its path */
export function writeBackendConfiguration(settings: BackendSettings): string {
  const { dir, rootUrl, principals, production, workspace } = settings;
  const secret = (name: string, value: string) => {
    writePrivateFile(join(dir, 'secrets', name), `${value}\n`);
    return `secrets/${name}`;
  };
  const encryptionKey = join(dir, 'secrets', 'encryption-key');
  // Everything at rest is encrypted with it: never made twice.
  if (!existsSync(encryptionKey)) secret('encryption-key', randomBytes(32).toString('hex'));
  const configuration = {
    public_url: publicUrl(rootUrl),
    listen: settings.listen,
    database: 'backend.db',
    encryption_key_file: 'secrets/encryption-key',
    gitea: {
      url: rootUrl.replace(/\/$/, ''),
      internal_url: settings.giteaOrigin,
      token_file: secret('bot-token', settings.botToken),
      webhook_secret_file: secret('webhook-secret', settings.webhookSecret),
      oauth: {
        client_id: settings.oauth.clientId,
        client_secret_file: secret('oauth-client-secret', settings.oauth.clientSecret),
      },
    },
    workspaces: {
      main: {
        host: workspace.host,
        account_id: workspace.accountId,
        auth: 'federation',
        reader: principals.reader.applicationId,
      },
    },
    bindings: [
      {
        id: settings.binding,
        repositories: [settings.repository],
        workspace: 'main',
        branch: 'default',
        experiment: '/gitea/{repository_id}',
        models: {
          wine: { name: production.model, alias: production.alias, endpoint: production.endpoint },
        },
        principals: {
          trainer: principals.trainer.applicationId,
          releaser: principals.releaser.applicationId,
          fork: principals.fork.applicationId,
        },
      },
    ],
  };
  const path = join(dir, 'gitea-databricks.yml');
  writePrivateFile(path, `# Written by the demo at each start.\n${stringify(configuration)}`);
  return path;
}

export const backendPath = '/-/databricks/';

/** The backend's public address below Gitea's, with a trailing slash. */
export function publicUrl(rootUrl: string): string {
  return new URL(backendPath.slice(1), rootUrl).href;
}
