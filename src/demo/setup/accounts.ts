import { randomBytes } from 'node:crypto';
import type { Journal } from '../journal.ts';
import { orNothing } from './api-error.ts';
import type { Credentials, GiteaClient } from './gitea-client.ts';

/** Somebody of the demo. `permission` is what the README and demo.json call it. */
export interface DemoUser extends Credentials {
  fullName: string;
  permission: 'admin' | 'release' | 'write' | 'read';
}

const people: Omit<DemoUser, 'password'>[] = [
  { name: 'ada', fullName: 'Ada Lindqvist', permission: 'admin' },
  { name: 'wendy', fullName: 'Wendy Okafor', permission: 'release' },
  { name: 'walt', fullName: 'Walt Brandt', permission: 'write' },
  { name: 'rita', fullName: 'Rita Moreau', permission: 'read' },
];
export const botName = 'databricks-bot';

/** The demo's users with random passwords, the same at every start. */
export function demoUsers(journal: Journal): DemoUser[] {
  return people.map((person) => ({
    ...person,
    password: journal.once(`password of ${person.name}`, randomPassword),
  }));
}

export function randomPassword(): string {
  return randomBytes(12).toString('base64url');
}

/** Creates everybody but the first admin, who has to be there already. */
export async function createUsers(gitea: GiteaClient, users: Credentials[]): Promise<void> {
  for (const user of users) {
    if (await orNothing(gitea.get(`users/${user.name}`).json())) continue;
    await gitea.post('admin/users', {
      json: {
        username: user.name,
        email: `${user.name}@example.com`,
        full_name: (user as Partial<DemoUser>).fullName ?? '',
        password: user.password,
        must_change_password: false,
      },
    });
  }
}

/**
 * A token of a user's own with exactly these scopes. Gitea shows it once: one of that name which is there already
 * is of an interrupted set-up and is replaced.
 */
export async function createToken(
  user: GiteaClient,
  login: string,
  name: string,
  scopes: string[],
): Promise<string> {
  const path = `users/${login}/tokens`;
  const present = await user.get(path).json<{ id: number; name: string }[]>();
  for (const token of present) if (token.name === name) await user.delete(`${path}/${token.id}`);
  const { sha1 } = await user.post(path, { json: { name, scopes } }).json<{ sha1: string }>();
  return sha1;
}

/** The OAuth2 application of the backend: confidential, with one redirect address. */
export async function createOAuthApplication(
  admin: GiteaClient,
  redirectUri: string,
): Promise<{ clientId: string; clientSecret: string }> {
  const name = 'Databricks panel';
  const path = 'user/applications/oauth2';
  const present = await admin.get(path).json<{ id: number; name: string }[]>();
  for (const application of present) {
    if (application.name === name) await admin.delete(`${path}/${application.id}`);
  }
  const made = await admin
    .post(path, { json: { name, redirect_uris: [redirectUri], confidential_client: true } })
    .json<{ client_id: string; client_secret: string }>();
  return { clientId: made.client_id, clientSecret: made.client_secret };
}
