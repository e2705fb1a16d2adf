import type { AuditList } from '../../contract/audit.ts';
import type { ParkedList, ParkedMessage } from '../../contract/outbox.ts';
import type {
  ModelList,
  PlanRequest,
  Release,
  ReleaseList,
  ReleasePlan,
  ReleaseRequest,
} from '../../contract/release.ts';
import type { RunDetail, RunList, RunQuery, TaskOutput } from '../../contract/run.ts';
import { PullApi, segment } from './pull-api.ts';

/** The rest of one repository's API, which the tab uses. Answers are those of `src/contract`. */
export class RepositoryApi extends PullApi {
  runs(query: RunQuery = {}, signal?: AbortSignal): Promise<RunList> {
    return this.backend.get(`${this.root}/runs`, { query: { ...query }, signal });
  }

  run(id: string, signal?: AbortSignal): Promise<RunDetail> {
    return this.backend.get(`${this.root}/runs/${segment(id)}`, { signal });
  }

  taskOutput(run: string, task: string, signal?: AbortSignal): Promise<TaskOutput> {
    return this.backend.get(`${this.root}/runs/${segment(run)}/tasks/${segment(task)}/output`, { signal });
  }

  models(signal?: AbortSignal): Promise<ModelList> {
    return this.backend.get(`${this.root}/models`, { signal });
  }

  /** What a release would do; changes nothing. */
  plan(model: string, request: PlanRequest, signal?: AbortSignal): Promise<ReleasePlan> {
    return this.backend.post(`${this.root}/models/${segment(model)}/plans`, request, signal);
  }

  /** Executes the plan with this digest; rejects with `plan-outdated` and the fresh plan when it changed. */
  release(model: string, request: ReleaseRequest): Promise<Release> {
    return this.backend.post(`${this.root}/models/${segment(model)}/releases`, request);
  }

  /** One release with its steps as they stand. */
  releaseOf(id: string, signal?: AbortSignal): Promise<Release> {
    return this.backend.get(`${this.root}/releases/${segment(id)}`, { signal });
  }

  releases(signal?: AbortSignal): Promise<ReleaseList> {
    return this.backend.get(`${this.root}/releases`, { signal });
  }

  /** Carries a half-done release to its end. */
  finish(release: string): Promise<Release> {
    return this.backend.post(`${this.root}/releases/${segment(release)}/finish`);
  }

  /** Takes a half-done release back. */
  undo(release: string): Promise<Release> {
    return this.backend.post(`${this.root}/releases/${segment(release)}/undo`);
  }

  /** Lets automatic promotion happen again. */
  liftHold(model: string): Promise<unknown> {
    return this.backend.post(`${this.root}/models/${segment(model)}/hold/lift`);
  }

  /** What could not be delivered; for administrators of the repository. */
  parked(signal?: AbortSignal): Promise<ParkedList> {
    return this.backend.get(`${this.root}/outbox/parked`, { signal });
  }

  /** Sends a message once more. */
  retryMessage(id: string): Promise<ParkedMessage> {
    return this.backend.post(`${this.root}/outbox/${segment(id)}/retry`);
  }

  audit(query: { cursor?: string; limit?: number } = {}, signal?: AbortSignal): Promise<AuditList> {
    return this.backend.get(`${this.root}/audit`, { query, signal });
  }
}
