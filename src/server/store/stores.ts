import type { AuditStore } from '../audit/ports.ts';
import type { SessionStore } from '../identity/session-ports.ts';
import type { SigningKeyStore } from '../identity/signing-keys.ts';
import type { RepositoryStore } from '../permission/ports.ts';
import { createAuditStore } from './audit-store.ts';
import type { Connection } from './database.ts';
import { createSigningKeyStore } from './key-store.ts';
import { createRepositoryStore } from './repository-store.ts';
import { createSessionStore } from './session-store.ts';

/** Every store of every room, over one connection: what is written through one of these commits together. */
export interface Stores {
  audit: AuditStore;
  repositories: RepositoryStore;
  sessions: SessionStore;
  signingKeys: SigningKeyStore;
}

/** @param now the clock that stamps rows */
export function createStores(connection: Connection, now: () => Date = () => new Date()): Stores {
  return {
    audit: createAuditStore(connection, now),
    repositories: createRepositoryStore(connection, now),
    sessions: createSessionStore(connection),
    signingKeys: createSigningKeyStore(connection),
  };
}
