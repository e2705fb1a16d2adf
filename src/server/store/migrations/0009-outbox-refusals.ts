import type { Kysely } from 'kysely';
import { columnTypes } from '../column-types.ts';

/** How often a message was refused: for that it is given up sooner than for getting no answer. */
export const outboxRefusals = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .alterTable('outbox')
      .addColumn('refusals', columnTypes(db).integer, (c) => c.notNull().defaultTo(0))
      .execute();
  },
};
