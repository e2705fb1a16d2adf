import type { Kysely } from 'kysely';
import { columnTypes } from '../column-types.ts';

/** Commands in comments; names that repositories were known by; whose an MLflow run is. */
export const commands = {
  async up(db: Kysely<unknown>): Promise<void> {
    const { text, integer } = columnTypes(db);
    await db.schema
      .createTable('commands')
      .addColumn('comment_id', integer, (c) => c.primaryKey())
      .addColumn('repository_id', integer, (c) => c.notNull())
      .addColumn('pull_index', integer, (c) => c.notNull())
      .addColumn('author_id', integer, (c) => c.notNull())
      .addColumn('line', text, (c) => c.notNull())
      .addColumn('outcome', text, (c) => c.notNull())
      .addColumn('note', text)
      .addColumn('head', text, (c) => c.notNull())
      .addColumn('answered_at', text, (c) => c.notNull())
      .execute();
    await db.schema
      .createIndex('commands_pull')
      .on('commands')
      .columns(['repository_id', 'pull_index', 'comment_id'])
      .execute();

    // Of two runs that are judged at the same moment only one may hold an MLflow run; the other looks again.
    await db.schema
      .createIndex('runs_mlflow')
      .unique()
      .on('runs')
      .columns(['repository_id', 'mlflow_run_id'])
      .execute();

    await db.schema
      .createTable('repository_names')
      .addColumn('name', text, (c) => c.primaryKey())
      .addColumn('repository_id', integer, (c) => c.notNull())
      .execute();
    const known = db as Kysely<{
      repositories: { id: number; full_name: string };
      repository_names: { name: string; repository_id: number };
    }>;
    const repositories = await known
      .selectFrom('repositories')
      .select(['id', 'full_name'])
      .orderBy('id')
      .execute();
    for (const { id, full_name } of repositories) {
      await known
        .insertInto('repository_names')
        .values({ name: full_name.toLowerCase(), repository_id: id })
        .onConflict((conflict) => conflict.column('name').doNothing())
        .execute();
    }
  },
};
