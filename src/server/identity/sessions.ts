import type { Person } from '../../contract/person.ts';
import type { AuditLog } from '../audit/entry.ts';
import { outsideLease } from '../duty/lease.ts';
import { ProblemError } from '../http/problem.ts';
import type { Viewer } from '../permission/access.ts';
import type { Transactor } from '../store/transactor.ts';
import type { SignInProvider, UserTokens } from './ports.ts';
import { GrantLost } from './ports.ts';
import { hashToken, randomToken, seal, unseal } from './seal.ts';
import type { SessionStore, SignInMode, StoredSession } from './session-ports.ts';

/** What sessions need of the store. */
export interface SessionStores {
  sessions: SessionStore;
  audit: AuditLog;
}

const minute = 60_000;
/** A session that nobody uses ends after this. */
const idle = 12 * 60 * minute;
/** No session lives longer. */
const absolute = 7 * 24 * 60 * minute;
/** Use is written down at most this often. */
const extendEvery = 10 * minute;
/** A token that ends within this is refreshed first. */
const refreshBefore = minute;

const signedOut = () =>
  new ProblemError('signed-out', 'Your sign-in has ended. Sign in again with your Gitea account.');

/** The backend's own sessions: a random cookie for the browser, its hash and the user's sealed Gitea tokens here. */
export class Sessions {
  readonly #transactor: Transactor<SessionStores>;
  readonly #provider: SignInProvider;
  readonly #key: Uint8Array;
  readonly #now: () => Date;
  readonly #refreshing = new Map<string, Promise<string>>();

  constructor(dependencies: {
    transactor: Transactor<SessionStores>;
    provider: SignInProvider;
    /** 32 bytes. */
    encryptionKey: Uint8Array;
    now?: () => Date;
  }) {
    this.#transactor = dependencies.transactor;
    this.#provider = dependencies.provider;
    this.#key = dependencies.encryptionKey;
    this.#now = dependencies.now ?? (() => new Date());
  }

  /**
   * Starts a session, and ends the one that the browser had before.
   *
   * @returns the cookie's value
   */
  async start(
    person: Person,
    tokens: UserTokens,
    about: { mode: SignInMode; before: string | undefined; requestId: string },
  ): Promise<{ cookie: string; expiresAt: Date }> {
    const cookie = randomToken();
    const idHash = hashToken(cookie);
    const now = this.#now();
    const session: StoredSession = {
      idHash,
      person,
      ...this.#sealTokens(idHash, tokens),
      createdAt: now,
      expiresAt: new Date(now.getTime() + idle),
    };
    await this.#transactor.transaction(async ({ sessions, audit }) => {
      if (about.before !== undefined) await sessions.remove(hashToken(about.before));
      await sessions.add(session);
      await audit.append({
        action: 'session.started',
        outcome: 'done',
        actor: { kind: 'person', id: person.id, name: person.name },
        subject: `session of ${person.name}`,
        detail: { mode: about.mode },
        requestId: about.requestId,
      });
    });
    return { cookie, expiresAt: new Date(now.getTime() + absolute) };
  }

  /**
   * Who belongs to a cookie; null when its session ended or never was. Use keeps a session alive.
   *
   * @param use `look`: an open page that only listens does not
   */
  async viewer(cookie: string, use?: 'look'): Promise<Viewer | null> {
    const idHash = hashToken(cookie);
    const { sessions } = this.#transactor.stores;
    const session = await sessions.find(idHash);
    const now = this.#now();
    if (session === null || session.expiresAt <= now) return null;
    const viewer = this.#viewerOf(session);
    const expiresAt = new Date(viewer.expiresAt);
    if (use !== 'look' && expiresAt.getTime() - session.expiresAt.getTime() >= extendEvery)
      await sessions.extend(idHash, expiresAt);
    return viewer;
  }

  /** Sessions of a person that are still open, newest first; asking keeps none of them alive. */
  async viewersOf(userId: number): Promise<Viewer[]> {
    const now = this.#now();
    const sessions = await this.#transactor.stores.sessions.ofUser(userId);
    return sessions.filter(({ expiresAt }) => expiresAt > now).map((session) => this.#viewerOf(session));
  }

  #viewerOf(session: StoredSession): Viewer {
    const { idHash } = session;
    const now = this.#now();
    const latest = session.createdAt.getTime() + absolute;
    const expiresAt = new Date(Math.min(now.getTime() + idle, latest));
    return {
      user: session.person,
      sessionKey: idHash,
      expiresAt: expiresAt.toISOString(),
      giteaToken: () => this.#token(idHash),
      endSession: () => this.#end(session, 'the grant was lost', null),
    };
  }

  /** Signs out: the session and Gitea's tokens in it are gone. Gitea has no address to give tokens back. */
  async end(cookie: string, requestId: string): Promise<void> {
    const session = await this.#transactor.stores.sessions.find(hashToken(cookie));
    if (session !== null) await this.#end(session, 'signed out', requestId);
  }

  async #end(session: StoredSession, why: string, requestId: string | null): Promise<void> {
    const { id, name } = session.person;
    await this.#transactor.transaction(async ({ sessions, audit }) => {
      await sessions.remove(session.idHash);
      await audit.append({
        action: 'session.ended',
        outcome: 'done',
        actor: { kind: 'person', id, name },
        subject: `session of ${name}`,
        detail: { why },
        requestId,
      });
    });
  }

  /** Refreshes are single flight per session: with two at once one could be told that its token was used before. */
  #token(idHash: string): Promise<string> {
    const running = this.#refreshing.get(idHash);
    if (running) return running;
    // Gitea takes a refresh token once: the next one is kept, though whoever asked has lost its lease meanwhile.
    const started = outsideLease(() => this.#currentToken(idHash)).finally(() =>
      this.#refreshing.delete(idHash),
    );
    this.#refreshing.set(idHash, started);
    return started;
  }

  async #currentToken(idHash: string): Promise<string> {
    const { sessions } = this.#transactor.stores;
    const session = await sessions.find(idHash);
    if (session === null) throw signedOut();
    if (session.accessExpiresAt.getTime() - this.#now().getTime() > refreshBefore) {
      return unseal(this.#key, `session:${idHash}:access`, session.accessToken);
    }
    if (session.refreshToken === null) {
      await this.#end(session, 'the token ended', null);
      throw signedOut();
    }
    try {
      const refreshToken = unseal(this.#key, `session:${idHash}:refresh`, session.refreshToken);
      const tokens = await this.#provider.refresh(refreshToken);
      const sealed = this.#sealTokens(idHash, {
        ...tokens,
        refreshToken: tokens.refreshToken ?? refreshToken,
      });
      await this.#transactor.transaction(({ sessions }) => sessions.updateTokens(idHash, sealed));
      return tokens.accessToken;
    } catch (error) {
      if (!(error instanceof GrantLost)) throw error;
      await this.#end(session, 'the grant was lost', null);
      throw signedOut();
    }
  }

  #sealTokens(
    idHash: string,
    tokens: UserTokens,
  ): Pick<StoredSession, 'accessToken' | 'refreshToken' | 'accessExpiresAt'> {
    const { accessToken, refreshToken, expiresAt } = tokens;
    return {
      accessToken: seal(this.#key, `session:${idHash}:access`, accessToken),
      refreshToken: refreshToken === null ? null : seal(this.#key, `session:${idHash}:refresh`, refreshToken),
      accessExpiresAt: expiresAt,
    };
  }
}
