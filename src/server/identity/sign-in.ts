import { timingSafeEqual } from 'node:crypto';
import type { Person } from '../../contract/person.ts';
import type { Transactor } from '../store/transactor.ts';
import type { SignInProvider, UserTokens } from './ports.ts';
import { hashToken, randomToken, seal, unseal } from './seal.ts';
import type { SessionStore, SignInMode } from './session-ports.ts';

/** An attempt that takes longer is started again; Gitea's code itself lives as long. */
export const attemptLifetimeMs = 10 * 60_000;

/** What came of a callback. */
export type SignInResult =
  | { outcome: 'signed-in'; person: Person; tokens: UserTokens; mode: SignInMode }
  /** The user said no on Gitea's page. */
  | { outcome: 'denied' }
  /** The attempt is unknown, too old, was used before, or was started in another browser. */
  | { outcome: 'outdated' };

function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

/**
 * Sign-in through Gitea: authorization code with PKCE, a nonce, and a state that belongs to the browser that
 * started (so that nobody can be signed in as somebody else by a link). Each attempt has a cookie of its own,
 * so that two tabs do not disturb each other.
 */
export class SignIn {
  readonly #transactor: Transactor<{ sessions: SessionStore }>;
  readonly #provider: SignInProvider;
  readonly #key: Uint8Array;
  readonly #now: () => Date;

  constructor(dependencies: {
    transactor: Transactor<{ sessions: SessionStore }>;
    provider: SignInProvider;
    encryptionKey: Uint8Array;
    now?: () => Date;
  }) {
    this.#transactor = dependencies.transactor;
    this.#provider = dependencies.provider;
    this.#key = dependencies.encryptionKey;
    this.#now = dependencies.now ?? (() => new Date());
  }

  /** @returns where to send the browser, and the attempt's cookie */
  async start(mode: SignInMode): Promise<{ location: string; cookie: { name: string; value: string } }> {
    const [state, nonce, codeVerifier, browser] = [
      randomToken(),
      randomToken(),
      randomToken(),
      randomToken(),
    ];
    const location = await this.#provider.authorizationUrl({ state, nonce, codeVerifier });
    const stateHash = hashToken(state);
    const now = this.#now();
    const { sessions } = this.#transactor.stores;
    await sessions.removeOutdated(now, new Date(now.getTime() - attemptLifetimeMs));
    await sessions.addAttempt({
      stateHash,
      browserHash: hashToken(browser),
      codeVerifier: seal(this.#key, `attempt:${stateHash}`, codeVerifier),
      nonce,
      mode,
      createdAt: now,
    });
    return { location: location.href, cookie: { name: attemptCookie(state), value: browser } };
  }

  /**
   * @param query of the callback's address
   * @param cookie reads a cookie of the browser
   */
  async finish(query: URLSearchParams, cookie: (name: string) => string | undefined): Promise<SignInResult> {
    const state = query.get('state') ?? '';
    const browser = cookie(attemptCookie(state));
    if (state === '' || browser === undefined) return { outcome: 'outdated' };
    const stateHash = hashToken(state);
    const attempt = await this.#transactor.stores.sessions.takeAttempt(stateHash);
    if (attempt === null || !sameText(attempt.browserHash, hashToken(browser)))
      return { outcome: 'outdated' };
    if (this.#now().getTime() - attempt.createdAt.getTime() > attemptLifetimeMs)
      return { outcome: 'outdated' };
    if (query.get('error') === 'access_denied') return { outcome: 'denied' };
    const codeVerifier = unseal(this.#key, `attempt:${stateHash}`, attempt.codeVerifier);
    const { person, tokens } = await this.#provider.finish(query, {
      state,
      nonce: attempt.nonce,
      codeVerifier,
    });
    return { outcome: 'signed-in', person, tokens, mode: attempt.mode };
  }
}

/** Name of an attempt's cookie: told by its state, without revealing it. */
export function attemptCookie(state: string): string {
  return `gitea_databricks_${hashToken(`cookie:${state}`).slice(0, 12)}`;
}
