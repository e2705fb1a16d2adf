import type { AnswerStore } from '../registry/ports.ts';
import type { Connection } from './database.ts';

/** The table of what workspaces answered last. */
export function createAnswerStore(connection: Connection): AnswerStore {
  return {
    async find(key) {
      const row = await connection
        .selectFrom('workspace_answers')
        .selectAll()
        .where('key', '=', key)
        .executeTakeFirst();
      return row ? { value: JSON.parse(row.answer) as unknown, readAt: row.read_at } : null;
    },

    async save(key, { value, readAt }) {
      const told = { answer: JSON.stringify(value), read_at: readAt };
      await connection
        .insertInto('workspace_answers')
        .values({ key, ...told })
        .onConflict((conflict) => conflict.column('key').doUpdateSet(told))
        .execute();
    },
  };
}
