import type { Person } from '../../contract/person.ts';

/** Gitea's tokens of one user. */
export interface UserTokens {
  accessToken: string;
  refreshToken: string | null;
  expiresAt: Date;
}

/** The user withdrew the grant, or the refresh token ended: only a new sign-in helps. */
export class GrantLost extends Error {
  constructor() {
    super('Gitea no longer accepts this sign-in.');
    this.name = 'GrantLost';
  }
}

/** Port: Gitea as OpenID Connect provider. */
export interface SignInProvider {
  /** Where the browser is sent. */
  authorizationUrl(attempt: { state: string; nonce: string; codeVerifier: string }): Promise<URL>;
  /**
   * Exchanges the code of the callback; checks state, nonce, issuer and audience.
   *
   * @param query of the callback's address
   */
  finish(
    query: URLSearchParams,
    attempt: { state: string; nonce: string; codeVerifier: string },
  ): Promise<{ tokens: UserTokens; person: Person }>;
  /** Rejects with GrantLost where only a new sign-in helps. */
  refresh(refreshToken: string): Promise<UserTokens>;
}
