import type { Kysely } from 'kysely';
import { columnTypes } from '../column-types.ts';

/** Who does what in the background. */
export const leases = {
  async up(db: Kysely<unknown>): Promise<void> {
    const { text, integer } = columnTypes(db);
    await db.schema
      .createTable('leases')
      .addColumn('name', text, (c) => c.primaryKey())
      .addColumn('holder', text)
      .addColumn('token', integer, (c) => c.notNull())
      .addColumn('expires_at', integer, (c) => c.notNull())
      .execute();
  },
};
