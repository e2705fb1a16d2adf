import { expect, onTestFinished, test } from 'vitest';
import { openDatabase } from '../../../src/server/store/database.ts';
import { createStores } from '../../../src/server/store/stores.ts';
import { createTransactor } from '../../../src/server/store/transactor.ts';

async function openTransactor() {
  const db = await openDatabase(':memory:');
  onTestFinished(() => db.destroy());
  return createTransactor(db, createStores);
}

const repository = { id: 1, fullName: 'ml/wine', url: 'http://x', defaultBranch: 'main', bindingId: 'wine' };

test('what one transaction writes commits together or not at all', async () => {
  const { transaction, stores } = await openTransactor();
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
  const { transaction, stores } = await openTransactor();
  await expect(transaction(() => stores.repositories.find(1))).rejects.toThrow('inside a transaction');
  await expect(transaction(() => transaction(async () => 1))).rejects.toThrow('inside a transaction');
  expect(await stores.repositories.find(1)).toBeNull();
});

test('work that a transaction started but did not wait for may use the stores after it ended', async () => {
  const { transaction, stores } = await openTransactor();
  let later: Promise<unknown> = Promise.resolve();
  await transaction(async ({ repositories }) => {
    await repositories.save(repository);
    later = new Promise((resolve) => setTimeout(resolve, 20)).then(() => stores.repositories.find(1));
  });
  expect(await later).toEqual(repository);
});
