import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { appIni } from '../../../src/demo/real-forge/app-ini.ts';
import { databaseClaim, databaseSection } from '../../../src/demo/real-forge/database.ts';
import { oldestSupported, parseVersion, refusedVersion } from '../../../src/demo/real-forge/version.ts';
import { oldestSupported as ofTheServer } from '../../../src/server/gitea/supported-release.ts';

describe('what --version says', () => {
  test.each([
    ['Gitea version 1.22.0 built with GNU Make 4.3, go1.22.3 : bindata, sqlite', 'Gitea', '1.22.0', [1, 22]],
    ['gitea version 1.27.0+dev-123-gabcdef built with go1.26', 'Gitea', '1.27.0+dev-123-gabcdef', [1, 27]],
    ['Gitea version main-nightly built with go1.26', 'Gitea', 'main-nightly', null],
    [
      'Forgejo version 7.0.15+gitea-1.21.11 built with go1.26.8 : bindata',
      'Forgejo',
      '7.0.15+gitea-1.21.11',
      [7, 0],
    ],
  ] as const)('%s', (said, product, text, release) => {
    const version = parseVersion(said);
    expect(version).toEqual({ product, text, release });
    expect(version && refusedVersion(version)).toBeNull();
  });

  test('is judged as the server judges it', () => {
    expect(oldestSupported).toEqual(ofTheServer);
  });

  test('other programs are no Gitea', () => {
    expect(parseVersion('git version 2.39.5')).toBeNull();
    expect(parseVersion('')).toBeNull();
  });

  test.each([
    ['Gitea version 1.21.11 built with go1.21', 'needs Gitea 1.22 or newer'],
    ['Forgejo version 1.21.11-1+0', 'needs Forgejo 7.0 or newer'],
  ])('%s is too old', (said, message) => {
    const version = parseVersion(said);
    expect(version && refusedVersion(version)).toContain(message);
  });
});

describe('the database', () => {
  test('is a file without a URL', () => {
    expect(databaseSection(undefined, '/demo/gitea.db')).toMatchObject({
      DB_TYPE: 'sqlite3',
      PATH: '/demo/gitea.db',
    });
  });

  test('of a demo stays the one that it began with, once it is the demo’s own', () => {
    const dir = mkdtempSync(join(tmpdir(), 'claim-'));
    const claimOf = (url?: string) =>
      databaseClaim(join(dir, 'database'), databaseSection(url, join(dir, 'gitea.db')));
    try {
      // A start that never came so far has claimed nothing.
      expect(claimOf('postgres://nobody:secret@absent/forge').isOurs).toBe(false);
      const claim = claimOf('postgres://gitea:secret@db/forge');
      expect(claim.isOurs).toBe(false);
      claim.make();
      expect(claim.isOurs).toBe(true);
      // Another password is the same database.
      expect(claimOf('postgres://gitea:changed@db:5432/forge').isOurs).toBe(true);
      expect(() => claimOf()).toThrow(/\(postgres db:5432 forge, now SQLite\).*--fresh/);
      expect(() => claimOf('postgres://gitea:secret@db/other')).toThrow(/^(?!.*secret)/);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });

  test('is PostgreSQL where a URL says so, with whatever characters a password has', () => {
    expect(databaseSection('postgres://gitea:p%40ss%3B%23@db:5433/forge?sslmode=require', '')).toEqual({
      DB_TYPE: 'postgres',
      HOST: 'db:5433',
      NAME: 'forge',
      USER: 'gitea',
      PASSWD: 'p@ss;#',
      SSL_MODE: 'require',
      SCHEMA: '',
    });
    expect(databaseSection('postgresql://localhost/forge', '')).toMatchObject({
      HOST: 'localhost:5432',
      USER: 'postgres',
      SSL_MODE: 'disable',
    });
  });

  test.each(['mysql://root@db/gitea', 'postgres://db', 'postgres://u:secret@/x', 'secret'])(
    '%s is refused, and not repeated',
    (url) => {
      let said = '';
      try {
        databaseSection(url, '');
      } catch (error) {
        said = (error as Error).message;
      }
      expect(said).toContain('postgres://user:password@host');
      expect(said).not.toContain('secret');
    },
  );
});

describe('app.ini', () => {
  const settings = {
    dataDir: '/demo dir/gitea',
    rootUrl: 'http://127.0.0.1:3000/',
    port: 4000,
    database: databaseSection('postgres://u:a%23b%3Bc%22@db/forge', ''),
    secrets: { secretKey: 's', internalToken: 'i', jwtSecret: 'j' },
  };

  test('keeps Gitea on loopback, installed, and lets webhooks go to loopback alone', () => {
    const text = appIni(settings);
    for (const wanted of [
      'HTTP_ADDR = 127.0.0.1',
      'HTTP_PORT = 4000',
      'ROOT_URL = http://127.0.0.1:3000/',
      'INSTALL_LOCK = true',
      'ALLOWED_HOST_LIST = loopback',
      'DISABLE_REGISTRATION = true',
    ]) {
      expect(text.split('\n')).toContain(wanted);
    }
  });

  test('quotes what would mean something else in it', () => {
    const lines = appIni(settings).split('\n');
    expect(lines).toContain('WORK_PATH = `/demo dir/gitea`');
    expect(lines).toContain('PASSWD = `a#b;c"`');
    expect(() => appIni({ ...settings, dataDir: '/demo`' })).toThrow('WORK_PATH');
    expect(() => appIni({ ...settings, dataDir: '/demo\n[security]' })).toThrow('WORK_PATH');
  });
});
