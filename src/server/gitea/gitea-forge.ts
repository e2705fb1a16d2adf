import { GiteaError } from './error.ts';
import type { FileEntry, Forge, OpenPull, RepositoryName } from './forge.ts';
import type { GiteaHttp } from './gitea-http.ts';
import type { GiteaCommit, GiteaPull, GiteaUser } from './gitea-shapes.ts';
import { toCommit, toPerson, toPull } from './gitea-shapes.ts';

const segment = encodeURIComponent;
const path = (value: string) => value.split('/').map(segment).join('/');
const repos = ({ owner, name }: RepositoryName) => `/repos/${segment(owner)}/${segment(name)}`;
/** Neither statistics nor signatures are read, and both cost Gitea a git process per commit. */
const lean = { stat: false, verification: false };

/** A push of more commits counts as one that changed everything. */
const mostCompared = 500;

interface GitRef {
  ref: string;
  object: { sha: string };
}

interface Tree {
  tree: { path: string; mode: string; type: string; size: number; sha: string }[] | null;
  truncated: boolean;
  total_count: number;
}

/** Gitea answers 404, 422 or a 500 with a blank message for a commit or reference that it does not know. */
const unknown = (error: unknown) =>
  error instanceof GiteaError && (error.status === 404 || error.status === 422 || error.status === 500);

/** Reads from Gitea with the bot's token. Commits are always named by their full SHA (facts: a raw file of an unknown reference falls back to the default branch). */
export function createGiteaForge(http: GiteaHttp): Forge {
  return {
    async repository(id) {
      const answer = await http.find<{
        id: number;
        full_name: string;
        html_url: string;
        default_branch: string;
      }>(`/repositories/${id}`);
      if (!answer) return null;
      return {
        id: answer.id,
        fullName: answer.full_name,
        url: answer.html_url,
        defaultBranch: answer.default_branch,
      };
    },

    async branch(repository, name) {
      const answer = await http.find<{
        commit: { id: string } | null;
        protected: boolean;
        required_approvals: number;
      }>(`${repos(repository)}/branches/${path(name)}`);
      if (!answer?.commit) return null;
      return {
        head: answer.commit.id,
        protected: answer.protected,
        requiredApprovals: answer.required_approvals,
      };
    },

    async commit(repository, sha) {
      try {
        const query = { ...lean, files: false };
        return toCommit(
          await http.json<GiteaCommit>('GET', `${repos(repository)}/git/commits/${sha}`, { query }),
        );
      } catch (error) {
        if (unknown(error)) return null;
        throw error;
      }
    },

    async firstParents(repository, sha, limit) {
      const line: string[] = [];
      let next: string | undefined = sha;
      const query = { sha, ...lean, files: false };
      for await (const item of http.pages<GiteaCommit>(
        `${repos(repository)}/commits`,
        { query },
        limit * 2,
      )) {
        if (item.sha !== next) continue;
        line.push(item.sha);
        next = item.parents?.[0]?.sha;
        if (!next || line.length >= limit) break;
      }
      return line;
    },

    async changedPaths(repository, base, head) {
      // Not `compare`: before 1.23 it knows branches and tags only.
      const query = { sha: head, not: base, stat: false, verification: false, files: true };
      const paths = new Set<string>();
      let commits = 0;
      try {
        for await (const { files } of http.pages<GiteaCommit>(`${repos(repository)}/commits`, { query })) {
          commits += 1;
          if (commits > mostCompared) return null;
          for (const { filename } of files ?? []) paths.add(filename);
        }
        return [...paths];
      } catch (error) {
        if (unknown(error)) return null;
        throw error;
      }
    },

    async pull(repository, index) {
      const answer = await http.find<GiteaPull>(`${repos(repository)}/pulls/${index}`);
      return answer && toPull(answer);
    },

    async pullHead(repository, index) {
      const name = `refs/pull/${index}/head`;
      // A filter that names one ref exactly is answered with an object, another one with a list.
      const answer = await http.find<GitRef | GitRef[]>(`${repos(repository)}/git/${name}`);
      return [answer ?? []].flat().find((ref) => ref.ref === name)?.object.sha ?? null;
    },

    async openPulls(repository) {
      const pulls: OpenPull[] = [];
      const query = { state: 'open' };
      for await (const item of http.pages<GiteaPull>(`${repos(repository)}/pulls`, { query }, 1_000)) {
        pulls.push({ ...toPull(item), updatedAt: item.updated_at, comments: item.comments });
      }
      return pulls;
    },

    async closedPulls(repository, limit) {
      const query = { state: 'closed', sort: 'recentupdate', page: 1, limit };
      return (await http.json<GiteaPull[]>('GET', `${repos(repository)}/pulls`, { query })).map(toPull);
    },

    async pullPaths(repository, index) {
      const paths = [];
      for await (const item of http.pages<{ filename: string; previous_filename?: string }>(
        `${repos(repository)}/pulls/${index}/files`,
      )) {
        paths.push(item.filename);
        if (item.previous_filename) paths.push(item.previous_filename);
      }
      return paths;
    },

    async reviews(repository, index) {
      const reviews = [];
      interface Review {
        user: GiteaUser | null;
        state: string;
        official: boolean;
        stale: boolean;
        dismissed: boolean;
        commit_id: string;
      }
      for await (const item of http.pages<Review>(`${repos(repository)}/pulls/${index}/reviews`)) {
        reviews.push({
          reviewer: toPerson(item.user),
          state: item.state,
          official: item.official,
          stale: item.stale,
          dismissed: item.dismissed,
          commit: item.commit_id,
        });
      }
      return reviews;
    },

    async file(repository, filePath, commit) {
      const answer = await http.find<{ type: string; encoding: string | null; content: string | null }>(
        `${repos(repository)}/contents/${path(filePath)}`,
        { query: { ref: commit } },
      );
      if (answer?.type !== 'file' || answer.encoding !== 'base64') return null;
      return Buffer.from(answer.content ?? '', 'base64').toString('utf8');
    },

    async files(repository, commit, bound) {
      const entries: FileEntry[] = [];
      for (let page = 1, seen = 0; ; page++) {
        const query = { recursive: true, per_page: 1000, page };
        const answer = await http.json<Tree>('GET', `${repos(repository)}/git/trees/${commit}`, { query });
        const tree = answer.tree ?? [];
        seen += tree.length;
        for (const { path: name, mode, sha, size, type } of tree) {
          if (type !== 'tree') entries.push({ path: name, mode, sha, size });
        }
        if (entries.length > bound) {
          throw new GiteaError(422, `The commit has more than ${bound} files.`);
        }
        if (tree.length === 0 || seen >= answer.total_count) return entries;
      }
    },

    async blob(repository, sha) {
      const answer = await http.json<{ content: string; encoding: string }>(
        'GET',
        `${repos(repository)}/git/blobs/${sha}`,
        { timeoutMs: 60_000 },
      );
      return new Uint8Array(Buffer.from(answer.content, 'base64'));
    },
  };
}
