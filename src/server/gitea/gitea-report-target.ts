import type { ReportTarget, RepositoryName } from './forge.ts';
import type { GiteaHttp } from './gitea-http.ts';
import type { GiteaUser } from './gitea-shapes.ts';

const segment = encodeURIComponent;
const repos = ({ owner, name }: RepositoryName) => `/repos/${segment(owner)}/${segment(name)}`;

interface GiteaComment {
  id: number;
  user: GiteaUser | null;
  body: string;
}

/** Writes commit statuses and comments as the bot. */
export function createGiteaReportTarget(http: GiteaHttp): ReportTarget {
  let own: Promise<number> | undefined;
  return {
    async setStatus(repository, sha, { state, context, description, targetUrl }) {
      await http.json('POST', `${repos(repository)}/statuses/${sha}`, {
        body: { state, context, description, target_url: targetUrl },
      });
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
      // Unpaginated in Gitea: one answer has them all.
      const all = await http.json<GiteaComment[]>('GET', `${repos(repository)}/issues/${index}/comments`);
      return all.map((comment) => ({
        id: comment.id,
        author: comment.user?.id ?? 0,
        body: comment.body,
      }));
    },

    async comment(repository, id) {
      return await http.find<GiteaComment>(`${repos(repository)}/issues/comments/${id}`);
    },

    async createComment(repository, index, body) {
      const path = `${repos(repository)}/issues/${index}/comments`;
      return (await http.json<GiteaComment>('POST', path, { body: { body } })).id;
    },

    async editComment(repository, id, body) {
      await http.json('PATCH', `${repos(repository)}/issues/comments/${id}`, { body: { body } });
    },
  };
}
