import type { Gate } from '../../contract/metric.ts';
import type { Person } from '../../contract/person.ts';
import type { RunState } from '../../contract/run.ts';
import type { AuditLog } from '../audit/entry.ts';
import type { Act } from '../identity/role.ts';
import type { OutboxStore } from '../outbox/ports.ts';
import type { BoundRepository } from '../permission/bound-repository.ts';
import type { Endpoint, ServedVersion } from './endpoint.ts';
import type { ReleaseState, Step, StoredRelease } from './release.ts';
import type { Signature } from './signature.ts';

/** A version as Unity Catalog lists it. */
export interface RegisteredVersion {
  version: number;
  status: 'pending' | 'ready' | 'failed';
  /** MLflow run that registered it. */
  run: string | null;
  createdAt: string;
}

/** Port: the registry and the endpoints of a binding's workspace. Calls with an act go as the releaser. */
export interface ReleaseTarget {
  versions(repository: BoundRepository, model: string): Promise<RegisteredVersion[]>;
  /** alias → version */
  aliases(repository: BoundRepository, model: string): Promise<Record<string, number>>;
  signature(repository: BoundRepository, model: string, version: number): Promise<Signature | null>;
  /** null: there is no such endpoint. @param model whose versions are looked for among what it serves */
  endpoint(repository: BoundRepository, name: string, model: string): Promise<Endpoint | null>;
  setAlias(
    repository: BoundRepository,
    model: string,
    alias: string,
    version: number,
    act: Act,
  ): Promise<void>;
  removeAlias(repository: BoundRepository, model: string, alias: string, act: Act): Promise<void>;
  route(
    repository: BoundRepository,
    endpoint: string,
    model: string,
    served: readonly ServedVersion[],
    act: Act,
  ): Promise<void>;
}

/** Port: releases, their steps, the holds and what merges came to. */
export interface ReleaseStore {
  insert(release: StoredRelease): Promise<void>;
  find(repository: number, id: string): Promise<StoredRelease | null>;
  /** Newest first. */
  list(repository: number, model?: string): Promise<StoredRelease[]>;
  /** How many releases of a model and alias there were, whatever became of them. */
  count(modelName: string, alias: string): Promise<number>;
  /**
   * A backup was put in the store's place, and nobody has released this registered model since. What was found in
   * production was not released, nor what failed or was undone.
   */
  isUnreleasedSinceRestore(modelName: string, alias: string): Promise<boolean>;
  /** Running or half done, of this registered model and alias, whichever repository started it. */
  unfinished(modelName: string, alias: string): Promise<StoredRelease | null>;
  running(): Promise<StoredRelease[]>;
  setStep(id: string, position: number, step: Step): Promise<void>;
  setState(
    id: string,
    change: {
      state: ReleaseState;
      is?: StoredRelease['is'];
      error?: string | null;
      endedAt?: string | null;
      requester?: StoredRelease['requester'];
    },
  ): Promise<void>;
  /** By full name and alias: a rollback sticks whichever repository it was started from. */
  hold(modelName: string, alias: string): Promise<StoredHold | null>;
  setHold(hold: StoredHold): Promise<void>;
  /** @returns the hold that was there */
  liftHold(modelName: string, alias: string): Promise<StoredHold | null>;
  /** When a backup was last put in the store's place: of releases before it not all are known. null: never */
  restoredAt(): Promise<string | null>;
  decision(repository: number, pull: number): Promise<PromotionDecision | null>;
  decide(decision: PromotionDecision): Promise<void>;
}

export interface StoredHold {
  modelName: string;
  alias: string;
  since: string;
  by: Person;
  reason: string | null;
  release: string;
}

export interface PromotionDecision {
  repository: number;
  pull: number;
  outcome: 'promoted' | 'not-promoted';
  reason: string;
  release: string | null;
  decidedAt: string;
}

/** What a release wants to know about a training run; frozen values only. */
export interface TrainedVersion {
  run: string;
  number: number;
  title: string;
  state: RunState;
  trust: 'base' | 'fork';
  commit: string;
  branch: string | null;
  model: string | null;
  version: number | null;
  /** The pull request it was released through, else the first one it was trained for; null: pushed to the branch. */
  pull: number | null;
  /** All pull requests whose head it was. */
  pulls: number[];
  /** Pushed to the branch itself, or one of its pull requests was merged, as far as we heard. A plan asks Gitea. */
  merged: boolean;
  /** Version that the verdict compared with; null: no champion then. */
  judgedAgainst: number | null;
  outcome: 'pass' | 'fail' | 'no-baseline' | null;
  verdictTitle: string | null;
  metrics: Record<string, number | null>;
  primary: string;
  gates: Gate[];
  onMerge: 'promote' | 'none';
}

/** Port: training runs as the registry reads them. */
export interface TrainedVersions {
  /** version → run, of one model. */
  byVersion(repository: number, model: string): Promise<Map<number, TrainedVersion>>;
  /** The run that speaks for this commit (training/decisive-run.ts). */
  forMerge(repository: number, pull: number, commit: string): Promise<TrainedVersion | null>;
  /** The newest run of a pull request as committed, whichever its commit: experiments hold up no merge. */
  latestOfPull(repository: number, pull: number): Promise<TrainedVersion | null>;
  /** "run 44 trains 8e21b7d" */
  active(repository: number): Promise<string[]>;
}

/**
 * Port: gates and release rule of the repository configuration as it is now: what was trained before a gate was
 * tightened is judged by the tighter one. null: the file is missing or invalid, then the run's own count.
 */
export type CurrentRules = (
  repository: BoundRepository,
) => Promise<{ onMerge: 'promote' | 'none'; gates: Gate[]; primary: string } | null>;

/** Port: what Gitea says about a pull request now. */
export interface MergedPulls {
  pull(
    repository: BoundRepository,
    index: number,
  ): Promise<{
    merged: boolean;
    mergedInto: string;
    head: string;
    fork: boolean;
    title: string;
    url: string;
    mergedBy: Person | null;
    /** ISO 8601. */
    mergedAt: string | null;
  } | null>;
  /** Official approvals of this commit that are neither stale nor dismissed, and how many the branch asks for. */
  approvals(
    repository: BoundRepository,
    index: number,
    commit: string,
  ): Promise<{ branchProtected: boolean; required: number; counted: string[] }>;
}

/** Port: what workspaces answered last, by what was asked. */
export interface AnswerStore {
  find(key: string): Promise<{ value: unknown; readAt: string } | null>;
  /** @param answer its value is JSON; `readAt` is ISO 8601 */
  save(key: string, answer: { value: unknown; readAt: string }): Promise<void>;
}

export interface RegistryStores {
  releases: ReleaseStore;
  answers: AnswerStore;
  outbox: Pick<OutboxStore, 'enqueue'>;
  audit: AuditLog;
}
