import type { Method } from './failed-answer.ts';

/** Calls that share a limit at Databricks, and so a budget here. */
export type ApiFamily =
  | 'jobs-read'
  | 'jobs-write'
  | 'mlflow-search'
  | 'mlflow-read'
  | 'mlflow-write'
  | 'registry'
  | 'serving'
  | 'files'
  | 'tokens';

export interface Rate {
  /** Calls per second in the long run. */
  perSecond: number;
  /** Calls at once after a rest. In any second at most `burst + perSecond` calls go out. */
  burst: number;
}

/**
 * What goes out to one workspace from one backend: about half of what Databricks takes, for others use the workspace,
 * too, and two backends may talk to it. Published: MLflow search 7/s and log-batch 47/s per workspace, 10,000 jobs
 * created per hour. Measured by others: run-now 20/s, runs/submit 35/s, runs/get 100/s, workspace import 30/s. The rest
 * is not told; a 429 slows down whatever was too fast (docs.databricks.com, "Resource limits").
 */
export const rates: Readonly<Record<ApiFamily, readonly Rate[]>> = {
  'jobs-read': [{ perSecond: 30, burst: 20 }],
  // The hour's limit holds beside the second's: 2,500 + 3,600 × 1.9 < 10,000.
  'jobs-write': [
    { perSecond: 8, burst: 6 },
    { perSecond: 1.9, burst: 2_500 },
  ],
  'mlflow-search': [{ perSecond: 3.5, burst: 2 }],
  'mlflow-read': [{ perSecond: 30, burst: 20 }],
  'mlflow-write': [{ perSecond: 10, burst: 10 }],
  registry: [{ perSecond: 15, burst: 15 }],
  serving: [{ perSecond: 10, burst: 10 }],
  files: [{ perSecond: 15, burst: 10 }],
  tokens: [{ perSecond: 40, burst: 40 }],
};

/** Which budget a call takes from. @param path of the workspace's REST API, without its query */
export function familyOf(method: Method, path: string): ApiFamily {
  const reads = method === 'GET' || method === 'HEAD';
  if (/^\/api\/2\.\d\/jobs\//.test(path)) return reads ? 'jobs-read' : 'jobs-write';
  if (path.startsWith('/api/2.0/serving-endpoints')) return 'serving';
  if (/^\/api\/2\.1\/unity-catalog\/|^\/api\/2\.0\/fs\/files\/Models\//.test(path)) return 'registry';
  if (/^\/api\/2\.0\/workspace/.test(path)) return 'files';
  if (/^\/api\/2\.0\/mlflow\/.*\/search$/.test(path)) return 'mlflow-search';
  return reads ? 'mlflow-read' : 'mlflow-write';
}
