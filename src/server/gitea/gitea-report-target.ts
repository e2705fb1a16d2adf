import { GiteaError } from './error.ts';
import type { ReportTarget, RepositoryName } from './forge.ts';
import type { GiteaHttp } from './gitea-http.ts';
import type { GiteaComment, GiteaUser } from './gitea-shapes.ts';
import { toListedComment, toPerson } from './gitea-shapes.ts';

const segment = encodeURIComponent;
const repos = ({ owner, name }: RepositoryName) => `/repos/${segment(owner)}/${segment(name)}`;

interface GiteaStatus {
  /** The state. */
  status: string;
  context: string;
  description: string;
  target_url: string;
  creator: GiteaUser | null;
}

/** Statuses of so many contexts are looked through: a commit with more is not ours to count. */
const mostContexts = 500;
const pageSize = 50;

/** Writes commit statuses and comments as the bot. */
export function createGiteaReportTarget(http: GiteaHttp): ReportTarget {
  let own: Promise<number> | undefined;
  return {
    async setStatus(repository, sha, { state, context, description, targetUrl }) {
      await http.json('POST', `${repos(repository)}/statuses/${sha}`, {
        body: { state, context, description, target_url: targetUrl },
      });
    },

    async status(repository, sha, context) {
      // Of each context the newest by Gitea's own count; the plain list is ordered by a time that has only seconds.
      const path = `${repos(repository)}/commits/${sha}/status`;
      for (let page = 1; page <= mostContexts / pageSize; page++) {
        const query = { page, limit: pageSize };
        const answer = await http.find<{ statuses: GiteaStatus[] | null }>(path, { query });
        const statuses = answer?.statuses ?? [];
        const found = statuses.find((item) => item.context === context);
        if (found) {
          const { status: state, description, target_url: targetUrl, creator } = found;
          return { state, description, targetUrl, creator: toPerson(creator)?.id ?? 0 };
        }
        if (statuses.length < pageSize) return null;
      }
      return null;
    },

    ownId() {
      own ??= http.json<GiteaUser>('GET', '/user').then(
        (user) => user.id,
        (error: unknown) => {
          own = undefined;
          throw error;
        },
      );
      return own;
    },

    async comments(repository, index) {
      // Unpaginated in Gitea: one answer has them all. A release that does cut it into pages brings others with the
      // next page; the own comment must not be made twice because it was on the second.
      const all = new Map<number, GiteaComment>();
      const path = `${repos(repository)}/issues/${index}/comments`;
      for (let page = 1, more = true; more; page++) {
        const query = { page, limit: pageSize };
        const items = await http.json<GiteaComment[]>('GET', path, { query });
        const before = all.size;
        for (const item of items) all.set(item.id, item);
        more = items.length === pageSize && all.size > before;
      }
      return [...all.values()].sort((one, other) => one.id - other.id).map(toListedComment);
    },

    async createComment(repository, index, body) {
      const path = `${repos(repository)}/issues/${index}/comments`;
      return (await http.json<GiteaComment>('POST', path, { body: { body } })).id;
    },

    async editComment(repository, id, body) {
      await http.json('PATCH', `${repos(repository)}/issues/comments/${id}`, { body: { body } });
    },

    async deleteComment(repository, id) {
      try {
        await http.json('DELETE', `${repos(repository)}/issues/comments/${id}`);
      } catch (error) {
        if (!(error instanceof GiteaError && error.missing)) throw error;
      }
    },
  };
}
