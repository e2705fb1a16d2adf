import type { Kysely } from 'kysely';
import { columnTypes } from '../column-types.ts';

/** When a backup was put in the store's place: what happened between the two is not known here. */
export const restores = {
  async up(db: Kysely<unknown>): Promise<void> {
    const { text } = columnTypes(db);
    await db.schema
      .createTable('restores')
      .addColumn('restored_at', text, (c) => c.primaryKey())
      .execute();
  },
};
