/** Kinds of pages that the templates name in `data-page`. */
export const pageKinds = ['tab', 'pull-conversation', 'pull-commits', 'pull-files', 'code'] as const;
export type PageKind = (typeof pageKinds)[number];

/** What Gitea's templates say about the page, read from `#databricks-context`. */
export interface PageContext {
  kind: PageKind;
  /** Public URL of the backend, absolute, with a slash at the end. */
  base: string;
  repository: { id: number; fullName: string; link: string };
  /** Index of the pull request; null on other pages. */
  pull: number | null;
  /** Gitea's id of the user whom the page shows as signed in; null: nobody. */
  user: number | null;
  /** Where to sign in to Gitea and come back here. */
  signInUrl: string;
}

/** The page's context, or null where the panel has no business: no element, another page, values missing. */
export function readContext(document: Document): PageContext | null {
  const element = document.getElementById('databricks-context');
  return element === null ? null : contextOf(element.dataset, document.location ?? location);
}

/** Pure part of `readContext`: from data attributes and the page's address. */
export function contextOf(
  data: Readonly<Record<string, string | undefined>>,
  location: Pick<Location, 'href' | 'pathname' | 'search' | 'hash'>,
): PageContext | null {
  const kind = pageKinds.find((known) => known === data.page);
  const id = wholeNumber(data.repository);
  if (kind === undefined || id === null) return null;
  const pull = wholeNumber(data.pull);
  if (kind.startsWith('pull-') && pull === null) return null;
  const base = new URL(data.base || '/-/databricks/', location.href).href;
  const back = encodeURIComponent(location.pathname + location.search + location.hash);
  return {
    kind,
    base: base.endsWith('/') ? base : `${base}/`,
    repository: { id, fullName: data.repositoryName ?? '', link: data.repositoryLink ?? '' },
    pull,
    user: wholeNumber(data.user),
    signInUrl: `${data.signIn || '/user/login'}?redirect_to=${back}`,
  };
}

function wholeNumber(text: string | undefined): number | null {
  return text !== undefined && /^[1-9]\d*$/.test(text) ? Number(text) : null;
}
