import { Kysely } from 'kysely';
import { describe, expect, inject, onTestFinished, test } from 'vitest';
import type { DatabaseTarget } from '../../../src/server/store/database.ts';
import { migrate } from '../../../src/server/store/migrate.ts';
import { postgresDialect } from '../../../src/server/store/postgres-dialect.ts';
import type { Schema } from '../../../src/server/store/schema.ts';
import { sqliteDialect } from '../../../src/server/store/sqlite-dialect.ts';
import { createDatabase, dropDatabase } from '../../postgres/databases.ts';
import { newDatabase, openStore, openTarget } from './open-store.ts';
import type { DatabaseKind } from './test-database.ts';
import { databases } from './test-database.ts';

async function emptyDatabase(kind: DatabaseKind): Promise<DatabaseTarget> {
  if (kind === 'SQLite') return await newDatabase(kind);
  const made = await createDatabase(inject('postgres').cluster);
  onTestFinished(() => dropDatabase(made));
  return made;
}

const second = (number: number) => new Date(Date.UTC(2026, 0, 5, 8, 0, number)).toISOString();

describe.each(databases)('what was given up on, on %s,', (database) => {
  test('is read and counted of one repository, without what is parked of others', async () => {
    const { stores, db } = await openStore(database);
    const { outbox } = stores;
    for (let number = 0; number < 40; number += 1) {
      const repository = number % 10 === 0 ? 7 : 8;
      const payload = { repository, sha: `${number}` };
      await outbox.enqueue({ topic: 'status', key: `status:${repository}:${number}`, payload });
    }
    for (const [number, { id }] of (await outbox.due('9999', 100)).entries())
      await outbox.park(id, second(number), `refused ${number}`);
    await outbox.enqueue({ topic: 'report', key: 'report:7:1', payload: { repository: 7, pull: 1 } });
    // A row that cannot be read fails whoever reads it, wanted or not.
    await db.updateTable('outbox').set({ payload: '{' }).where('repository_id', '=', 8).execute();
    const reasons = async (limit: number) =>
      (await outbox.parked([7], limit)).map(({ reason }) => reason.replace('refused ', ''));
    expect(await reasons(100)).toEqual(['30', '20', '10', '0']);
    expect(await reasons(2)).toEqual(['30', '20']);
    expect(await outbox.countParked([7])).toBe(4);
    expect(await outbox.countParked([7, 8])).toBe(40);
    expect(await outbox.countParked('all')).toBe(40);
    expect([await outbox.parked([], 10), await outbox.countParked([])]).toEqual([[], 0]);
    const [newest] = await outbox.parked([7], 1);
    expect(await outbox.findParked(newest!.id)).toEqual(newest);
    const [pending] = await outbox.due('9999', 1);
    expect(await outbox.findParked(pending!.id)).toBeNull();
  });

  test('before an update is of its repository after it, and so is what was still waiting', async () => {
    const target = await emptyDatabase(database);
    const dialect = typeof target === 'string' ? sqliteDialect(target) : postgresDialect(target);
    const before = new Kysely<Schema>({ dialect });
    await migrate(before, '0005-workspace-answers');
    const row = (id: string, repository: number, state: 'pending' | 'done' | 'parked') => ({
      id,
      topic: 'status',
      key: `status:${repository}:${id}`,
      payload: JSON.stringify({ repository, sha: id }),
      state,
      attempts: 1,
      next_attempt_at: second(0),
      last_error: 'refused',
      created_at: second(0),
      done_at: state === 'pending' ? null : second(1),
    });
    const large = Number.MAX_SAFE_INTEGER;
    const rows = [
      row('a', large, 'parked'),
      row('b', 8, 'parked'),
      row('c', large, 'pending'),
      row('d', large, 'done'),
    ];
    await (before as unknown as Kysely<{ outbox: (typeof rows)[number] }>)
      .insertInto('outbox')
      .values(rows)
      .execute();
    await before.destroy();

    const { outbox } = (await openTarget(target)).stores;
    const ids = async () => (await outbox.parked([large], 10)).map(({ id }) => id);
    expect(await ids()).toEqual(['a']);
    await outbox.park('c', second(2), 'refused, too');
    expect(await ids()).toEqual(['c', 'a']);
  });
});
