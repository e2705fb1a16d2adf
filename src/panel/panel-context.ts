import { Backend } from './api/backend.ts';
import { RepositoryApi } from './api/repository-api.ts';
import { SignIn } from './api/sign-in.ts';
import { Live } from './live/live.ts';
import type { PageContext } from './page/context.ts';

/** What every feature gets: the page, the way to the backend and the changes that it announces. */
export interface PanelContext {
  page: PageContext;
  signIn: SignIn;
  api: RepositoryApi;
  live: Live;
}

/** Makes the services of one page. They stop when the signal aborts. */
export function createPanelContext(page: PageContext, signal: AbortSignal): PanelContext {
  const signIn = new SignIn(page);
  const backend = new Backend(page, signIn);
  return {
    page,
    signIn,
    api: new RepositoryApi(backend, page.repository.id),
    live: new Live(page, signIn, signal),
  };
}
