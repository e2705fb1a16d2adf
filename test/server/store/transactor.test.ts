import { describe, expect, test } from 'vitest';
import { underLease } from '../../../src/server/duty/lease.ts';
import { createLeaseStore } from '../../../src/server/store/lease-store.ts';
import { openStore } from './open-store.ts';
import { databases } from './test-database.ts';

const repository = { id: 1, fullName: 'ml/wine', url: 'http://x', defaultBranch: 'main', bindingId: 'wine' };

describe.each(databases)('on %s', (database) => {
  test('what one transaction writes commits together or not at all', async () => {
    const { transactor, stores } = await openStore(database);
    const { transaction } = transactor;
    const failed = transaction(async ({ repositories }) => {
      await repositories.save(repository);
      throw new Error('no');
    });
    await expect(failed).rejects.toThrow('no');
    expect(await stores.repositories.find(1)).toBeNull();
    await transaction(({ repositories }) => repositories.save(repository));
    expect(await stores.repositories.find(1)).toEqual(repository);
  });

  test('using the outer stores inside a transaction is an error instead of a wait without end', async () => {
    const { transactor, stores } = await openStore(database);
    const { transaction } = transactor;
    await expect(transaction(() => stores.repositories.find(1))).rejects.toThrow('inside a transaction');
    await expect(transaction(() => transaction(async () => 1))).rejects.toThrow('inside a transaction');
    expect(await stores.repositories.find(1)).toBeNull();
  });

  test('work that a transaction started but did not wait for may use the stores after it ended', async () => {
    const { transactor, stores } = await openStore(database);
    const { transaction } = transactor;
    let later: Promise<unknown> = Promise.resolve();
    await transaction(async ({ repositories }) => {
      await repositories.save(repository);
      later = new Promise((resolve) => setTimeout(resolve, 20)).then(() => stores.repositories.find(1));
    });
    expect(await later).toEqual(repository);
  });

  test('a duty may read outside a transaction, and write only inside one', async () => {
    const { db, transactor, stores } = await openStore(database);
    const { transaction } = transactor;
    const lease = await createLeaseStore(db).acquire('outbox', 'a', 60_000);
    await underLease({ ...lease!, stillHeld: () => true }, async () => {
      expect(await stores.repositories.find(1)).toBeNull();
      const refused = 'transactor.stores was written to under the lease "outbox"';
      await expect(stores.repositories.save(repository)).rejects.toThrow(refused);
      await expect(stores.memory.rememberHead(1, 'head')).rejects.toThrow(refused);
      await expect(stores.sessions.remove('id')).rejects.toThrow(refused);
      await transaction(({ repositories }) => repositories.save(repository));
      expect(await stores.repositories.find(1)).toEqual(repository);
    });
    await stores.memory.rememberHead(1, 'head');
    expect(await stores.memory.seenHead(1)).toBe('head');
  });
});
