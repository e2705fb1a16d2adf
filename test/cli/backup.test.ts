import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { beforeEach, describe, expect, inject, onTestFinished, test } from 'vitest';
import { run } from '../../src/cli/run.ts';
import type { DatabaseTarget } from '../../src/server/store/database.ts';
import { createReleaseStore } from '../../src/server/store/release-store.ts';
import { openServingStore } from '../../src/server/store/serving-store.ts';
import { createDatabase, dropDatabase, urlOf } from '../postgres/databases.ts';
import { newDatabase, openTarget } from '../server/store/open-store.ts';
import type { DatabaseKind } from '../server/store/test-database.ts';
import { databases } from '../server/store/test-database.ts';

let folder: string;
let backup: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'backup-'));
  backup = join(folder, 'backup.sqlite');
  for (const name of ['token', 'hook', 'client']) writeFileSync(join(folder, name), `${name}-secret\n`);
  onTestFinished(() => rmSync(folder, { recursive: true }));
});

/** Writes a configuration that names this database. @returns its path */
function configurationOf(target: DatabaseTarget, name = 'gitea-databricks'): string {
  const config = join(folder, `${name}.yml`);
  if (typeof target !== 'string') writeFileSync(join(folder, `${name}.url`), urlOf(target));
  const database =
    typeof target === 'string' ? JSON.stringify(target) : `{postgres: {url_file: ${name}.url}}`;
  writeFileSync(
    config,
    `public_url: http://127.0.0.1:9/-/databricks/
gitea: {url: "http://127.0.0.1:9", token_file: token, webhook_secret_file: hook, oauth: {client_id: abc, client_secret_file: client}}
workspaces: {}
bindings: []
database: ${database}
`,
  );
  return config;
}

/** A command as a process of its own: a backend beside it goes on. */
async function cliProcess(...words: string[]) {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../../src/cli/main.ts'), ...words]);
  let [out, err] = ['', ''];
  child.stdout.on('data', (text) => {
    out += text;
  });
  child.stderr.on('data', (text) => {
    err += text;
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  return { code, out, err };
}

async function cli(...words: string[]) {
  const [out, err]: [string[], string[]] = [[], []];
  const code = await run(words, { out: (line) => void out.push(line), err: (line) => void err.push(line) });
  return { code, out: out.join('\n'), err: err.join('\n') };
}

type Open = Awaited<ReturnType<typeof openTarget>>;

/** One delivery with its audit entry, committed. */
async function write({ transactor }: Open, number: number): Promise<void> {
  await transactor.transaction(async ({ deliveries, audit }) => {
    await deliveries.add({
      uuid: `uuid ${number}`,
      event: 'push',
      eventType: 'push',
      repositoryId: 1,
      contentKey: `key ${number}`,
      body: `{"text":"${'x'.repeat(2_000)}"}`,
      receivedAt: new Date().toISOString(),
    });
    await audit.append({
      action: 'delivery.accepted',
      outcome: 'done',
      actor: { kind: 'webhook', name: 'gitea' },
      subject: `delivery ${number}`,
    });
  });
}

async function stored({ db }: Open): Promise<string[]> {
  const rows = await db.selectFrom('deliveries').select('uuid').orderBy('id').execute();
  return rows.map(({ uuid }) => uuid);
}

async function emptyDatabase(kind: DatabaseKind): Promise<DatabaseTarget> {
  if (kind === 'SQLite') return await newDatabase(kind);
  const made = await createDatabase(inject('postgres').cluster);
  onTestFinished(() => dropDatabase(made));
  return made;
}

const routes = databases.flatMap((from) => databases.map((to) => [from, to] as const));

describe.each(routes)('a restore drill from %s to %s', (from, to) => {
  test('loses nothing that was committed when the backup began, while writes went on', async () => {
    const target = await newDatabase(from);
    const store = await openTarget(target);
    const serving = await openServingStore(target, { failed: () => {} });
    onTestFinished(() => serving.close());
    for (let number = 0; number < 250; number += 1) await write(store, number);
    const heads = new Set<string>();
    let going = true;
    let last = 250;
    const writing = (async () => {
      while (going) {
        await write(store, last);
        last += 1;
        heads.add((await store.stores.audit.head())?.hash ?? '');
        // Lets others have the processor, as requests do.
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    })();
    heads.add((await store.stores.audit.head())?.hash ?? '');
    const begun = await stored(store);
    const made = await cliProcess('backup', '--to', backup, '--config', configurationOf(target));
    going = false;
    await writing;
    expect(made).toMatchObject({ code: 0, err: '' });
    const [, entries, head] = /(\d+) audit entries, head ([0-9a-f]{64})/.exec(made.out) ?? [];
    expect(heads).toContain(head);
    expect(statSync(backup).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder).filter((name) => name.startsWith('backup.sqlite'))).toEqual(['backup.sqlite']);
    await serving.close();

    const fresh = await emptyDatabase(to);
    const config = configurationOf(fresh, 'fresh');
    expect(await cli('restore', '--from', backup, '--config', config)).toMatchObject({ code: 0, err: '' });
    expect(await cli('audit', 'verify', '--config', config)).toMatchObject({
      code: 0,
      out: `Intact: ${entries} entries, head ${head}.`,
    });
    const restored = await openTarget(fresh);
    expect(await createReleaseStore(store.db).restoredAt()).toBeNull();
    expect(await createReleaseStore(restored.db).restoredAt()).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
    const again = await stored(restored);
    expect(again.slice(0, begun.length)).toEqual(begun);
    expect(again).toHaveLength(Number(entries));
    expect(last).toBeGreaterThan(begun.length);
    // It goes on from there.
    await write(restored, 100_000);
    expect(await cli('audit', 'verify', '--config', config)).toMatchObject({ code: 0 });
  });
});

describe.each(databases)('on %s', (database) => {
  test('every table comes back as it was, and leases have nobody', async () => {
    const target = await newDatabase(database);
    const { stores, db } = await openTarget(target);
    const id = Number.MAX_SAFE_INTEGER;
    await stores.repositories.save({
      id,
      fullName: 'ml/wine',
      url: 'u',
      defaultBranch: 'main',
      bindingId: 'b',
    });
    await stores.reports.remember(id, 4, { commentId: 12, bodyDigest: 'd' });
    await stores.outbox.enqueue({ topic: 'report', key: 'k', payload: { repository: id, text: 'Wéin 🍷' } });
    await db.insertInto('leases').values({ name: 'outbox', holder: null, token: 7, expires_at: 0 }).execute();
    const tables = ['repositories', 'repository_names', 'reports', 'outbox', 'leases'] as const;
    const all = (open: Open) =>
      Promise.all(tables.map((table) => open.db.selectFrom(table).selectAll().execute()));
    const before = await all({ db } as Open);
    expect(await cli('backup', '--to', backup, '--config', configurationOf(target))).toMatchObject({
      code: 0,
    });
    const fresh = await emptyDatabase(database);
    expect(await cli('restore', '--from', backup, '--config', configurationOf(fresh, 'fresh'))).toMatchObject(
      {
        code: 0,
      },
    );
    expect(await all(await openTarget(fresh))).toEqual(before);
  });

  test('a restore is refused while a backend serves, and changes nothing', async () => {
    const target = await newDatabase(database);
    const config = configurationOf(target);
    const store = await openTarget(target);
    await write(store, 1);
    expect(await cli('backup', '--to', backup, '--config', config)).toMatchObject({ code: 0 });
    await write(store, 2);
    const serving = await openServingStore(target, { failed: () => {} });
    await serving.leases.acquire('outbox', 'a', 60_000);
    expect(await cli('restore', '--from', backup, '--config', config)).toMatchObject({
      code: 1,
      err: expect.stringMatching(/backend serves/),
    });
    expect(await stored(store)).toEqual(['uuid 1', 'uuid 2']);
    await serving.close();
  });

  test('what is no backup, damaged, edited or newer is refused', async () => {
    const target = await newDatabase(database);
    const config = configurationOf(target);
    const store = await openTarget(target);
    for (let number = 0; number < 50; number += 1) await write(store, number);
    await cli('backup', '--to', backup, '--config', config);
    const good = readFileSync(backup);
    const fresh = configurationOf(await emptyDatabase(database), 'fresh');
    const refused = async (reason: string) => {
      expect(await cli('restore', '--from', backup, '--config', fresh)).toMatchObject({
        code: 1,
        err: expect.stringContaining(reason),
      });
    };
    rmSync(backup);
    await refused('there is no such file');
    writeFileSync(backup, '');
    await refused('it is empty');
    writeFileSync(backup, 'no database '.repeat(1_000));
    await refused('file is not a database');
    writeFileSync(backup, good.subarray(0, good.length - 8_192));
    await refused('is no backup that can be used');
    writeFileSync(backup, Buffer.from(good).fill(0x5a, good.length - 20_480, good.length - 12_288));
    await refused('is no backup that can be used');
    writeFileSync(backup, good);
    const edited = await openTarget(backup);
    await edited.db.updateTable('audit').set({ body: '{"sequence":7}' }).where('sequence', '=', 7).execute();
    await refused('is broken at entry 7');
    await sql`insert into kysely_migration values ('0099-teleport', '2030-01-01T00:00:00.000Z')`.execute(
      edited.db,
    );
    await refused('0099-teleport');
    expect(await stored(await openTarget(target))).toHaveLength(50);
  });
});

test('a backup replaces a file only when it is told to, and leaves nothing when it fails', async () => {
  const target = await newDatabase('SQLite');
  const config = configurationOf(target);
  await write(await openTarget(target), 1);
  writeFileSync(backup, 'mine');
  expect(await cli('backup', '--to', backup, '--config', config)).toMatchObject({
    code: 2,
    err: `${backup} is there already: give another name, or --replace.`,
  });
  expect(readFileSync(backup, 'utf8')).toBe('mine');
  expect(await cli('backup', '--to', backup, '--replace', '--config', config)).toMatchObject({ code: 0 });
  expect(await cli('backup', '--to', join(folder, 'no/where'), '--config', config)).toMatchObject({
    code: 1,
  });
  const missing = configurationOf(join(folder, 'nothing.sqlite'), 'missing');
  expect(await cli('backup', '--to', join(folder, 'other'), '--config', missing)).toMatchObject({
    code: 1,
    err: `There is no database ${join(folder, 'nothing.sqlite')}: nothing was backed up.`,
  });
  expect(existsSync(join(folder, 'other'))).toBe(false);
});

test('a backup of an audit log that was edited says so, and is restored only when that is accepted', async () => {
  const target = await newDatabase('SQLite');
  const config = configurationOf(target);
  const store = await openTarget(target);
  for (const number of [1, 2, 3]) await write(store, number);
  await store.db.updateTable('audit').set({ body: '{"sequence":2}' }).where('sequence', '=', 2).execute();
  expect(await cli('backup', '--to', backup, '--config', config)).toMatchObject({
    code: 1,
    err: 'The audit log is broken at entry 2, in the store itself.',
  });
  const fresh = configurationOf(join(folder, 'fresh.sqlite'), 'fresh');
  expect(await cli('restore', '--from', backup, '--config', fresh)).toMatchObject({ code: 1 });
  expect(existsSync(join(folder, 'fresh.sqlite'))).toBe(false);
  expect(await cli('restore', '--from', backup, '--broken-audit', '--config', fresh)).toMatchObject({
    code: 0,
  });
});

test('SQLite: what was there before a restore is kept beside it, whole or damaged', async () => {
  const target = join(folder, 'store.sqlite');
  const config = configurationOf(target);
  const first = await openTarget(target);
  await write(first, 1);
  await cli('backup', '--to', backup, '--config', config);
  await write(first, 2);
  await first.db.destroy();
  const restored = await cli('restore', '--from', backup, '--config', config);
  const [, kept = ''] = /What was there before is (\S+)\./.exec(restored.out) ?? [];
  expect(kept).toMatch(/store\.sqlite\.before-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d/);
  expect(await stored(await openTarget(kept))).toEqual(['uuid 1', 'uuid 2']);
  expect(statSync(target).mode & 0o777).toBe(0o600);
  const second = await openTarget(target);
  expect(await stored(second)).toEqual(['uuid 1']);
  await second.db.destroy();

  writeFileSync(target, 'not a database any more');
  writeFileSync(`${target}-wal`, 'nor its journal');
  expect((await cli('restore', '--from', backup, '--config', config)).code).toBe(0);
  expect(await stored(await openTarget(target))).toEqual(['uuid 1']);
});

test('PostgreSQL: a database that holds something is not overwritten', async () => {
  const target = await newDatabase('PostgreSQL');
  const config = configurationOf(target);
  const store = await openTarget(target);
  await write(store, 1);
  await cli('backup', '--to', backup, '--config', config);
  expect(await cli('restore', '--from', backup, '--config', config)).toMatchObject({
    code: 1,
    err: expect.stringContaining('is not empty (audit), and a restore overwrites nothing'),
  });
  expect(await stored(store)).toEqual(['uuid 1']);
});
