import type { Person } from '../../contract/person.ts';

/** A session as it is stored: the cookie's value hashed, Gitea's tokens encrypted. */
export interface StoredSession {
  /** sha-256 of the cookie's value, hex. */
  idHash: string;
  person: Person;
  accessToken: string;
  refreshToken: string | null;
  accessExpiresAt: Date;
  createdAt: Date;
  /** Ends by itself then, whatever happens. Moves on with use, up to the absolute end. */
  expiresAt: Date;
}

/** One sign-in that was started and not yet finished. */
export interface SignInAttempt {
  stateHash: string;
  /** sha-256 of the secret in the attempt's cookie: the browser that started must be the one that returns. */
  browserHash: string;
  /** Encrypted. */
  codeVerifier: string;
  nonce: string;
  mode: SignInMode;
  createdAt: Date;
}

/** `silent`: followed by a fetch of the page; `popup`: a window that closes itself. */
export type SignInMode = 'silent' | 'popup';

/** Port: sessions and the attempts to get one. */
export interface SessionStore {
  find(idHash: string): Promise<StoredSession | null>;
  /** Newest first, also ended ones that are not removed yet. */
  ofUser(userId: number): Promise<StoredSession[]>;
  add(session: StoredSession): Promise<void>;
  updateTokens(
    idHash: string,
    tokens: Pick<StoredSession, 'accessToken' | 'refreshToken' | 'accessExpiresAt'>,
  ): Promise<void>;
  extend(idHash: string, expiresAt: Date): Promise<void>;
  remove(idHash: string): Promise<void>;
  addAttempt(attempt: SignInAttempt): Promise<void>;
  /** Takes it out: an attempt serves once. */
  takeAttempt(stateHash: string): Promise<SignInAttempt | null>;
  /** Removes sessions that ended and attempts that were started before. */
  removeOutdated(now: Date, attemptsBefore: Date): Promise<void>;
}
