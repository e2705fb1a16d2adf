import type { ForgeContext } from '../context.ts';
import { permission } from '../repository/permission.ts';
import type { Access, RepositoryRow, UserRow } from '../store/rows.ts';

/** Who looks at which address: what every page is made from. */
export interface Viewer {
  readonly forge: ForgeContext;
  readonly user: UserRow | undefined;
  /** Path below the sub-path, with the query. */
  readonly url: string;
  /** Path of the root address without a slash at its end; '' on a host of its own (Gitea's AppSubUrl). */
  readonly subUrl: string;
  /** Allows the page's own inline scripts (1.27's policy). */
  readonly nonce: string;
  /** When the request came, in milliseconds: the footer tells how long the page took. */
  readonly started: number;
}

/** Gitea's AppSubUrl for a root address. */
export function subUrlOf(rootUrl: string): string {
  return new URL(rootUrl).pathname.replace(/\/$/, '');
}

/** The viewer's access to a repository's unit, by its name in Gitea's API. */
export function accessOf(viewer: Viewer, repository: RepositoryRow, unit?: string): Access {
  return permission(viewer.forge, viewer.user, repository, unit);
}
