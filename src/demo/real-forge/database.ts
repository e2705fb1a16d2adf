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
