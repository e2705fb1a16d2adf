import type { AuditList } from '../../contract/audit.ts';
import type { MetricHistory } from '../../contract/metric.ts';
import type { PullView } from '../../contract/pull.ts';
import type {
  ModelList,
  PlanRequest,
  Release,
  ReleaseList,
  ReleasePlan,
  ReleaseRequest,
} from '../../contract/release.ts';
import type { RepositoryView } from '../../contract/repository.ts';
import type { RunDetail, RunList, TaskOutput, TrainRequest } from '../../contract/run.ts';
import type { Backend } from './backend.ts';

/** Filters of `GET …/runs`; undefined ones are left out. */
export interface RunQuery {
  state?: string;
  branch?: string;
  pull?: number;
  query?: string;
  sort?: string;
  order?: 'asc' | 'desc';
  cursor?: string;
  limit?: number;
}

/** The API of one repository, a method per route. Answers are those of `src/contract`. */
export class RepositoryApi {
  readonly #backend: Backend;
  readonly #root: string;

  constructor(backend: Backend, repository: number) {
    this.#backend = backend;
    this.#root = `repositories/${repository}`;
  }

  repository(signal?: AbortSignal): Promise<RepositoryView> {
    return this.#backend.get(this.#root, { signal });
  }

  pull(index: number, signal?: AbortSignal): Promise<PullView> {
    return this.#backend.get(`${this.#root}/pulls/${index}`, { signal });
  }

  runs(query: RunQuery = {}, signal?: AbortSignal): Promise<RunList> {
    return this.#backend.get(`${this.#root}/runs`, { query: { ...query }, signal });
  }

  run(id: string, signal?: AbortSignal): Promise<RunDetail> {
    return this.#backend.get(`${this.#root}/runs/${segment(id)}`, { signal });
  }

  /** Metrics over steps. */
  history(run: string, metrics: readonly string[], signal?: AbortSignal): Promise<MetricHistory> {
    const query = { metrics: metrics.join(',') };
    return this.#backend.get(`${this.#root}/runs/${segment(run)}/history`, { query, signal });
  }

  taskOutput(run: string, task: string, signal?: AbortSignal): Promise<TaskOutput> {
    return this.#backend.get(`${this.#root}/runs/${segment(run)}/tasks/${segment(task)}/output`, { signal });
  }

  /** Starts a run; for a fork's pull request this is the approval of that commit. */
  train(request: TrainRequest): Promise<unknown> {
    return this.#backend.post(`${this.#root}/runs`, request);
  }

  cancel(run: string): Promise<unknown> {
    return this.#backend.post(`${this.#root}/runs/${segment(run)}/cancel`);
  }

  retry(run: string): Promise<unknown> {
    return this.#backend.post(`${this.#root}/runs/${segment(run)}/retry`);
  }

  models(signal?: AbortSignal): Promise<ModelList> {
    return this.#backend.get(`${this.#root}/models`, { signal });
  }

  /** What a release would do; changes nothing. */
  plan(model: string, request: PlanRequest, signal?: AbortSignal): Promise<ReleasePlan> {
    return this.#backend.post(`${this.#root}/models/${segment(model)}/plans`, request, signal);
  }

  /** Executes the plan with this digest; rejects with `plan-outdated` and the fresh plan when it changed. */
  release(model: string, request: ReleaseRequest): Promise<Release> {
    return this.#backend.post(`${this.#root}/models/${segment(model)}/releases`, request);
  }

  releases(signal?: AbortSignal): Promise<ReleaseList> {
    return this.#backend.get(`${this.#root}/releases`, { signal });
  }

  /** Carries a half-done release to its end. */
  finish(release: string): Promise<Release> {
    return this.#backend.post(`${this.#root}/releases/${segment(release)}/finish`);
  }

  /** Takes a half-done release back. */
  undo(release: string): Promise<Release> {
    return this.#backend.post(`${this.#root}/releases/${segment(release)}/undo`);
  }

  /** Lets automatic promotion happen again. */
  liftHold(model: string): Promise<unknown> {
    return this.#backend.post(`${this.#root}/models/${segment(model)}/hold/lift`);
  }

  audit(
    query: { cursor?: string; limit?: number; action?: string } = {},
    signal?: AbortSignal,
  ): Promise<AuditList> {
    return this.#backend.get(`${this.#root}/audit`, { query, signal });
  }
}

/** A value as one path segment: run ids and task keys come from elsewhere. */
function segment(value: string): string {
  return encodeURIComponent(value);
}
