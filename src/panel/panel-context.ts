import { Backend } from './api/backend.ts';
import { PullApi } from './api/pull-api.ts';
import type { RepositoryApi } from './api/repository-api.ts';
import { SignIn } from './api/sign-in.ts';
import { Live } from './live/live.ts';
import type { PageContext } from './page/context.ts';

/** The services of one page: the way to the backend and the changes that it announces. */
export interface PageServices {
  page: PageContext;
  signIn: SignIn;
  backend: Backend;
  api: PullApi;
  live: Live;
}

/** What the tab gets: the same with the whole API. */
export interface PanelContext extends PageServices {
  api: RepositoryApi;
}

/** Makes the services of one page. They stop when the signal aborts. */
export function createServices(page: PageContext, signal: AbortSignal): PageServices {
  const signIn = new SignIn(page);
  const backend = new Backend(page, signIn);
  return {
    page,
    signIn,
    backend,
    api: new PullApi(backend, page.repository.id),
    live: new Live(page, signIn, signal, backend.unrefused),
  };
}
