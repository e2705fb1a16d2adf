import type { RepositoryDirectory } from '../permission/ports.ts';
import type { GiteaHttp } from './gitea-http.ts';

interface Found {
  id: number;
  full_name: string;
  html_url: string;
  default_branch: string;
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
          yield {
            id: found.id,
            fullName: found.full_name,
            url: found.html_url,
            defaultBranch: found.default_branch,
          };
        }
        if ((data ?? []).length < limit) return;
      }
    },
  };
}
