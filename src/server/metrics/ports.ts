import type { BoundRepository } from '../permission/bound-repository.ts';

/** Port: what production's alias points to now. null: nothing was released yet. */
export interface Champions {
  current(repository: BoundRepository, modelKey: string): Promise<{ version: number } | null>;
}

/** Frozen metrics of a finished run. */
export interface MeasuredRun {
  id: string;
  commit: string;
  metrics: Record<string, number | null>;
}

/** Port: finished runs with frozen metrics, of trusted code only. null: there is none. */
export interface MeasuredRuns {
  ofVersion(repositoryId: number, modelKey: string, version: number): Promise<MeasuredRun | null>;
  /** The newest succeeded run of this commit, or of a commit that is known to have the same files. */
  ofCommit(repositoryId: number, commit: string): Promise<MeasuredRun | null>;
}

/** Port: history of the forge. */
export interface FirstParents {
  /** The commit and its first-parent ancestors, newest first, at most `limit`. */
  firstParents(repository: BoundRepository, commit: string, limit: number): Promise<string[]>;
}
