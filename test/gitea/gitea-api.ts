import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inject } from 'vitest';

const demo = inject('demo');

/** Gitea's address with a trailing slash. */
export const giteaUrl = demo.gitea.url;

/** What the set-up wrote for the backend: `bot-token`, `webhook-secret`. */
export const secret = (name: string) => readFileSync(join(demo.dir, 'secrets', name), 'utf8').trim();

export interface Answer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests read what they expect
  body: any;
}

/** Any call to the API. @param who somebody of the demo or of `createPerson`, a token's Authorization, or '' for nobody */
export async function call(who: string, method: string, path: string, body?: unknown): Promise<Answer> {
  const authorization = who === '' || who.includes(' ') ? who : basic(who);
  const response = await fetch(`${giteaUrl}api/v1/${path}`, {
    method,
    headers: {
      ...(authorization && { authorization }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json');
  return { status: response.status, body: isJson ? JSON.parse(text) : text };
}

/** The same, where anything but success is a fault of the test. @returns the answer's body */
// biome-ignore lint/suspicious/noExplicitAny: tests read what they expect
export async function api(who: string, method: string, path: string, body?: unknown): Promise<any> {
  const answer = await call(who, method, path, body);
  if (answer.status >= 300) {
    throw new Error(`${who} ${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  }
  return answer.body;
}

export function passwordOf(name: string): string {
  return demo.users.find((user) => user.name === name)?.password ?? `${name}-password-1`;
}

const basic = (name: string) => `Basic ${Buffer.from(`${name}:${passwordOf(name)}`).toString('base64')}`;

/** Somebody who has no rights yet. */
export async function createPerson(username: string): Promise<void> {
  await api('ada', 'POST', 'admin/users', {
    username,
    password: passwordOf(username),
    email: `${username}@example.com`,
    must_change_password: false,
  });
}

/** A team of an organisation that reaches all its repositories, with one member. @param units by unit: read, write */
export async function createTeam(
  organisation: string,
  name: string,
  units: Record<string, 'read' | 'write'>,
  member: string,
): Promise<void> {
  const { id } = await api('ada', 'POST', `orgs/${organisation}/teams`, {
    name,
    permission: Object.values(units)[0],
    includes_all_repositories: true,
    units: Object.keys(units),
    units_map: units,
  });
  await api('ada', 'PUT', `teams/${id}/members/${member}`);
}

/** A repository with a first commit. */
export async function createRepository(
  fullName: string,
  options: { private?: boolean; empty?: boolean; topic?: boolean } = {},
): Promise<number> {
  const [organisation, name] = fullName.split('/');
  const { id } = await api('ada', 'POST', `orgs/${organisation}/repos`, {
    name,
    private: options.private ?? true,
    auto_init: !options.empty,
    default_branch: 'main',
  });
  if (options.topic) await api('ada', 'PUT', `repos/${fullName}/topics/databricks`);
  return id;
}

/** A pull request that adds one file on a branch of its own. @returns its number and head */
export async function openPull(
  who: string,
  fullName: string,
  branch: string,
): Promise<{ number: number; sha: string }> {
  const { commit } = await api(who, 'POST', `repos/${fullName}/contents/${branch}.py`, {
    content: Buffer.from(`print("${branch}")\n`).toString('base64'),
    message: `Add ${branch}`,
    branch: 'main',
    new_branch: branch,
  });
  const { number } = await api(who, 'POST', `repos/${fullName}/pulls`, {
    head: branch,
    base: 'main',
    title: `Add ${branch}`,
  });
  return { number, sha: commit.sha };
}

/** A token of somebody's own. @returns the Authorization header */
export async function tokenOf(who: string, ...scopes: string[]): Promise<string> {
  const name = scopes.join('-').replaceAll(':', '-');
  const { sha1 } = await api(who, 'POST', `users/${who}/tokens`, { name, scopes });
  return `token ${sha1}`;
}
