import type { JWK } from 'jose';

/** A key of the issuer as it is stored; the private half is encrypted with the admin's key. */
export interface StoredSigningKey {
  kid: string;
  publicJwk: JWK;
  privateKey: string;
  createdAt: Date;
  /** Signs nothing from then on (it may lie ahead), and stays published while tokens of it may be out. */
  retiredAt: Date | null;
}

/** Port: the issuer's keys. */
export interface SigningKeyStore {
  /** All that are stored, newest first. */
  all(): Promise<StoredSigningKey[]>;
  add(key: StoredSigningKey): Promise<void>;
  retire(kid: string, at: Date): Promise<void>;
  remove(kid: string): Promise<void>;
}
