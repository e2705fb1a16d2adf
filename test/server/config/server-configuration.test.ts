import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  ConfigurationError,
  loadServerConfiguration,
  secretsOf,
} from '../../../src/server/config/load-server-configuration.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'configuration-'));
  for (const name of ['token', 'hook', 'client']) writeFileSync(join(folder, name), `${name}-secret\n`);
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const good = `public_url: https://git.example.com/-/databricks
gitea:
  url: https://git.example.com/
  token_file: token
  webhook_secret_file: hook
  oauth: {client_id: abc, client_secret_file: client}
workspaces:
  main: {host: "https://dbc.cloud.databricks.com/", account_id: acc-1, auth: federation, reader: reader-id}
bindings:
  - id: wine
    repositories: [ml/wine-*]
    workspace: main
    branch: default
    experiment: "/Shared/gitea/{repository_id}"
    jobs: {nightly: 123}
    models: {wine: {name: ml.prod.wine, alias: champion, endpoint: wine}}
    principals: {trainer: t, releaser: r, fork: f}
`;

function load(text: string) {
  const file = join(folder, 'gitea-databricks.yml');
  writeFileSync(file, text);
  return loadServerConfiguration(file);
}

function problemsOf(text: string): string[] {
  try {
    load(text);
  } catch (error) {
    if (error instanceof ConfigurationError) {
      return error.problems.map(({ line, path, message }) => `${line} ${path}: ${message}`);
    }
    throw error;
  }
  throw new Error('this configuration was expected to be wrong');
}

test('the file of the documentation is read, secrets from their files', () => {
  const { encryptionKey, ...configuration } = load(good);
  expect(configuration).toEqual({
    publicUrl: 'https://git.example.com/-/databricks/',
    listen: { host: '127.0.0.1', port: 3100 },
    database: join(folder, 'gitea-databricks.sqlite'),
    gitea: {
      url: 'https://git.example.com',
      internalUrl: 'https://git.example.com',
      token: 'token-secret',
      webhookSecret: 'hook-secret',
      oauth: { clientId: 'abc', clientSecret: 'client-secret' },
    },
    workspaces: {
      main: {
        name: 'main',
        host: 'https://dbc.cloud.databricks.com',
        accountId: 'acc-1',
        auth: { kind: 'federation', audience: 'acc-1' },
        reader: 'reader-id',
      },
    },
    bindings: [
      {
        id: 'wine',
        repositories: ['ml/wine-*'],
        workspace: 'main',
        branch: null,
        experiment: '/Shared/gitea/{repository_id}',
        jobs: { nightly: 123 },
        models: { wine: { name: 'ml.prod.wine', alias: 'champion', endpoint: 'wine' } },
        principals: { trainer: 't', releaser: 'r', fork: 'f' },
        floors: {},
      },
    ],
  });
  expect(encryptionKey).toHaveLength(32);
});

test('an encryption key is made once, readable by its owner only', () => {
  const first = load(good).encryptionKey;
  const file = join(folder, 'gitea-databricks.key');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readFileSync(file, 'utf8').trim()).toBe(Buffer.from(first).toString('hex'));
  expect(load(good).encryptionKey).toEqual(first);
});

test('wrong keys and missing ones are all reported, with lines', () => {
  expect(
    problemsOf(
      good.replace('token_file: token', 'token_fil: token').replace('auth: federation', 'auth: oidc'),
    ),
  ).toEqual([
    '2 gitea.token_file: "token_file" is missing: it must be the path of a file that holds the bot’s access token (read:user, write:repository, write:issue).',
    '4 gitea.token_fil: "token_fil" is not known here. Did you mean "token_file"?',
    '8 workspaces.main.auth: "auth" must be "federation" (recommended), "identity-provider", "m2m" or "token-file"; it is "oidc".',
  ]);
});

test('values that cannot work are all reported, with lines', () => {
  rmSync(join(folder, 'hook'));
  writeFileSync(join(folder, 'client'), '  \n');
  const problems = problemsOf(
    good
      .replace('https://git.example.com/-/databricks', 'http://git.example.com/-/databricks')
      .replace('"https://dbc.cloud.databricks.com/"', 'dbc.cloud.databricks.com')
      .replace('workspace: main', 'workspace: mian')
      .replace('trainer: t, releaser: r, fork: f', 'trainer: t, releaser: t, fork: t'),
  );
  expect(problems).toEqual([
    '1 public_url: "public_url" must begin with https://; http:// is possible on loopback only, because tokens travel there.',
    `5 gitea.webhook_secret_file: "webhook_secret_file" does not work: ${join(folder, 'hook')} cannot be read: there is no such file.`,
    `6 gitea.oauth.client_secret_file: "client_secret_file" does not work: ${join(folder, 'client')} is empty.`,
    '8 workspaces.main.host: "host" must be an address that begins with https://; it is "dbc.cloud.databricks.com".',
    '12 bindings[0].workspace: There is no workspace "mian". Did you mean "main"?',
    '17 bindings[0].principals.fork: "fork" must be a service principal of its own: code from forks gets its rights.',
    '17 bindings[0].principals.releaser: "releaser" must be another service principal than "trainer": else training code could release.',
  ]);
});

test('a principal that is weak in one binding is not strong in another', () => {
  const second = `  - id: beer
    repositories: [ml/beer]
    workspace: main
    experiment: "/Shared/beer"
    principals: {trainer: f, releaser: t, fork: reader-id}
`;
  expect(problemsOf(good + second)).toEqual([
    '17 bindings[0].principals.fork: "fork" is the trainer of the binding "beer", too: code from forks would get its rights there.',
    '17 bindings[0].principals.trainer: "trainer" is the releaser of the binding "beer", too: training code could release there.',
    '22 bindings[1].principals.fork: "fork" is the reader of the workspace "main", too: code from forks could read what every binding has.',
  ]);
  expect(() =>
    load(
      good + second.replace('trainer: f, releaser: t, fork: reader-id', 'trainer: t, releaser: r, fork: f'),
    ),
  ).not.toThrow();
});

test.each(['169.254.169.254', '[::ffff:169.254.169.254]', '[fe80::1]', '0xa9fea9fe'])(
  'a workspace at the link-local or metadata address %s is refused',
  (host) => {
    expect(problemsOf(good.replace('dbc.cloud.databricks.com', host)).join('\n')).toContain(
      'is a link-local, metadata or reserved address',
    );
  },
);

test('the fallbacks for federation need their secrets', () => {
  expect(problemsOf(good.replace('auth: federation', 'auth: m2m')).join('\n')).toContain(
    'needs a line for the reader, reader-id',
  );
  expect(problemsOf(good.replace('auth: federation', 'auth: token-file')).join('\n')).toContain(
    '"token_file" is missing',
  );
  const m2m = load(
    good.replace(
      'auth: federation',
      'auth: m2m, client_secret_files: {reader-id: client, t: client, r: client, f: client}',
    ),
  );
  expect(m2m.workspaces.main?.auth).toEqual({
    kind: 'm2m',
    secrets: { 'reader-id': 'client-secret', t: 'client-secret', r: 'client-secret', f: 'client-secret' },
  });
});

test('two bindings with one id, a bad key and a file that is not there are told plainly', () => {
  const binding = good.slice(good.indexOf('  - id'));
  expect(problemsOf(`${good}${binding}`).join('\n')).toContain('There are two bindings "wine"');
  expect(problemsOf(`${good}encryption_key_file: token\n`).join('\n')).toContain('must be 32 bytes');
  expect(() => loadServerConfiguration(join(folder, 'other.yml'))).toThrow(/There is no such file/);
  expect(() => loadServerConfiguration(join(folder, 'other.yml'))).toThrow(ConfigurationError);
});

describe('a PostgreSQL database', () => {
  const postgres = `${good}database: {postgres: {url_file: url}}\n`;
  const url = (text: string) => writeFileSync(join(folder, 'url'), `${text}\n`);

  test('is named by the address in a file, and its password never logged', () => {
    url('postgres://gdb:p%40ss%2Fword@db.example.com/store');
    const configuration = load(postgres);
    expect(configuration.database).toEqual({
      host: 'db.example.com',
      port: 5432,
      database: 'store',
      user: 'gdb',
      password: 'p@ss/word',
      tls: { ca: null },
    });
    expect(secretsOf(configuration)).toEqual(expect.arrayContaining(['p@ss/word', 'p%40ss%2Fword']));
  });

  test('proves who it is unless it is on loopback or the address says otherwise', () => {
    const tls = (text: string, more = '') => {
      url(text);
      return load(postgres.replace('url}', `url${more}}`)).database;
    };
    expect(tls('postgres://u:p@127.0.0.1:5433/s')).toMatchObject({ port: 5433, tls: 'none' });
    expect(tls('postgresql://u:p@[::1]/s')).toMatchObject({ host: '::1', tls: 'none' });
    expect(tls('postgres://u@localhost/s?host=/run/postgresql')).toMatchObject({
      host: '/run/postgresql',
      tls: 'none',
    });
    expect(tls('postgres://u:p@db/s?sslmode=disable')).toMatchObject({ tls: 'none' });
    expect(tls('postgres://u:p@db/s?sslmode=require')).toMatchObject({ tls: 'unverified' });
    writeFileSync(join(folder, 'ca'), 'certificates\n');
    expect(tls('postgres://u:p@db/s', ', ca_file: ca')).toMatchObject({ tls: { ca: 'certificates' } });
  });

  test.each([
    ['mysql://u:p@db/s', 'it must hold an address such as postgres://user:password@host:5432/name'],
    ['postgres://:secret@db/s', 'the address has no user'],
    ['postgres://u:secret@db/', 'the address has no name of a database'],
    [
      'postgres://u:secret@db/s?sslmode=prefer',
      '"sslmode" must be disable, require, verify-full; it is "prefer"',
    ],
    ['postgres://u:secret@db/s?options=x', 'can have the parameters "sslmode" and "host"; it has "options"'],
  ])('with the address %s is refused with file and line, and nothing of it is quoted', (text, reason) => {
    url(text);
    const [problem, ...others] = problemsOf(postgres);
    expect(others).toEqual([]);
    expect(problem).toContain('18 database.postgres.url_file: "url_file" does not work:');
    expect(problem).toContain(reason);
    expect(problem).not.toContain('secret');
  });

  test('is a group of known keys', () => {
    expect(problemsOf(`${good}database:\n  postgres: {url: x}\n`)).toEqual([
      '19 database.postgres.url_file: "url_file" is missing: it must be the path of a file that holds an address such as postgres://user:password@host:5432/name.',
      '19 database.postgres.url: "url" is not known here. What can stand here: url_file, ca_file.',
    ]);
    expect(problemsOf(`${good}database: 3\n`)).toEqual([
      '18 database: "database" must be the path of an SQLite file, or a group {postgres: {url_file}}; it is 3.',
    ]);
  });
});
