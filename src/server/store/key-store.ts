import type { JWK } from 'jose';
import type { SigningKeyStore } from '../identity/signing-keys.ts';
import type { Connection } from './database.ts';

/** The issuer's signing keys in the database. */
export function createSigningKeyStore(connection: Connection): SigningKeyStore {
  return {
    async all() {
      const rows = await connection
        .selectFrom('signing_keys')
        .selectAll()
        .orderBy('created_at', 'desc')
        .execute();
      return rows.map((row) => ({
        kid: row.kid,
        publicJwk: JSON.parse(row.public_jwk) as JWK,
        privateKey: row.private_key,
        createdAt: new Date(row.created_at),
        retiredAt: row.retired_at === null ? null : new Date(row.retired_at),
      }));
    },
    async add(key) {
      await connection
        .insertInto('signing_keys')
        .values({
          kid: key.kid,
          public_jwk: JSON.stringify(key.publicJwk),
          private_key: key.privateKey,
          created_at: key.createdAt.toISOString(),
          retired_at: key.retiredAt?.toISOString() ?? null,
        })
        .execute();
    },
    async retire(kid, at) {
      await connection
        .updateTable('signing_keys')
        .set({ retired_at: at.toISOString() })
        .where('kid', '=', kid)
        .execute();
    },
    async remove(kid) {
      await connection.deleteFrom('signing_keys').where('kid', '=', kid).execute();
    },
  };
}
