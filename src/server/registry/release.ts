import type { Person } from '../../contract/person.ts';
import type { Release, ReleaseKind } from '../../contract/release.ts';
import type { Announcer } from '../events/announcer.ts';
import type { ServedVersion } from './endpoint.ts';
import type { ReleaseRequester } from './requester.ts';

export type ReleaseState = Release['state'];
export type StepName = Release['steps'][number]['name'];
export type StepState = Release['steps'][number]['state'];

/** One recorded step. */
export interface Step {
  name: StepName;
  state: StepState;
  from: string;
  to: string;
  detail: string | null;
  endedAt: string | null;
}

/** A release as it is stored: enough to resume it after a crash, to finish it or to undo it. */
export interface StoredRelease {
  id: string;
  repository: number;
  model: string;
  modelName: string;
  alias: string;
  endpoint: string | null;
  kind: ReleaseKind;
  fromVersion: number | null;
  toVersion: number;
  state: ReleaseState;
  actor: Person | null;
  /** Who asked for what is under way; null: it was found at Databricks. */
  requester: ReleaseRequester | null;
  reason: string | null;
  pull: number | null;
  commit: string | null;
  approvals: string[];
  planDigest: string | null;
  run: string | null;
  /** What the endpoint served before. */
  endpointBefore: ServedVersion[] | null;
  is: { alias: number | null; traffic: number | null } | null;
  error: string | null;
  steps: Step[];
  createdAt: string;
  endedAt: string | null;
}

/** "promotion of wine v13" */
export function describeRelease(release: Pick<StoredRelease, 'kind' | 'model' | 'toVersion'>): string {
  return `${release.kind} of ${release.model} v${release.toVersion}`;
}

/** Tells viewers that the release is another than they saw. */
export function announceRelease(announcer: Announcer, release: StoredRelease): void {
  announcer.announce({
    repository: release.repository,
    kind: 'release',
    id: release.id,
    pulls: release.pull === null ? [] : [release.pull],
  });
}
