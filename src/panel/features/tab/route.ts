/** What the tab shows; lives in the address's hash, so that a link leads to it and the browser's way back works. */
export type Route =
  | { view: 'runs' }
  | { view: 'run'; id: string }
  | { view: 'models' }
  | { view: 'releases' }
  | { view: 'audit' };

/** Reads `#/runs/{id}`; whatever is not understood shows the runs. */
export function routeOf(hash: string): Route {
  const [, view, id] = hash.split('/');
  if (view === 'runs' && id) return { view: 'run', id: decode(id) };
  if (view === 'models' || view === 'releases' || view === 'audit') return { view };
  return { view: 'runs' };
}

/** The address of a view, for links. */
export function hashOf(route: Route): string {
  return route.view === 'run' ? `#/runs/${encodeURIComponent(route.id)}` : `#/${route.view}`;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
