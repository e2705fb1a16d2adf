import type { Seen } from './flow.ts';

/**
 * What Databricks takes in a second, from its documentation (MLflow) and from measurements (jobs, workspace files);
 * written down here once more, since a test that reads the product's own table would believe its mistakes.
 */
export const limits: Readonly<Record<string, number>> = {
  'mlflow search': 7,
  'mlflow other': 47,
  'jobs read': 100,
  'jobs write': 20,
  'workspace files': 30,
};

export function familyOf({ method, path }: Pick<Seen, 'method' | 'path'>): string {
  if (/^\/api\/2\.\d\/jobs\//.test(path)) return method === 'GET' ? 'jobs read' : 'jobs write';
  if (/^\/api\/2\.0\/mlflow\/.*search$/.test(path)) return 'mlflow search';
  if (path.startsWith('/api/2.0/mlflow/')) return 'mlflow other';
  if (path.startsWith('/api/2.0/workspace')) return 'workspace files';
  if (path.startsWith('/oidc/') || path.startsWith('/.well-known/')) return 'tokens';
  return path.split('/').slice(1, 4).join('/');
}

/** By family: the most requests that came within any second of simulated time. */
export function mostInASecond(seen: readonly Seen[]): Map<string, number> {
  const most = new Map<string, number>();
  for (const [family, some] of Map.groupBy(seen, familyOf)) {
    let first = 0;
    let highest = 0;
    for (const [last, { at }] of some.entries()) {
      while ((some[first]?.at ?? at) <= at - 1_000) first += 1;
      highest = Math.max(highest, last - first + 1);
    }
    most.set(family, highest);
  }
  return most;
}
