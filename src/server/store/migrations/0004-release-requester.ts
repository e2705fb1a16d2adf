import type { Kysely } from 'kysely';
import { columnTypes } from '../column-types.ts';

/** Who asked for a release is kept with it: whichever backend executes it acts, and writes, in that name. */
export const releaseRequester = {
  async up(db: Kysely<unknown>): Promise<void> {
    const { text } = columnTypes(db);
    await db.schema.alterTable('releases').addColumn('requester', text).execute();
  },
};
