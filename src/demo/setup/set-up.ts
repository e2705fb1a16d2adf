import { randomBytes } from 'node:crypto';
import type { Journal } from '../journal.ts';
import type { DemoUser } from './accounts.ts';
import { botName, createOAuthApplication, createToken, createUsers, randomPassword } from './accounts.ts';
import { publicUrl } from './backend-configuration.ts';
import type { Production } from './catalog.ts';
import { createFolders, createModel } from './catalog.ts';
import type { Credentials, GiteaClient } from './gitea-client.ts';
import { giteaClient } from './gitea-client.ts';
import type { Role, ServicePrincipal } from './principals.ts';
import { createPrincipals } from './principals.ts';
import { createOrganisation, createRepository, createWebhook } from './repository.ts';
import type { WorkspaceClient } from './workspace-client.ts';

/** What the backend's configuration needs to know of Gitea. */
export interface GiteaFacts {
  botToken: string;
  webhookSecret: string;
  oauth: { clientId: string; clientSecret: string };
}

/** What an admin does in Gitea before the backend can run: accounts, the bot's token, the OAuth2 application. */
export async function setUpGitea(
  journal: Journal,
  rootUrl: string,
  users: DemoUser[],
  signal: AbortSignal,
): Promise<GiteaFacts> {
  const [ada] = users as [DemoUser];
  const admin = giteaClient(rootUrl, ada, signal);
  const bot: Credentials = {
    name: botName,
    password: journal.once(`password of ${botName}`, randomPassword),
  };
  await journal.step('users', 'Users and the bot', () => createUsers(admin, [...users, bot]));
  const botToken = await journal.step('bot token', '', () =>
    createToken(giteaClient(rootUrl, bot, signal), botName, 'gitea-databricks', [
      'read:user',
      'write:repository',
      'write:issue',
    ]),
  );
  const oauth = await journal.step('oauth application', 'OAuth2 application', () =>
    createOAuthApplication(admin, new URL('auth/callback', publicUrl(rootUrl)).href),
  );
  return {
    botToken,
    oauth,
    webhookSecret: journal.once('webhook secret', () => randomBytes(32).toString('hex')),
  };
}

/** The repository of the example, with whoever may do what in it, and the webhook. */
export async function setUpRepository(
  journal: Journal,
  admin: GiteaClient,
  rootUrl: string,
  {
    repository,
    description,
    webhookSecret,
  }: { repository: string; description: string; webhookSecret: string },
): Promise<void> {
  await journal.step('organisation', 'Organisation and teams', () =>
    createOrganisation(admin, repository.split('/')[0] as string),
  );
  await journal.step('repository', `Repository ${repository}`, () =>
    createRepository(admin, repository, description),
  );
  await journal.step('webhook', 'Webhook', () =>
    createWebhook(admin, repository, {
      url: new URL('webhooks/gitea', publicUrl(rootUrl)).href,
      secret: webhookSecret,
    }),
  );
}

/** What an admin does in the workspace: a principal per role, folders, catalog, model and grants. */
export async function setUpWorkspace(
  journal: Journal,
  workspace: WorkspaceClient,
  production: Production,
): Promise<Record<Role, ServicePrincipal>> {
  const principals = await journal.step('service principals', 'Service principals', () =>
    createPrincipals(workspace),
  );
  await journal.step('workspace folders', '', () => createFolders(workspace, principals));
  await journal.step('model', `Model ${production.model}`, () =>
    createModel(workspace, production.model, principals),
  );
  return principals;
}
