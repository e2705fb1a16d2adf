import type { ConfigurationRecord, RepositoryMemoryStore } from '../training/ports.ts';
import type { Connection } from './database.ts';

/** What training remembers in the repositories table; rows are made by the repository store. */
export function createRepositoryMemoryStore(connection: Connection): RepositoryMemoryStore {
  const read = (id: number) =>
    connection
      .selectFrom('repositories')
      .select(['seen_head', 'configuration'])
      .where('id', '=', id)
      .executeTakeFirst();
  return {
    async seenHead(id) {
      return (await read(id))?.seen_head ?? null;
    },
    async rememberHead(id, head) {
      await connection.updateTable('repositories').set({ seen_head: head }).where('id', '=', id).execute();
    },
    async configuration(id) {
      const text = (await read(id))?.configuration;
      return text ? (JSON.parse(text) as ConfigurationRecord) : null;
    },
    async rememberConfiguration(id, record) {
      const configuration = JSON.stringify(record);
      await connection.updateTable('repositories').set({ configuration }).where('id', '=', id).execute();
    },
  };
}
