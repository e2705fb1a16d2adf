import type { ForgeContext } from '../context.ts';
import { branchCount } from '../git/branch-count.ts';
import { withFieldsOf } from '../release.ts';
import { atLeast } from '../repository/permission.ts';
import { fullName, repositoryOwner } from '../repository/repositories.ts';
import type { Access, RepositoryRow } from '../store/rows.ts';
import { repositoryApiUrl, repositoryUrl } from './addresses.ts';
import { timestamp, zeroTime } from './timestamp.ts';
import { userJson } from './user-json.ts';

/** Merge settings and their defaults; the API can change them and shows them again. */
export const repositorySettings = {
  ignore_whitespace_conflicts: false,
  allow_merge_commits: true,
  allow_rebase: true,
  allow_rebase_explicit: true,
  allow_squash_merge: true,
  allow_fast_forward_only_merge: true,
  allow_rebase_update: true,
  allow_manual_merge: false,
  autodetect_manual_merge: false,
  default_delete_branch_after_merge: false,
  default_merge_style: 'merge',
  default_allow_maintainer_edit: false,
};

/** A repository as the API shows it to somebody with an access to it. */
export function repositoryJson(
  forge: ForgeContext,
  repository: RepositoryRow,
  access: Access,
): Record<string, unknown> {
  const { store } = forge;
  const url = repositoryUrl(forge, repository);
  const apiUrl = repositoryApiUrl(forge, repository);
  const has = (unit: string) => repository.units.includes(unit);
  const parent = repository.forkOf === null ? undefined : store.repositories.get(repository.forkOf);
  const name = fullName(forge, repository);
  return withFieldsOf(forge.settings.release, 'repository', {
    id: repository.id,
    owner: userJson(forge, repositoryOwner(forge, repository), access),
    name: repository.name,
    full_name: name,
    description: repository.description,
    empty: repository.isEmpty,
    private: repository.isPrivate,
    fork: repository.forkOf !== null,
    template: false,
    ...(parent === undefined ? {} : { parent: repositoryJson(forge, parent, access) }),
    mirror: false,
    size: repository.size,
    // Gitea knows the language only where the repository itself is asked for.
    language: '',
    languages_url: `${apiUrl}/languages`,
    html_url: url,
    url: apiUrl,
    link: '',
    ssh_url: `gitea@${new URL(forge.settings.rootUrl).hostname}:${name}.git`,
    clone_url: `${url}.git`,
    original_url: '',
    website: repository.website,
    stars_count: 0,
    forks_count: store.repositories.count({ forkOf: repository.id }),
    watchers_count: repository.forkOf === null ? 1 : 0,
    open_issues_count: 0,
    ...(forge.settings.release.branchCount ? { branch_count: branchCount(forge.git.path(repository)) } : {}),
    open_pr_counter: store.pulls.count({ repositoryId: repository.id, state: 'open' }),
    release_counter: 0,
    default_branch: repository.defaultBranch,
    archived: repository.isArchived,
    created_at: timestamp(repository.created),
    updated_at: timestamp(repository.updated),
    archived_at: timestamp(0),
    permissions: {
      admin: atLeast(access, 'admin'),
      push: atLeast(access, 'write'),
      pull: atLeast(access, 'read'),
    },
    has_code: has('code'),
    has_issues: has('issues'),
    ...(has('issues')
      ? {
          internal_tracker: {
            enable_time_tracker: true,
            allow_only_contributors_to_track_time: true,
            enable_issue_dependencies: true,
          },
        }
      : {}),
    has_wiki: has('wiki'),
    has_pull_requests: has('pulls'),
    has_projects: has('projects'),
    projects_mode: 'all',
    has_releases: has('releases'),
    has_packages: has('packages'),
    has_actions: has('actions'),
    ...repositorySettings,
    ...repository.settings,
    avatar_url: '',
    internal: false,
    mirror_interval: '',
    object_format_name: 'sha1',
    mirror_updated: zeroTime,
    topics: repository.topics,
    licenses: [],
  });
}
