import type { Person } from '../../contract/person.ts';
import type { SessionStore, SignInMode, StoredSession } from '../identity/session-ports.ts';
import type { Connection } from './database.ts';
import type { SessionRow } from './schema.ts';

function fromRow(row: SessionRow): StoredSession {
  return {
    idHash: row.id_hash,
    person: JSON.parse(row.person) as Person,
    accessToken: row.access_token,
    refreshToken: row.refresh_token,
    accessExpiresAt: new Date(row.access_expires_at),
    createdAt: new Date(row.created_at),
    expiresAt: new Date(row.expires_at),
  };
}

/** Sessions and sign-in attempts in the database. */
export function createSessionStore(connection: Connection): SessionStore {
  return {
    async find(idHash) {
      const row = await connection
        .selectFrom('sessions')
        .selectAll()
        .where('id_hash', '=', idHash)
        .executeTakeFirst();
      return row ? fromRow(row) : null;
    },
    async ofUser(userId) {
      const rows = await connection
        .selectFrom('sessions')
        .selectAll()
        .where('user_id', '=', userId)
        .orderBy('created_at', 'desc')
        .limit(20)
        .execute();
      return rows.map(fromRow);
    },
    async add(session) {
      await connection
        .insertInto('sessions')
        .values({
          id_hash: session.idHash,
          user_id: session.person.id,
          person: JSON.stringify(session.person),
          access_token: session.accessToken,
          refresh_token: session.refreshToken,
          access_expires_at: session.accessExpiresAt.toISOString(),
          created_at: session.createdAt.toISOString(),
          expires_at: session.expiresAt.toISOString(),
        })
        .execute();
    },
    async updateTokens(idHash, tokens) {
      await connection
        .updateTable('sessions')
        .set({
          access_token: tokens.accessToken,
          refresh_token: tokens.refreshToken,
          access_expires_at: tokens.accessExpiresAt.toISOString(),
        })
        .where('id_hash', '=', idHash)
        .execute();
    },
    async extend(idHash, expiresAt) {
      await connection
        .updateTable('sessions')
        .set({ expires_at: expiresAt.toISOString() })
        .where('id_hash', '=', idHash)
        .execute();
    },
    async remove(idHash) {
      await connection.deleteFrom('sessions').where('id_hash', '=', idHash).execute();
    },
    async addAttempt(attempt) {
      await connection
        .insertInto('sign_in_attempts')
        .values({
          state_hash: attempt.stateHash,
          browser_hash: attempt.browserHash,
          code_verifier: attempt.codeVerifier,
          nonce: attempt.nonce,
          mode: attempt.mode,
          created_at: attempt.createdAt.toISOString(),
        })
        .execute();
    },
    async takeAttempt(stateHash) {
      const row = await connection
        .deleteFrom('sign_in_attempts')
        .where('state_hash', '=', stateHash)
        .returningAll()
        .executeTakeFirst();
      if (!row) return null;
      return {
        stateHash: row.state_hash,
        browserHash: row.browser_hash,
        codeVerifier: row.code_verifier,
        nonce: row.nonce,
        mode: row.mode as SignInMode,
        createdAt: new Date(row.created_at),
      };
    },
    async removeOutdated(now, attemptsBefore) {
      await connection.deleteFrom('sessions').where('expires_at', '<=', now.toISOString()).execute();
      await connection
        .deleteFrom('sign_in_attempts')
        .where('created_at', '<', attemptsBefore.toISOString())
        .execute();
    },
  };
}
