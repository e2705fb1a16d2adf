import { existsSync, readFileSync } from 'node:fs';
import { writePrivateFile } from '../private-file.ts';

/** The section `[database]` of app.ini. */
export type DatabaseSection = Record<string, string>;

/**
 * SQLite in a file, or the PostgreSQL database that a URL names: `postgres://user:password@host:5432/name`, with
 * `?sslmode=` and `?schema=` where they differ from `disable` and the user's search path.
 * @throws with a sentence for the terminal; never with the URL, which may hold a password
 */
export function databaseSection(url: string | undefined, sqliteFile: string): DatabaseSection {
  if (url === undefined)
    return { DB_TYPE: 'sqlite3', PATH: sqliteFile, SQLITE_TIMEOUT: '5000', SQLITE_JOURNAL_MODE: 'WAL' };
  const parsed = URL.canParse(url) ? new URL(url) : null;
  const name = parsed && decodeURIComponent(parsed.pathname.slice(1));
  if (
    !parsed ||
    !/^postgres(ql)?:$/.test(parsed.protocol) ||
    !parsed.hostname ||
    !name ||
    name.includes('/')
  ) {
    throw new Error('GITEA_DATABASE_URL has to look like postgres://user:password@host:5432/name');
  }
  return {
    DB_TYPE: 'postgres',
    HOST: `${parsed.hostname}:${parsed.port || '5432'}`,
    NAME: name,
    USER: decodeURIComponent(parsed.username) || 'postgres',
    PASSWD: decodeURIComponent(parsed.password),
    SSL_MODE: parsed.searchParams.get('sslmode') ?? 'disable',
    SCHEMA: parsed.searchParams.get('schema') ?? '',
  };
}

/** Which database holds the data of a demo, once it does. */
export interface DatabaseClaim {
  /** An earlier start began with this database: who is in it are the demo's own. */
  readonly isOurs: boolean;
  /** Says so from now on. */
  make(): void;
}

/**
 * Holds a data folder to the database that it began with, whose name stands in a file.
 * @throws with a sentence for the terminal when it is another one: what the folder knows is not in there
 */
export function databaseClaim(file: string, section: DatabaseSection): DatabaseClaim {
  const { DB_TYPE, HOST, NAME, SCHEMA } = section;
  const name = DB_TYPE === 'sqlite3' ? 'SQLite' : ['postgres', HOST, NAME, SCHEMA].filter(Boolean).join(' ');
  const before = existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
  if (before !== undefined && before !== name) {
    throw new Error(
      `this demo's data are in another database (${before}, now ${name}): set GITEA_DATABASE_URL as at its first start, or start over with --fresh`,
    );
  }
  let isOurs = before !== undefined;
  return {
    get isOurs() {
      return isOurs;
    },
    make() {
      writePrivateFile(file, `${name}\n`);
      isOurs = true;
    },
  };
}
