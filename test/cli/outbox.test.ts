import { afterEach, beforeEach, expect, test } from 'vitest';
import { run } from '../../src/cli/run.ts';
import { openDatabase } from '../../src/server/store/database.ts';
import { createStores } from '../../src/server/store/stores.ts';
import { createTransactor } from '../../src/server/store/transactor.ts';
import { configuredFolder } from './configured-folder.ts';

let folder: ReturnType<typeof configuredFolder>;
let config: string;

beforeEach(() => {
  folder = configuredFolder();
  config = folder.config;
});

afterEach(() => folder.remove());

async function cli(...words: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const code = await run([...words, '--config', config], {
    out: (line) => void out.push(line),
    err: (line) => void err.push(line),
  });
  return { code, out, err };
}

/** Works on the store that the commands use. */
async function onStore<T>(work: (stores: ReturnType<typeof createStores>) => Promise<T>): Promise<T> {
  const db = await openDatabase(folder.database);
  try {
    return await createTransactor(db, createStores).transaction(work);
  } finally {
    await db.destroy();
  }
}

/** Parks one status per commit. @returns the ids */
const park = (...shas: string[]) =>
  onStore(async ({ outbox }) => {
    const ids: string[] = [];
    for (const sha of shas) {
      const payload = { repository: 7, sha, state: 'success' };
      await outbox.enqueue({ topic: 'status', key: `status:7:${sha}`, payload });
      const [row] = await outbox.due(new Date().toISOString(), 1);
      await outbox.park(row!.id, `2026-01-0${ids.length + 1}T00:00:00.000Z`, 'Gitea answered 403.');
      ids.push(row!.id);
    }
    return ids;
  });

test('what was given up on is listed, newest first', async () => {
  expect(await cli('outbox', 'list')).toMatchObject({ code: 0, out: ['Nothing was given up on.'] });
  const [first, second] = await park('a'.repeat(40), 'b'.repeat(40));
  expect((await cli('outbox', 'list')).out).toEqual([
    `${second}  2026-01-02T00:00:00.000Z  repository 7: commit status of bbbbbbbbbb, after 1 attempts: Gitea answered 403.`,
    `${first}  2026-01-01T00:00:00.000Z  repository 7: commit status of aaaaaaaaaa, after 1 attempts: Gitea answered 403.`,
  ]);
});

test('one is sent once more, and that is recorded', async () => {
  const [first = '', second = ''] = await park('a'.repeat(40), 'b'.repeat(40));
  expect(await cli('outbox', 'retry', '--id', first)).toMatchObject({
    code: 0,
    out: [`${first}  commit status of aaaaaaaaaa goes out within a minute.`],
  });
  const { parked, pending, entries } = await onStore(async ({ outbox, audit }) => ({
    parked: (await outbox.parked('all', 10)).map(({ id }) => id),
    pending: (await outbox.due(new Date().toISOString(), 10)).map(({ id }) => id),
    entries: (await audit.list({ repository: 7, before: null, limit: 10 })).items,
  }));
  expect([parked, pending]).toEqual([[second], [first]]);
  expect(entries).toMatchObject([
    { action: 'message.retried', actor: { kind: 'system', name: 'command line' } },
  ]);
  const again = await cli('outbox', 'retry', '--id', first);
  expect(again.code).toBe(1);
  expect(again.err[0]).toContain('does not wait any more');
});

test('all are sent once more', async () => {
  await park('a'.repeat(40), 'b'.repeat(40));
  expect((await cli('outbox', 'retry', '--all')).out).toHaveLength(2);
  expect(await cli('outbox', 'list')).toMatchObject({ out: ['Nothing was given up on.'] });
});

test('which must be said', async () => {
  for (const words of [[], ['--id', 'x', '--all']])
    expect(await cli('outbox', 'retry', ...words)).toMatchObject({
      code: 2,
      err: ['Say which: --id ID, or --all.'],
    });
});
