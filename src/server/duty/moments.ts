import { channel } from 'node:diagnostics_channel';

/**
 * Moments at which the process may be lost with the most at stake. Nobody listens in production; the fault tests
 * subscribe by `--import` and kill the process there (test/faults), which is why every name has at least one test.
 */
export const moments = [
  /** The delivery's row is written, its transaction not committed. */
  'delivery.storing',
  /** Committed, and Gitea not answered yet. */
  'delivery.stored',
  /** Acted upon, and not yet marked so. */
  'delivery.handled',
  /** The new run is written, its transaction not committed. */
  'run.creating',
  /** Committed. */
  'run.created',
  /** A transition with its audit entry and outbox rows is written, its transaction not committed. */
  'run.changing',
  /** Committed, and nobody told. */
  'run.changed',
  /** Some files of the snapshot are uploaded, its marker is not. */
  'snapshot.half',
  /** The marker is there, too, and nothing recorded. */
  'snapshot.uploaded',
  /** Databricks is about to be asked to start the run. */
  'run.submitting',
  /** Databricks has started the run, and its id is not recorded. */
  'run.started',
  /** Databricks told how the run stands, and that is not recorded. */
  'run.read',
  /** The result is read, the verdicts are made, and nothing is frozen. */
  'run.judged',
  /** An outgoing message is taken up, and not sent. */
  'outbox.sending',
  /** It was sent, and that is not recorded. */
  'outbox.sent',
  /** That it was sent is committed. */
  'outbox.recorded',
  /** The pull request's comment is made, and its id not remembered. */
  'comment.created',
  /** The reconciler found a difference, and did nothing about it yet. */
  'reconciler.found',
  /** A merge was judged, and its release is not recorded. */
  'merge.judged',
  /** A release is recorded, and none of its steps done. */
  'release.recorded',
  /** A step is about to act. */
  'release.acting',
  /** A step has acted, and that is not recorded. */
  'release.acted',
  /** All steps are done, and the end is not recorded. */
  'release.ending',
  /** A lease was taken, and its duty not begun. */
  'lease.taken',
] as const;

export type Moment = (typeof moments)[number];

const reachedMoment = channel('gitea-databricks:moment');

/** Tells those who listen on the diagnostics channel `gitea-databricks:moment` (message: the moment's name). */
export function reached(moment: Moment): void {
  reachedMoment.publish(moment);
}
