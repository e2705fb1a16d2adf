import type { GiteaRepository } from '../permission/bound-repository.ts';
import type { RepositoryDirectory } from '../permission/ports.ts';
import type { GiteaHttp } from './gitea-http.ts';

interface Found {
  id: number;
  full_name: string;
  html_url: string;
  default_branch: string;
  updated_at: string;
  open_pr_counter: number;
}

function toRepository(found: Found): GiteaRepository {
  const { id, full_name: fullName, html_url: url, default_branch: defaultBranch } = found;
  return { id, fullName, url, defaultBranch };
}

/** The repositories that the bot may see, by Gitea's search (`GET /repos/search` answers `{ok, data}`). */
export function createRepositoryDirectory(http: GiteaHttp): RepositoryDirectory {
  return {
    async *list() {
      const limit = 50;
      for (let page = 1; ; page++) {
        const { data } = await http.json<{ data: Found[] | null }>('GET', '/repos/search', {
          query: { page, limit, sort: 'id', order: 'asc' },
        });
        for (const found of data ?? []) {
          const { updated_at: updatedAt, open_pr_counter: openPulls } = found;
          yield { ...toRepository(found), updatedAt, openPulls };
        }
        if ((data ?? []).length < limit) return;
      }
    },
    async find(id) {
      const found = await http.find<Found>(`/repositories/${id}`);
      return found && toRepository(found);
    },
  };
}
