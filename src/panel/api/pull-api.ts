import type { MetricHistory } from '../../contract/metric.ts';
import type { PullView } from '../../contract/pull.ts';
import type { RepositoryView } from '../../contract/repository.ts';
import type { TrainRequest } from '../../contract/run.ts';
import type { Backend } from './backend.ts';

/** What the pull request's parts and the sidebar ask of one repository, a method per route. */
export class PullApi {
  protected readonly backend: Backend;
  protected readonly root: string;

  constructor(backend: Backend, repository: number) {
    this.backend = backend;
    this.root = `repositories/${repository}`;
  }

  repository(signal?: AbortSignal): Promise<RepositoryView> {
    return this.backend.get(this.root, { signal });
  }

  pull(index: number, signal?: AbortSignal): Promise<PullView> {
    return this.backend.get(`${this.root}/pulls/${index}`, { signal });
  }

  /** Metrics over steps. */
  history(run: string, metrics: readonly string[], signal?: AbortSignal): Promise<MetricHistory> {
    const query = { metrics: metrics.join(',') };
    return this.backend.get(`${this.root}/runs/${segment(run)}/history`, { query, signal });
  }

  /** Starts a run; for a fork's pull request this is the approval of that commit. */
  train(request: TrainRequest): Promise<unknown> {
    return this.backend.post(`${this.root}/runs`, request);
  }

  cancel(run: string): Promise<unknown> {
    return this.backend.post(`${this.root}/runs/${segment(run)}/cancel`);
  }

  retry(run: string): Promise<unknown> {
    return this.backend.post(`${this.root}/runs/${segment(run)}/retry`);
  }
}

/** A value as one path segment: run ids and task keys come from elsewhere. */
export function segment(value: string): string {
  return encodeURIComponent(value);
}
