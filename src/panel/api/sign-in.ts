import type { PageContext } from '../page/context.ts';

/** How a silent attempt ends. */
export type SignInOutcome = 'signed-in' | 'signed-out' | 'consent-needed' | 'unreachable';

/**
 * Signing in to the backend through Gitea, without a token ever reaching the page. How that goes is in
 * `sign-in-flow.ts`, fetched when there is no session: most pages find one.
 */
export class SignIn {
  readonly #page: Pick<PageContext, 'base' | 'user' | 'signInUrl'>;
  #attempt: Promise<SignInOutcome> | null = null;

  constructor(page: Pick<PageContext, 'base' | 'user' | 'signInUrl'>) {
    this.#page = page;
  }

  /** Where to sign in to Gitea itself. */
  get signInUrl(): string {
    return this.#page.signInUrl;
  }

  /** Tries without asking the user. Calls at once share one attempt. Never rejects. */
  silently(): Promise<SignInOutcome> {
    // A silent flow without anybody signed in would leave Gitea's redirect cookie behind.
    if (this.#page.user === null) return Promise.resolve('signed-out');
    this.#attempt ??= import('./sign-in-flow.ts')
      .then(({ signInSilently }) => signInSilently(this.#page))
      // The flow's own chunk could not be fetched: as unreachable as the backend.
      .catch(() => 'unreachable' as const)
      .finally(() => {
        this.#attempt = null;
      });
    return this.#attempt;
  }

  /** Lets Gitea ask the user in a window of its own; call it from a click. Never rejects. */
  withConsent(): Promise<'signed-in' | 'refused' | 'blocked'> {
    return import('./sign-in-flow.ts')
      .then(({ signInWithConsent }) => signInWithConsent(this.#page))
      .catch(() => 'refused' as const);
  }
}
