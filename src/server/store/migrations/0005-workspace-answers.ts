import type { Kysely } from 'kysely';
import { columnTypes } from '../column-types.ts';

/** What workspaces answered last: shown while they do not answer. */
export const workspaceAnswers = {
  async up(db: Kysely<unknown>): Promise<void> {
    const { text } = columnTypes(db);
    await db.schema
      .createTable('workspace_answers')
      .addColumn('key', text, (c) => c.primaryKey())
      .addColumn('answer', text, (c) => c.notNull())
      .addColumn('read_at', text, (c) => c.notNull())
      .execute();
  },
};
