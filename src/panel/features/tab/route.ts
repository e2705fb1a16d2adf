/** What the tab shows; lives in the address's hash, so that a link leads to it and the browser's way back works. */
export type Route =
  | { view: 'runs' }
  | { view: 'run'; id: string }
  | { view: 'compare'; ids: string[] }
  | { view: 'models' }
  | { view: 'releases' }
  | { view: 'audit' };

/** How many runs stand beside each other at most. */
export const comparable = 3;

/** Reads `#/runs/{id}` and `#/compare/{id},{id}`; whatever is not understood shows the runs. */
export function routeOf(hash: string): Route {
  const [, view, id] = hash.split('/');
  if (view === 'runs' && id) return { view: 'run', id: decode(id) };
  if (view === 'compare' && id) {
    const ids = [...new Set(id.split(',').filter(Boolean).map(decode))].slice(0, comparable);
    if (ids.length > 0) return { view: 'compare', ids };
  }
  if (view === 'models' || view === 'releases' || view === 'audit') return { view };
  return { view: 'runs' };
}

/** The address of a view, for links. */
export function hashOf(route: Route): string {
  if (route.view === 'run') return `#/runs/${encodeURIComponent(route.id)}`;
  if (route.view === 'compare') return `#/compare/${route.ids.map(encodeURIComponent).join(',')}`;
  return `#/${route.view}`;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
