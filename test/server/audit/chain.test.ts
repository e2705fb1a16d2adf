import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import type { AuditAction } from '../../../src/contract/audit.ts';
import type { ChainLink } from '../../../src/server/audit/chain.ts';
import { canonicalJson, verifyChain } from '../../../src/server/audit/chain.ts';
import type { AuditDraft } from '../../../src/server/audit/entry.ts';
import { ChainVerifier } from '../../../src/server/audit/verifier.ts';
import { openDatabase } from '../../../src/server/store/database.ts';
import { createStores } from '../../../src/server/store/stores.ts';
import { createTransactor } from '../../../src/server/store/transactor.ts';
import { testDatabase } from '../store/test-database.ts';

const draft = (number: number, action: AuditAction = 'run.created'): AuditDraft => ({
  action,
  outcome: 'done',
  actor: { kind: 'person', id: 3, name: 'wendy' },
  subject: `run ${number}`,
  repository: 1,
  detail: { z: 1, a: [true, null, 'ü'] },
});

async function openStores() {
  const { target, drop } = await testDatabase();
  const db = await openDatabase(target);
  onTestFinished(async () => {
    await db.destroy();
    await drop();
  });
  return { db, transactor: createTransactor(db, createStores) };
}

async function chainOf(count: number): Promise<ChainLink[]> {
  const { transactor } = await openStores();
  for (let number = 1; number <= count; number++) await transactor.stores.audit.append(draft(number));
  return Array.fromAsync(transactor.stores.audit.links());
}

test('entries that are appended at once, inside and outside transactions, make one unbroken chain', async () => {
  const { transactor } = await openStores();
  await Promise.all(
    Array.from({ length: 600 }, (_, number) =>
      number % 2 === 0
        ? transactor.stores.audit.append(draft(number))
        : transactor.transaction(({ audit }) => audit.append(draft(number))),
    ),
  );
  const check = await verifyChain(transactor.stores.audit.links());
  expect(check).toMatchObject({ intact: true, entries: 600, brokenAt: null });
  expect(check.head).toBe((await transactor.stores.audit.head())?.hash);
});

test('what is rolled back leaves no entry and no gap', async () => {
  const { transactor } = await openStores();
  await transactor.stores.audit.append(draft(1));
  const failed = transactor.transaction(async ({ audit }) => {
    await audit.append(draft(2));
    throw new Error('the work failed');
  });
  await expect(failed).rejects.toThrow('the work failed');
  await transactor.stores.audit.append(draft(3));
  expect(await verifyChain(transactor.stores.audit.links())).toMatchObject({ intact: true, entries: 2 });
});

test('an entry that was edited, dropped, swapped or added is found where it is', async () => {
  const chain = await chainOf(6);
  expect(await verifyChain(chain)).toMatchObject({ intact: true, entries: 6 });
  const edited = chain.map((link) =>
    link.sequence === 3 ? { ...link, body: link.body.replace('wendy', 'rita!') } : link,
  );
  expect(await verifyChain(edited)).toMatchObject({ intact: false, brokenAt: 3, entries: 2 });
  expect(await verifyChain(chain.filter(({ sequence }) => sequence !== 4))).toMatchObject({ brokenAt: 4 });
  expect(await verifyChain([chain[1]!, chain[0]!, ...chain.slice(2)])).toMatchObject({ brokenAt: 1 });
  expect(await verifyChain([...chain, chain[5]!])).toMatchObject({ brokenAt: 7 });
  // Cutting off the end cannot be seen from the chain alone; its head tells.
  const cut = await verifyChain(chain.slice(0, 5));
  expect(cut).toMatchObject({ intact: true, entries: 5 });
  expect(cut.head).not.toBe(chain[5]?.hash);
});

test('any change of one character of any stored field breaks the chain', async () => {
  const chain = await chainOf(4);
  await fc.assert(
    fc.asyncProperty(
      fc.nat(3),
      fc.constantFrom('body' as const, 'hash' as const, 'previousHash' as const),
      fc.nat(),
      async (index, field, at) => {
        const changed = chain.map((link, position) => {
          if (position !== index) return link;
          const text = link[field];
          const place = at % text.length;
          const other = text[place] === 'f' ? '0' : 'f';
          return { ...link, [field]: text.slice(0, place) + other + text.slice(place + 1) };
        });
        expect((await verifyChain(changed)).intact).toBe(false);
      },
    ),
    { numRuns: 200 },
  );
});

test('one value has one canonical text, whatever the order of its keys', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
      const shuffled = Object.fromEntries(Object.entries(value).reverse());
      expect(canonicalJson(shuffled)).toBe(canonicalJson(value));
      expect(canonicalJson(JSON.parse(canonicalJson(value)))).toBe(canonicalJson(value));
    }),
  );
});

test('a page of the log is newest first, of one repository, and continues where it ended', async () => {
  const { transactor } = await openStores();
  const { audit } = transactor.stores;
  for (let number = 1; number <= 5; number++)
    await audit.append({ ...draft(number), repository: number % 2 });
  const first = await audit.list({ repository: 1, before: null, limit: 2 });
  expect(first.total).toBe(3);
  expect(first.items.map(({ subject }) => subject)).toEqual(['run 5', 'run 3']);
  const second = await audit.list({ repository: 1, before: first.items[1]!.sequence, limit: 2 });
  expect(second.items.map(({ subject }) => subject)).toEqual(['run 1']);
  expect(first.items[0]).toMatchObject({ detail: { a: [true, null, 'ü'], z: 1 }, hash: expect.any(String) });
});

test('the check that viewers see is made at most once in ten seconds, and finds an edit after that', async () => {
  const { db, transactor } = await openStores();
  let now = 0;
  const verifier = new ChainVerifier(transactor.stores.audit, () => new Date(now));
  await transactor.stores.audit.append(draft(1));
  expect(await verifier.check()).toMatchObject({ intact: true, entries: 1 });
  await db.updateTable('audit').set({ body: '{}' }).execute();
  expect((await verifier.check()).intact).toBe(true);
  now += 10_000;
  expect(await verifier.check()).toMatchObject({ intact: false, brokenAt: 1 });
});
