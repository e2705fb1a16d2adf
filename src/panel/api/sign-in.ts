import { signal } from '@preact/signals';
import { apiPath, pageUserHeader } from '../../contract/address.ts';
import type { PageContext } from '../page/context.ts';
import { openConsent } from './consent-window.ts';

/** How a silent attempt ends. */
export type SignInOutcome = 'signed-in' | 'signed-out' | 'consent-needed' | 'unreachable';
export type SignInState = SignInOutcome | 'unknown';

/**
 * Signing in to the backend through Gitea, without a token ever reaching the page.
 *
 * One same-origin request follows Gitea's redirects; where it ends tells what is missing: the callback means
 * signed in, Gitea's consent page that the user has to agree once, its sign-in page that nobody is signed in.
 * Gitea keeps one nonce per grant, so only one flow may run at a time in a browser: hence the lock.
 */
export class SignIn {
  readonly state = signal<SignInState>('unknown');
  readonly #page: Pick<PageContext, 'base' | 'user' | 'signInUrl'>;
  #attempt: Promise<SignInOutcome> | null = null;

  constructor(page: Pick<PageContext, 'base' | 'user' | 'signInUrl'>) {
    this.#page = page;
    // A silent flow without anybody signed in would leave Gitea's redirect cookie behind.
    if (page.user === null) this.state.value = 'signed-out';
  }

  /** Where to sign in to Gitea itself. */
  get signInUrl(): string {
    return this.#page.signInUrl;
  }

  /** Tells that a request was answered as the page's user. */
  confirm(): void {
    this.state.value = 'signed-in';
  }

  /** Tries without asking the user. Calls at once share one attempt. Never rejects. */
  silently(): Promise<SignInOutcome> {
    if (this.#page.user === null) return Promise.resolve('signed-out');
    this.#attempt ??= oneAtATime(() => this.#silently())
      .catch((): SignInOutcome => 'unreachable')
      .then((outcome) => {
        this.#attempt = null;
        this.state.value = outcome;
        return outcome;
      });
    return this.#attempt;
  }

  /** Lets Gitea ask the user in a window of its own; call it from a click. */
  async withConsent(): Promise<'signed-in' | 'refused' | 'blocked'> {
    const opened = await openConsent(this.#url('auth/start'), this.#url('auth/callback'));
    if (!opened) return 'blocked';
    const session = await this.#session();
    this.state.value = session === 'signed-in' ? 'signed-in' : 'consent-needed';
    return session === 'signed-in' ? 'signed-in' : 'refused';
  }

  async #silently(): Promise<SignInOutcome> {
    // Another tab may have finished while this one waited for the lock.
    const before = await this.#session();
    if (before !== 'none') return before;
    let response: Response;
    try {
      response = await fetch(this.#url('auth/start'), { credentials: 'include' });
    } catch {
      // On an origin of its own the redirects to Gitea cannot be followed: the window does it.
      return 'consent-needed';
    }
    if (response.url.startsWith(this.#url('auth/callback'))) {
      const after = await this.#session();
      return after === 'none' ? 'consent-needed' : after;
    }
    if (response.url.startsWith(this.#url('auth/start'))) return 'unreachable';
    return new URL(response.url).pathname.endsWith('/user/login') ? 'signed-out' : 'consent-needed';
  }

  /** Whether the backend has a session of the page's user. */
  async #session(): Promise<'signed-in' | 'none' | 'unreachable'> {
    try {
      const headers = { accept: 'application/json', [pageUserHeader]: `${this.#page.user}` };
      const response = await fetch(this.#url(`${apiPath}/session`), { headers, credentials: 'include' });
      if (response.ok) return 'signed-in';
      return response.status >= 500 ? 'unreachable' : 'none';
    } catch {
      return 'unreachable';
    }
  }

  #url(path: string): string {
    return this.#page.base + path;
  }
}

function oneAtATime<T>(flow: () => Promise<T>): Promise<T> {
  if (!('locks' in navigator)) return flow();
  return navigator.locks.request('databricks-sign-in', flow) as Promise<T>;
}
