import { botName } from './accounts.ts';
import { orNothing } from './api-error.ts';
import type { GiteaClient } from './gitea-client.ts';
import { repositoryPath } from './gitea-client.ts';

interface Team {
  id: number;
  name: string;
}

/** Who is in which team of the organisation. The bot writes statuses and comments, and reads everything else. */
const teams = [
  { name: 'developers', permission: 'write', members: ['wendy', 'walt'] },
  { name: 'readers', permission: 'read', members: ['rita'] },
  { name: 'databricks', permission: 'write', members: [botName] },
] as const;
const units = ['repo.code', 'repo.issues', 'repo.pulls'];

/** The organisation and its teams, which reach all of its repositories. */
export async function createOrganisation(admin: GiteaClient, organisation: string): Promise<void> {
  if (!(await orNothing(admin.get(`orgs/${organisation}`).json()))) {
    await admin.post('orgs', { json: { username: organisation, visibility: 'private' } });
  }
  const present = await admin.get(`orgs/${organisation}/teams`).json<Team[]>();
  for (const { name, permission, members } of teams) {
    const team =
      present.find((candidate) => candidate.name === name) ??
      (await admin
        .post(`orgs/${organisation}/teams`, {
          json: {
            name,
            permission,
            includes_all_repositories: true,
            can_create_org_repo: false,
            units,
            units_map: Object.fromEntries(units.map((unit) => [unit, permission])),
          },
        })
        .json<Team>());
    for (const member of members) await admin.put(`teams/${team.id}/members/${member}`);
  }
}

/** A private repository without a first commit, with the topic that shows the panel. @returns its id */
export async function createRepository(
  admin: GiteaClient,
  fullName: string,
  description: string,
): Promise<number> {
  const [organisation = '', name = ''] = fullName.split('/');
  const repository =
    (await orNothing(admin.get(repositoryPath(fullName)).json<{ id: number }>())) ??
    (await admin
      .post(`orgs/${organisation}/repos`, {
        json: { name, description, private: true, auto_init: false, default_branch: 'main' },
      })
      .json<{ id: number }>());
  await admin.put(repositoryPath(fullName, 'topics', 'databricks'));
  return repository.id;
}

/** Tells the backend about pushes and pull requests; `pull_request` covers their comments and reviews as well. */
export async function createWebhook(
  admin: GiteaClient,
  fullName: string,
  { url, secret }: { url: string; secret: string },
): Promise<void> {
  const path = repositoryPath(fullName, 'hooks');
  const present = await admin.get(path).json<{ id: number; config: { url: string } }[]>();
  for (const hook of present) if (hook.config.url === url) await admin.delete(`${path}/${hook.id}`);
  await admin.post(path, {
    json: {
      type: 'gitea',
      active: true,
      branch_filter: '*',
      events: ['push', 'pull_request'],
      config: { url, content_type: 'json', secret },
    },
  });
}

/** One approval, a green training run, a merge allow-list, and nobody pushes to the branch directly. */
export async function protectBranch(
  admin: GiteaClient,
  fullName: string,
  branch: string,
  mayMerge: string[],
): Promise<void> {
  const path = repositoryPath(fullName, 'branch_protections');
  if (await orNothing(admin.get(`${path}/${encodeURIComponent(branch)}`).json())) return;
  await admin.post(path, {
    json: {
      rule_name: branch,
      enable_push: false,
      required_approvals: 1,
      dismiss_stale_approvals: true,
      block_on_rejected_reviews: true,
      enable_status_check: true,
      status_check_contexts: ['databricks/*'],
      enable_merge_whitelist: true,
      merge_whitelist_usernames: mayMerge,
      protected_file_patterns: '.gitea/databricks.yml',
    },
  });
}
