import { apiPath, pageUserHeader } from '../../contract/address.ts';
import type { PageContext } from '../page/context.ts';
import { openConsent } from './consent-window.ts';
import type { SignInOutcome } from './sign-in.ts';

type Page = Pick<PageContext, 'base' | 'user'>;

/**
 * One same-origin request follows Gitea's redirects; where it ends tells what is missing: the callback means
 * signed in, Gitea's consent page that the user has to agree once, its sign-in page that nobody is signed in.
 * Gitea keeps one nonce per grant, so only one flow may run at a time in a browser: hence the lock.
 */
export function signInSilently(page: Page): Promise<SignInOutcome> {
  // Missing on plain http.
  const locks = navigator.locks as LockManager | undefined;
  if (!locks) return attempt(page);
  return locks.request('databricks-sign-in', () => attempt(page)) as Promise<SignInOutcome>;
}

/** Lets Gitea ask the user in a window of its own. */
export async function signInWithConsent(page: Page): Promise<'signed-in' | 'refused' | 'blocked'> {
  const opened = await openConsent(`${page.base}auth/start?mode=popup`, `${page.base}auth/callback`);
  if (!opened) return 'blocked';
  return (await sessionOf(page)) === 'signed-in' ? 'signed-in' : 'refused';
}

async function attempt(page: Page): Promise<SignInOutcome> {
  // Another tab may have finished while this one waited for the lock.
  const before = await sessionOf(page);
  if (before !== 'none') return before;
  let response: Response;
  try {
    response = await fetch(`${page.base}auth/start`, { credentials: 'include' });
  } catch {
    // On an origin of its own the redirects to Gitea cannot be followed: the window does it.
    return 'consent-needed';
  }
  if (response.url.startsWith(`${page.base}auth/callback`)) {
    const after = await sessionOf(page);
    return after === 'none' ? 'consent-needed' : after;
  }
  if (response.url.startsWith(`${page.base}auth/start`)) return 'unreachable';
  return new URL(response.url).pathname.endsWith('/user/login') ? 'signed-out' : 'consent-needed';
}

/** Whether the backend has a session of the page's user. */
async function sessionOf(page: Page): Promise<'signed-in' | 'none' | 'unreachable'> {
  try {
    const headers = { accept: 'application/json', [pageUserHeader]: `${page.user}` };
    const response = await fetch(`${page.base}${apiPath}/session`, { headers, credentials: 'include' });
    if (response.ok) return 'signed-in';
    return response.status >= 500 ? 'unreachable' : 'none';
  } catch {
    return 'unreachable';
  }
}
