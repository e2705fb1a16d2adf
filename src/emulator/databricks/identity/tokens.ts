import { createHash, randomBytes } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import type { Clock, Principal, RunIdentity } from '../context.ts';

export const identityTables = [
  `create table identity_principals (
     id integer primary key, application_id text not null unique, display_name text not null,
     active integer not null default 1, created_at integer not null)`,
  `create table identity_tokens (
     hash text primary key, principal text not null, kind text not null, comment text not null default '',
     run text, created_at integer not null, expires_at integer) without rowid`,
  `create table identity_secrets (
     id text primary key, principal_id integer not null references identity_principals (id) on delete cascade,
     hash text not null, created_at integer not null, expires_at integer not null)`,
  `create table identity_policies (
     id text primary key, principal_id integer references identity_principals (id) on delete cascade,
     policy text not null, description text not null default '', created_at integer not null, updated_at integer not null)`,
  `create table identity_users (
     id integer primary key, user_name text not null unique collate nocase, display_name text not null,
     active integer not null default 1, created_at integer not null)`,
  `create table identity_account_policies (
     id text primary key, policy text not null, description text not null default '',
     created_at integer not null, updated_at integer not null)`,
];

/** The admin is a user, so it is named by an e-mail address, as on Databricks. */
export const adminName = 'admin@workspace.localhost';
export const adminId = '1';

export type TokenKind = 'pat' | 'oauth' | 'run';

export type Tokens = ReturnType<typeof createTokens>;

/** Digest under which a token or secret is kept; the value itself is never stored. */
export const digest = (secret: string) => createHash('sha256').update(secret).digest('hex');

/** Opaque random access tokens, hashed at rest. */
export function createTokens(db: DatabaseSync, clock: Clock) {
  function principalNamed(name: string): Principal | undefined {
    if (name === adminName)
      return {
        kind: 'admin',
        name,
        id: adminId,
        displayName: 'Workspace admin',
        applicationId: undefined,
        admin: true,
        run: undefined,
      };
    const row = db
      .prepare('select id, display_name from identity_principals where application_id = ? and active = 1')
      .get(name);
    if (!row) return userNamed(name);
    return {
      kind: 'service-principal',
      name,
      id: String(row.id),
      displayName: row.display_name as string,
      applicationId: name,
      admin: false,
      run: undefined,
    };
  }

  function userNamed(name: string): Principal | undefined {
    const row = db
      .prepare('select id, user_name, display_name from identity_users where user_name = ? and active = 1')
      .get(name);
    if (!row) return undefined;
    return {
      kind: 'user',
      name: row.user_name as string,
      id: String(row.id),
      displayName: row.display_name as string,
      applicationId: undefined,
      admin: false,
      run: undefined,
    };
  }

  return {
    /** The active principal that grants call by this name. */
    principalNamed,
    /** @param options.expiresAt milliseconds; absent: never. @returns the token, which is shown only here. */
    issue(
      principal: string,
      kind: TokenKind,
      options: { expiresAt?: number; run?: RunIdentity; comment?: string } = {},
    ): string {
      const token = `${kind === 'pat' ? 'dapi' : 'dbx-'}${randomBytes(24).toString('hex')}`;
      db.prepare('insert into identity_tokens values (?, ?, ?, ?, ?, ?, ?)').run(
        digest(token),
        principal,
        kind,
        options.comment ?? '',
        options.run ? JSON.stringify(options.run) : null,
        clock.now(),
        options.expiresAt ?? null,
      );
      return token;
    },
    /** Whose token this is; undefined for one that is unknown, expired, revoked or of a principal that is gone. */
    find(token: string): Principal | undefined {
      const row = db
        .prepare(
          'select principal, run from identity_tokens where hash = ? and (expires_at is null or expires_at > ?)',
        )
        .get(digest(token), clock.now());
      const principal = row && principalNamed(row.principal as string);
      if (!principal || row.run === null) return principal;
      return { ...principal, kind: 'run', admin: false, run: JSON.parse(row.run as string) as RunIdentity };
    },
    revoke(token: string): void {
      db.prepare('delete from identity_tokens where hash = ?').run(digest(token));
    },
    /** Ends every token that was handed to a run. */
    revokeRun(runId: number): void {
      db.prepare("delete from identity_tokens where kind = 'run' and json_extract(run, '$.runId') = ?").run(
        runId,
      );
    },
    removeExpired(): void {
      db.prepare('delete from identity_tokens where expires_at <= ?').run(clock.now());
    },
  };
}
