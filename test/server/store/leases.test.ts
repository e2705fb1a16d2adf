import { sql } from 'kysely';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { HeldLease, Lease } from '../../../src/server/duty/lease.ts';
import { underLease } from '../../../src/server/duty/lease.ts';
import { createLeaseStore } from '../../../src/server/store/lease-store.ts';
import { newDatabase, openStore, openTarget } from './open-store.ts';
import { databases } from './test-database.ts';

const held = (lease: Lease | null): HeldLease => ({ ...(lease as Lease), stillHeld: () => true });
const minute = 60_000;

afterEach(() => vi.useRealTimers());

describe.each(databases)('leases on %s', (database) => {
  test('have a token that grows with each change of the holder, over a release, too, and never otherwise', async () => {
    const leases = createLeaseStore((await openStore(database)).db);
    const first = await leases.acquire('outbox', 'a', minute);
    expect(first).toEqual({ name: 'outbox', holder: 'a', token: 1 });
    expect(await leases.acquire('outbox', 'a', minute)).toEqual(first);
    expect(await leases.renew(first!, minute)).toBe(true);
    await leases.release(first!);
    expect(await leases.holds(first!)).toBe(false);
    expect(await leases.renew(first!, minute)).toBe(false);
    expect(await leases.acquire('outbox', 'b', minute)).toEqual({ name: 'outbox', holder: 'b', token: 2 });
    await leases.release(first!);
    expect(await leases.holds({ name: 'outbox', holder: 'b', token: 2 })).toBe(true);
    await leases.release({ name: 'outbox', holder: 'b', token: 2 });
    expect(await leases.acquire('outbox', 'b', minute)).toMatchObject({ token: 3 });
    expect(await leases.acquire('releases', 'b', minute)).toMatchObject({ token: 1 });
  });

  test('are the taker’s once they have run out, and the former holder’s no more', async () => {
    const leases = createLeaseStore((await openStore(database)).db);
    const old = await leases.acquire('outbox', 'a', 0);
    expect(await leases.holds(old!)).toBe(true);
    expect(await leases.renew(old!, 0)).toBe(true);
    const taken = await leases.acquire('outbox', 'b', minute);
    expect(taken).toEqual({ name: 'outbox', holder: 'b', token: 2 });
    expect(await leases.holds(old!)).toBe(false);
    expect(await leases.renew(old!, minute)).toBe(false);
    expect(await leases.holds(taken!)).toBe(true);
  });

  test('are listed with their holders', async () => {
    const leases = createLeaseStore((await openStore(database)).db);
    await leases.acquire('outbox', 'a', minute);
    await leases.acquire('deliveries', 'b', 0);
    await leases.release((await leases.acquire('releases', 'a', minute))!);
    expect(await leases.all()).toEqual([
      { name: 'deliveries', holder: 'b', token: 1, expiresAt: expect.any(String), expired: true },
      { name: 'outbox', holder: 'a', token: 1, expiresAt: expect.any(String), expired: false },
    ]);
  });

  test('fence the transactions that run under them: after a takeover nothing is written', async () => {
    const { db, transactor, stores } = await openStore(database);
    const leases = createLeaseStore(db);
    const old = held(await leases.acquire('outbox', 'a', 0));
    const write = (key: string) =>
      transactor.transaction(({ outbox }) =>
        outbox.enqueue({ topic: 'report', key, payload: { repository: 1 } }),
      );
    await underLease(old, () => write('before'));
    await leases.acquire('outbox', 'b', minute);
    await expect(underLease(old, () => write('after'))).rejects.toMatchObject({ name: 'LeaseLost' });
    await expect(
      underLease(old, () =>
        stores.audit.append({
          action: 'run.created',
          outcome: 'done',
          actor: { kind: 'system', name: 'test' },
          subject: 'after',
        }),
      ),
    ).rejects.toMatchObject({ name: 'LeaseLost' });
    await write('a request');
    const rows = await db.selectFrom('outbox').select('key').orderBy('id').execute();
    expect(rows.map(({ key }) => key)).toEqual(['before', 'a request']);
    expect(await stores.audit.head()).toBeNull();
  });
});

test('SQLite: whoever serves takes its predecessor’s lease at once', async () => {
  const leases = createLeaseStore((await openStore('SQLite')).db);
  await leases.acquire('outbox', 'a', 60 * minute);
  expect(await leases.acquire('outbox', 'b', minute)).toMatchObject({ token: 2 });
});

describe('PostgreSQL', () => {
  test.each([-10, 10])(
    'keeps a lease from others by its own clock, where ours is %i minutes off',
    async (off) => {
      const leases = createLeaseStore((await openStore('PostgreSQL')).db);
      await leases.acquire('outbox', 'a', minute);
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + off * minute });
      expect(await leases.acquire('outbox', 'b', minute)).toBeNull();
      const [lease] = await leases.all();
      vi.useRealTimers();
      expect(lease).toMatchObject({ holder: 'a', expired: false });
      const left = Date.parse(lease!.expiresAt) - Date.now();
      expect(left).toBeGreaterThan(0);
      expect(left).toBeLessThanOrEqual(minute);
    },
  );

  test('lets nobody take a lease before the transaction that runs under it has ended', async () => {
    const target = await newDatabase('PostgreSQL');
    const [one, other] = [await openTarget(target), await openTarget(target)];
    const [leases, others] = [createLeaseStore(one.db), createLeaseStore(other.db)];
    const old = held(await leases.acquire('outbox', 'a', 0));
    const events: string[] = [];
    let taking: Promise<unknown> = Promise.resolve();
    await underLease(old, () =>
      one.transactor.transaction(async ({ outbox }) => {
        taking = others.acquire('outbox', 'b', minute).then((lease) => {
          events.push(`token ${lease?.token}`);
        });
        await vi.waitFor(async () => {
          const waits = await sql<{ n: number }>`select count(*) as n from pg_stat_activity
            where datname = current_database() and wait_event_type = 'Lock'`.execute(other.db);
          expect(waits.rows[0]?.n).toBe(1);
        });
        await outbox.enqueue({ topic: 'report', key: 'k', payload: { repository: 1 } });
        events.push('written');
      }),
    );
    await taking;
    expect(events).toEqual(['written', 'token 2']);
    expect((await other.stores.outbox.counts()).pending).toBe(1);
  });

  test('gives one lease to one of many that ask at once', async () => {
    const target = await newDatabase('PostgreSQL');
    const all = await Promise.all(Array.from({ length: 4 }, () => openTarget(target)));
    const taken = await Promise.all(
      all.flatMap(({ db }, position) =>
        Array.from({ length: 5 }, () => createLeaseStore(db).acquire('outbox', `holder ${position}`, minute)),
      ),
    );
    const winners = taken.filter((lease) => lease !== null);
    expect(new Set(winners.map(({ holder }) => holder)).size).toBe(1);
    expect(new Set(winners.map(({ token }) => token))).toEqual(new Set([1]));
    expect(winners).toHaveLength(5);
  });

  test('ends a transaction whose process stopped in it, so that the others can write', async () => {
    const target = await newDatabase('PostgreSQL');
    const [stopped, other] = [await openTarget(target), await openTarget(target)];
    const repository = {
      id: 1,
      fullName: 'ml/wine',
      url: 'http://x',
      defaultBranch: 'main',
      bindingId: 'wine',
    };
    const { rows } = await sql<{
      idle: string;
    }>`select current_setting('idle_in_transaction_session_timeout') as idle`.execute(stopped.db);
    expect(rows[0]?.idle).toBe('10s');
    let written: Promise<unknown> = Promise.resolve();
    const lost = stopped.db.transaction().execute(async (transaction) => {
      await sql`set local idle_in_transaction_session_timeout = 50`.execute(transaction);
      written = other.transactor.transaction(({ repositories }) => repositories.save(repository));
      await written;
      await transaction.insertInto('repository_names').values({ name: 'lost', repository_id: 2 }).execute();
    });
    await expect(lost).rejects.toMatchObject({ name: 'StoreUnavailable' });
    expect(await other.stores.repositories.find(1)).toEqual(repository);
    expect(await stopped.stores.repositories.ownerOfName('lost')).toBeNull();
  });
});
