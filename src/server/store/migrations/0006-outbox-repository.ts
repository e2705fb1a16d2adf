import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import { columnTypes } from '../column-types.ts';

interface Before {
  outbox: { id: string; payload: string; state: string; repository_id: number };
}

/**
 * Which repository a message is about stands in a column of its own, so that one repository's are found among all
 * without reading payloads: PostgreSQL cannot take every JSON text apart (`\u0000`). Messages that were done with before
 * have none: nobody asks for them by repository.
 */
export const outboxRepository = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema.alterTable('outbox').addColumn('repository_id', columnTypes(db).integer).execute();
    const outbox = db as Kysely<Before>;
    const rows = await outbox
      .selectFrom('outbox')
      .select(['id', 'payload'])
      .where('state', 'in', ['pending', 'parked'])
      .execute();
    for (const { id, payload } of rows) {
      const { repository } = JSON.parse(payload) as { repository: number };
      await outbox.updateTable('outbox').set({ repository_id: repository }).where('id', '=', id).execute();
    }
    // Partial: what is parked is little, and each message that goes out would have to be kept in it otherwise.
    await db.schema
      .createIndex('outbox_parked')
      .on('outbox')
      .columns(['repository_id', 'done_at'])
      .where(sql.ref('state'), '=', sql.lit('parked'))
      .execute();
  },
};
