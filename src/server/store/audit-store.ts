import type { AuditEntry } from '../../contract/audit.ts';
import type { ChainLink } from '../audit/chain.ts';
import { nextLink } from '../audit/chain.ts';
import type { AuditDraft } from '../audit/entry.ts';
import type { AuditStore } from '../audit/ports.ts';
import type { Connection } from './database.ts';
import { serialTransaction } from './serial-transaction.ts';

const batch = 500;

async function newest(connection: Connection): Promise<{ sequence: number; hash: string } | null> {
  const row = await connection
    .selectFrom('audit')
    .select(['sequence', 'hash'])
    .orderBy('sequence', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row ?? null;
}

/** The audit chain in the database. Appends of one database are serialised by its transactions. */
export function createAuditStore(connection: Connection, now: () => Date): AuditStore {
  async function insert(inside: Connection, draft: AuditDraft): Promise<void> {
    const { entry, ...link } = nextLink(await newest(inside), now(), draft);
    await inside
      .insertInto('audit')
      .values({
        sequence: link.sequence,
        at: entry.at,
        action: entry.action,
        outcome: entry.outcome,
        actor_kind: entry.actor.kind,
        actor_id: entry.actor.id,
        actor_name: entry.actor.name,
        repository_id: entry.repository,
        body: link.body,
        previous_hash: link.previousHash,
        hash: link.hash,
      })
      .execute();
  }

  return {
    append: (draft) =>
      connection.isTransaction
        ? insert(connection, draft)
        : serialTransaction(connection, (transaction) => insert(transaction, draft)),

    async list({ repository, before, limit }) {
      const all = connection.selectFrom('audit').where('repository_id', '=', repository);
      const rows = await all
        .select(['body', 'hash'])
        .$if(before !== null, (query) => query.where('sequence', '<', before as number))
        .orderBy('sequence', 'desc')
        .limit(limit)
        .execute();
      const { total } = await all.select(({ fn }) => fn.countAll().as('total')).executeTakeFirstOrThrow();
      return {
        items: rows.map((row) => ({ ...(JSON.parse(row.body) as Omit<AuditEntry, 'hash'>), hash: row.hash })),
        total: Number(total),
      };
    },

    async *links(after = 0): AsyncGenerator<ChainLink> {
      let last = after;
      for (;;) {
        const rows = await connection
          .selectFrom('audit')
          .select(['sequence', 'body', 'previous_hash', 'hash'])
          .where('sequence', '>', last)
          .orderBy('sequence')
          .limit(batch)
          .execute();
        for (const row of rows) {
          last = row.sequence;
          yield { sequence: row.sequence, body: row.body, previousHash: row.previous_hash, hash: row.hash };
        }
        if (rows.length < batch) return;
      }
    },

    head: () => newest(connection),
  };
}
