import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, openSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { sql } from 'kysely';
import { describe, expect, inject, onTestFinished, test } from 'vitest';
import type { PostgresConfiguration } from '../../../src/server/config/server-configuration.ts';
import { openDatabase } from '../../../src/server/store/database.ts';
import { openServingStore } from '../../../src/server/store/serving-store.ts';
import { createDatabase, dropDatabase } from '../../postgres/databases.ts';
import { newDatabase, openStore, openTarget } from './open-store.ts';
import { databases } from './test-database.ts';

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'database-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

const module = (name: string) => join(import.meta.dirname, `../../../src/server/store/${name}.ts`);

const spawnScript = (script: string) =>
  spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });

const serve = async (target: Parameters<typeof openServingStore>[0]) => {
  const store = await openServingStore(target, { failed: () => {} });
  onTestFinished(() => store.close());
  return store;
};

describe.each(databases)('on %s', (database) => {
  test('a schema of a newer version is refused, and what to do is said', async () => {
    const { db, target } = await openStore(database);
    await sql`insert into kysely_migration values ('0099-teleport', '2030-01-01T00:00:00.000Z')`.execute(db);
    await expect(openDatabase(target)).rejects.toThrow(
      /cannot be used: a newer version of gitea-databricks has changed it \(0099-teleport\).*Start the newer version again, or restore a backup/,
    );
    await expect(serve(target)).rejects.toThrow('0099-teleport');
  });

  test('ids of 64 bits, texts in any script, and a character that PostgreSQL does not know are kept', async () => {
    const { stores, db } = await openStore(database);
    const id = Number.MAX_SAFE_INTEGER;
    const name = 'Wéin 葡萄酒 🍷';
    await stores.repositories.save({ id, fullName: name, url: '', defaultBranch: 'a\0b', bindingId: 'b' });
    expect(await stores.repositories.find(id)).toEqual({
      id,
      fullName: name,
      url: '',
      defaultBranch: 'a\ufffdb',
      bindingId: 'b',
    });
    const { n } = await db
      .selectFrom('repositories')
      .select(({ fn }) => fn.countAll<number>().as('n'))
      .executeTakeFirstOrThrow();
    expect(n).toBe(1);
  });

  test('texts are compared byte by byte, whatever the language of the server', async () => {
    const { db } = await openStore(database);
    const names = ['a', 'B', '_', '0', 'á', 'Z', 'b'];
    for (const name of names) {
      await db.insertInto('repository_names').values({ name, repository_id: 1 }).execute();
    }
    const rows = await db.selectFrom('repository_names').select('name').orderBy('name').execute();
    expect(rows.map((row) => row.name)).toEqual(['0', 'B', 'Z', '_', 'a', 'b', 'á']);
    const { least } = await db
      .selectFrom('repository_names')
      .select(({ fn }) => fn.min('name').as('least'))
      .executeTakeFirstOrThrow();
    expect(least).toBe('0');
  });
});

describe('SQLite', () => {
  test('what was committed survives a loss of power, as far as SQLite can make it', async () => {
    const { db } = await openStore('SQLite');
    const read = async (pragma: string) =>
      (await sql<object>`${sql.raw(`pragma ${pragma}`)}`.execute(db)).rows;
    expect(await read('journal_mode')).toEqual([{ journal_mode: 'wal' }]);
    // FULL: the log is synced at every commit, not at a checkpoint.
    expect(await read('synchronous')).toEqual([{ synchronous: 2 }]);
  });

  test('a file that is no database is refused', async () => {
    const file = join(newFolder(), 'store.sqlite');
    writeFileSync(file, 'this is no database, but long enough to look like one: '.repeat(100));
    await expect(serve(file)).rejects.toThrow(`The database ${file} cannot be used: its file is no database`);
  });

  test('a damaged page is found before anything is served', async () => {
    const file = join(newFolder(), 'store.sqlite');
    const db = await openDatabase(file);
    for (let id = 1; id <= 400; id += 1) {
      const row = { name: `${'x'.repeat(200)}${id}`, repository_id: id };
      await db.insertInto('repository_names').values(row).execute();
    }
    await db.destroy();
    const pages = statSync(file).size / 4096;
    const handle = openSync(file, 'r+');
    for (let page = pages - 8; page < pages - 4; page += 1) {
      writeSync(handle, Buffer.alloc(4096, 0xa5), 0, 4096, page * 4096);
    }
    await expect(serve(file)).rejects.toThrow(/cannot be used: .*damaged.*gitea-databricks restore/);
    // It was not left locked.
    await expect(serve(file)).rejects.toThrow(/damaged/);
  });

  test('one process serves at a time, until it ends, however it ends; commands work beside it', async () => {
    const file = join(newFolder(), 'store.sqlite');
    const child = spawnScript(`import { takeServingLock } from ${JSON.stringify(module('serving-lock'))};
      takeServingLock(${JSON.stringify(file)}, 'cannot be served');
      process.stdout.write('held');
      setInterval(() => {}, 60_000);`);
    const ended = once(child, 'exit');
    await once(child.stdout, 'data');
    await expect(serve(file)).rejects.toThrow(
      `The database ${file} cannot be served: another backend serves it, and holds ${file}.lock. Stop that one first; several backends can serve one PostgreSQL database.`,
    );
    const { stores } = await openTarget(file);
    await stores.repositories.giveName('ml/wine', 1);
    child.kill('SIGKILL');
    await ended;
    const store = await serve(file);
    expect(await store.leases.acquire('outbox', 'a', 60_000)).toMatchObject({ token: 1 });
    await expect(serve(file)).rejects.toThrow('another backend serves it');
    await store.close();
    await serve(file);
  });

  test('only its owner can read the files', async () => {
    const file = join(newFolder(), 'store.sqlite');
    await serve(file);
    for (const name of [file, `${file}.lock`, `${file}-wal`]) expect(statSync(name).mode & 0o777).toBe(0o600);
  });

  test('several processes that begin at once on nothing make one schema', async () => {
    const file = join(newFolder(), 'store.sqlite');
    const script = `import { openDatabase } from ${JSON.stringify(module('database'))};
      await (await openDatabase(${JSON.stringify(file)})).destroy();`;
    const ends = Array.from({ length: 3 }, () => {
      return once(spawnScript(script), 'exit');
    });
    expect(await Promise.all(ends)).toEqual([
      [0, null],
      [0, null],
      [0, null],
    ]);
    const rows = new DatabaseSync(file).prepare('select name from kysely_migration').all();
    expect(rows.length).toBeGreaterThan(2);
  });
});

describe('PostgreSQL', () => {
  const empty = async (encoding = '') => {
    const made = await createDatabase(inject('postgres').cluster, encoding || 'template1');
    onTestFinished(() => dropDatabase(made));
    return made;
  };

  test('several processes that begin at once on nothing make one schema', async () => {
    const target = await empty();
    const all = await Promise.all(Array.from({ length: 4 }, () => openTarget(target)));
    const { rows } = await sql<{ name: string }>`select name from kysely_migration`.execute(all[0]!.db);
    expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length);
    expect(rows.length).toBeGreaterThan(2);
  });

  test('two replicas serve at once', async () => {
    const target = await newDatabase('PostgreSQL');
    const [one, other] = [await serve(target), await serve(target)];
    expect(await one.leases.acquire('outbox', 'a', 60_000)).toMatchObject({ token: 1 });
    expect(await other.leases.acquire('outbox', 'b', 60_000)).toBeNull();
  });

  test('another encoding than UTF8 is refused', async () => {
    const target = await empty("template0 encoding 'LATIN1' locale_provider libc locale 'C'");
    await expect(openDatabase(target)).rejects.toThrow('its encoding is LATIN1, and must be UTF8');
  });

  test.each([
    ['a wrong password', { password: 'wrong-password' }, 'password authentication failed'],
    ['a database that is not there', { database: 'nowhere' }, 'database "nowhere" does not exist'],
    ['a server that does not answer', { host: '127.0.0.1', port: 9 }, 'ECONNREFUSED'],
  ])('%s is told plainly, without the password', async (_, change, reason) => {
    const target: PostgresConfiguration = { ...inject('postgres').cluster, ...change };
    const refused = openDatabase(target).catch((error: Error) => error.message);
    expect(await refused).toContain(`The database ${target.database} on ${target.host} cannot be used`);
    expect(await refused).toContain(reason);
    expect(await refused).not.toContain(target.password);
  });

  test('a lost connection fails what runs on it, and nothing after it', async () => {
    const { db, stores, transactor } = await openStore('PostgreSQL');
    const cut = () =>
      sql`select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()`.execute(db);
    const lost = transactor.transaction(async ({ repositories }) => {
      await cut();
      await repositories.giveName('ml/wine', 1);
    });
    await expect(lost).rejects.toMatchObject({ name: 'StoreUnavailable' });
    // Also one that nobody used at the time.
    await Promise.all([stores.outbox.counts(), stores.outbox.counts(), stores.outbox.counts()]);
    await cut();
    expect(await stores.repositories.ownerOfName('ml/wine')).toBeNull();
    await transactor.transaction(({ repositories }) => repositories.giveName('ml/wine', 1));
    expect(await stores.repositories.ownerOfName('ml/wine')).toBe(1);
  });

  test('transactions that wait leave connections for reads', async () => {
    const target = await newDatabase('PostgreSQL');
    const [one, other] = [await openTarget(target), await openTarget(target)];
    const order: string[] = [];
    await other.transactor.transaction(async ({ repositories }) => {
      const waiting = Array.from({ length: 30 }, (_, number) =>
        one.transactor.transaction(async (inside) => {
          order.push(`written ${number}`);
          await inside.repositories.giveName('ml/wine', number);
        }),
      );
      expect(await one.stores.outbox.counts()).toEqual({ pending: 0, parked: 0 });
      order.push('read');
      await repositories.giveName('ml/wine', 99);
      void Promise.all(waiting).then(() => order.push('all written'));
    });
    await one.transactor.transaction(async () => {});
    expect(order.slice(0, 2)).toEqual(['read', 'written 0']);
    expect(await one.stores.repositories.ownerOfName('ml/wine')).toBe(29);
  });
});
