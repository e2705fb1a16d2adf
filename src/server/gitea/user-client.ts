import type { UserGitea } from '../permission/ports.ts';
import { GiteaError } from './error.ts';
import type { GiteaHttpOptions } from './gitea-http.ts';
import { GiteaHttp } from './gitea-http.ts';
import { groupsOfUser } from './user-groups.ts';

interface RepositoryAnswer {
  id: number;
  full_name: string;
  html_url: string;
  default_branch: string;
  permissions?: { pull: boolean; push: boolean; admin: boolean };
}

interface BranchAnswer {
  protected: boolean;
  user_can_merge: boolean;
  required_approvals: number;
}

/**
 * Questions to Gitea with a user's own token: its answers hold what this user may do.
 *
 * @param url where the backend reaches Gitea
 */
export function createUserGitea(
  url: string,
  userAgent: string,
  options: Pick<GiteaHttpOptions, 'clock' | 'signal'> = {},
): UserGitea {
  const http = (token: string) => new GiteaHttp({ url, token, userAgent, ...options });
  return {
    async self(token) {
      await http(token).json('GET', '/user');
    },
    async repository(token, id) {
      const answer = await http(token).find<RepositoryAnswer>(`/repositories/${id}`);
      if (answer === null) return null;
      const { pull = false, push = false, admin = false } = answer.permissions ?? {};
      return {
        id: answer.id,
        fullName: answer.full_name,
        url: answer.html_url,
        defaultBranch: answer.default_branch,
        permissions: { pull, push, admin },
      };
    },
    groups: (token) => groupsOfUser(url.replace(/\/+$/, ''), token, userAgent),
    async branch(token, fullName, branch) {
      const path = fullName.split('/').map(encodeURIComponent).join('/');
      const answer = await http(token)
        .find<BranchAnswer>(`/repos/${path}/branches/${branch.split('/').map(encodeURIComponent).join('/')}`)
        .catch((error: unknown) => {
          // Who may see issues but not code: Gitea refuses the branch, which is an answer.
          if (error instanceof GiteaError && error.status === 403) return null;
          throw error;
        });
      if (answer === null) return null;
      return {
        protected: answer.protected,
        userCanMerge: answer.user_can_merge,
        requiredApprovals: answer.required_approvals,
      };
    },
  };
}
