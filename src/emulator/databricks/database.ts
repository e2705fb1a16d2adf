import { chmodSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

/** Opens the workspace's one SQLite file (WAL, readable by its owner only). */
export function openDatabase(path: string) {
  const db = new DatabaseSync(path);
  chmodSync(path, 0o600);
  db.exec(
    'pragma journal_mode = wal; pragma synchronous = normal; pragma foreign_keys = on; pragma busy_timeout = 5000;',
  );
  db.exec(
    'create table if not exists migrations (room text primary key, applied integer not null) without rowid',
  );

  let depth = 0;
  function transaction<T>(work: () => T): T {
    if (depth > 0) return work();
    db.exec('begin immediate');
    depth += 1;
    try {
      const result = work();
      db.exec('commit');
      return result;
    } catch (error) {
      db.exec('rollback');
      throw error;
    } finally {
      depth -= 1;
    }
  }

  function migrate(room: string, statements: readonly string[]): void {
    transaction(() => {
      const row = db.prepare('select applied from migrations where room = ?').get(room);
      const applied = (row?.applied as number | undefined) ?? 0;
      if (applied > statements.length)
        throw new Error(
          `${path} was written by a newer version of the emulator (${room} has ${applied} migrations, this version knows ${statements.length}); remove it or use the newer version`,
        );
      for (const statement of statements.slice(applied)) db.exec(statement);
      db.prepare(
        'insert into migrations values (?, ?) on conflict (room) do update set applied = excluded.applied',
      ).run(room, statements.length);
    });
  }

  return { db, transaction, migrate };
}
