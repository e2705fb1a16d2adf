import type { Actor } from '../audit/entry.ts';
import { isPastTimeout, isPatient } from './patience.ts';
import type { Run, RunChange } from './ports.ts';

/** What is known when something happens to a run. */
export interface Facts {
  /** What is written with it. */
  change: RunChange;
  actor: Actor;
  at: Date;
  /** The pull request that does not need the run any more; undefined where none is the reason. */
  pull?: number;
}

/** A condition of a transition: a pure question about the run and the facts, and the sentence that it stands for. */
export interface Guard {
  says: string;
  holds: (run: Run, facts: Facts) => boolean;
}

const guard = (says: string, holds: Guard['holds']): Guard => ({ says, holds });

export const guards = {
  ofFork: guard('It is of a fork.', (run) => run.trust === 'fork'),
  /** A job runs with the rights of the repository (hazard 6). */
  mayStart: guard(
    'A fork’s commit never starts a job.',
    (run) => run.trust === 'base' || run.configuration.train.kind === 'entry',
  ),
  byPerson: guard('A person did it.', (_run, { actor }) => actor.kind === 'person'),
  notUploaded: guard('Its files were not uploaded before.', (run) => run.snapshot === null),
  uploaded: guard(
    'Its snapshot is complete, and its experiment is there.',
    (run, { change }) =>
      (change.snapshot ?? run.snapshot) !== null && (change.experimentId ?? run.experimentId) !== null,
  ),
  notStarted: guard('It was not started before.', (run) => run.databricksRunId === null),
  hasRemote: guard(
    'Databricks has given it an id.',
    (run, { change }) => (change.databricksRunId ?? run.databricksRunId) !== null,
  ),
  hasResult: guard(
    'Its MLflow run and metrics are frozen with it: no result is never a success.',
    (_run, { change }) => (change.mlflowRunId ?? null) !== null && (change.metrics ?? null) !== null,
  ),
  saysWhy: guard('It says why.', (_run, { change }) => Boolean(change.stateReason)),
  pastTimeout: guard('It was taken up longer ago than train.timeout.', (run, { at }) =>
    isPastTimeout(run, at),
  ),
  outOfPatience: guard('It was tried for as long as it may be.', (run, { at }) => !isPatient(run, at)),
  notPushed: guard('It was not made by a push to the production branch.', (run) => run.trigger !== 'push'),
  neededByNone: guard(
    'No other pull request needs it.',
    (run, { pull }) => pull === undefined || run.pulls.every(({ index }) => index === pull),
  ),
} as const satisfies Record<string, Guard>;
