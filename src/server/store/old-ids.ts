import type { OldRows } from '../duty/upkeep.ts';
import type { Connection } from './database.ts';
import { firstIdAt } from './sortable-id.ts';

/** Ids of rows that came before a time, in their order, a page at once. */
export async function oldIds(
  connection: Connection,
  table: 'deliveries' | 'outbox',
  { before, after, limit }: OldRows,
): Promise<string[]> {
  const rows = await connection
    .selectFrom(table)
    .select('id')
    .where('id', '>', after)
    .where('id', '<', firstIdAt(before))
    .orderBy('id')
    .limit(limit)
    .execute();
  return rows.map(({ id }) => id);
}
