import { closeSync, existsSync, openSync, realpathSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

/** SQLite's code for a lock that another connection has. */
const busy = 5;

/** Something that one process at a time has; it ends with the process, however that ends. */
export interface ServingLock {
  release(): void;
}

/**
 * Keeps other processes from serving an SQLite database: an exclusive transaction on a second file beside it, which the
 * operating system takes back when the process ends. Commands work beside it, for they do not ask.
 *
 * @param path of the database, which need not be there yet
 * @param purpose what is refused, as the error says it: "cannot be served"
 * @throws when another process, or this one, has it
 */
export function takeServingLock(path: string, purpose: string): ServingLock {
  const file = `${existsSync(path) ? realpathSync(path) : path}.lock`;
  // Never opened by us when it is there: closing it would drop the lock that this process may have on it
  // (https://sqlite.org/howtocorrupt.html, "Posix advisory locks canceled").
  if (!existsSync(file)) closeSync(openSync(file, 'a', 0o600));
  const lock = new DatabaseSync(file, { timeout: 0 });
  try {
    lock.exec('begin exclusive');
  } catch (error) {
    lock.close();
    if ((error as { errcode?: number }).errcode !== busy) throw error;
    throw new Error(
      `The database ${path} ${purpose}: another backend serves it, and holds ${file}. Stop that one first; several backends can serve one PostgreSQL database.`,
      { cause: error },
    );
  }
  return {
    release() {
      if (lock.isOpen) lock.close();
    },
  };
}
