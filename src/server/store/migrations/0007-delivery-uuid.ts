import type { Kysely } from 'kysely';

/** Each delivery that comes is looked for by its UUID, too: without an index, among all that ever came. */
export const deliveryUuid = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema.createIndex('deliveries_uuid').on('deliveries').column('uuid').execute();
  },
};
