import type { BoundRepository } from '../permission/bound-repository.ts';

/** A run's page in the panel: absolute. */
export const runUrl = (repository: BoundRepository, runId: string): string =>
  `${repository.url}?tab=databricks#/runs/${runId}`;
