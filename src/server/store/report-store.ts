import type { ReportStore } from '../report/ports.ts';
import type { Connection } from './database.ts';

/** The one comment of each pull request. */
export function createReportStore(connection: Connection, now: () => Date = () => new Date()): ReportStore {
  return {
    async find(repositoryId, pull) {
      const row = await connection
        .selectFrom('reports')
        .select(['comment_id', 'body_digest'])
        .where('repository_id', '=', repositoryId)
        .where('pull_index', '=', pull)
        .executeTakeFirst();
      return row ? { commentId: row.comment_id, bodyDigest: row.body_digest } : null;
    },

    async remember(repositoryId, pull, { commentId, bodyDigest }) {
      const told = { comment_id: commentId, body_digest: bodyDigest, updated_at: now().toISOString() };
      await connection
        .insertInto('reports')
        .values({ repository_id: repositoryId, pull_index: pull, ...told })
        .onConflict((conflict) => conflict.columns(['repository_id', 'pull_index']).doUpdateSet(told))
        .execute();
    },
  };
}
