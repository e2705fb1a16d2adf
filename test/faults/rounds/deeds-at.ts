import type { Moment } from '../../../src/server/duty/moments.ts';
import type { Deed } from '../world/story.ts';

/** Moments that a process reaches while it starts; it is armed before its first line. */
export const duringStart: ReadonlySet<Moment> = new Set<Moment>(['lease.taken', 'reconciler.found']);

/** Moments in the middle of a training's start and end, at which a submission and a job's run are told apart. */
export const whileTraining = (moment: Moment): boolean => /^(run|snapshot)\./.test(moment);

const training: Deed[] = ['push', 'push-twice', 'push-main', 'open'];
/** What does not end well, and what follows from that. */
const otherwise: Deed[] = ['cancel', 'retry', 'fail'];
const releasing: Deed[] = ['merge', 'rollback'];

/** The deeds that reach a moment. */
export function deedsAt(moment: Moment): readonly Deed[] {
  switch (moment) {
    case 'delivery.storing':
    case 'delivery.stored':
    case 'delivery.handled':
      return [...training, 'merge'];
    case 'run.creating':
    case 'run.created':
      return [...training, 'command', 'retry'];
    case 'run.changing':
    case 'run.changed':
      return [...training, ...otherwise];
    case 'run.submitting':
    case 'run.started':
    case 'run.read':
    case 'run.judged':
    case 'snapshot.half':
    case 'snapshot.uploaded':
      return training;
    case 'outbox.sending':
    case 'outbox.sent':
    case 'outbox.recorded':
      return [...training, ...otherwise, 'merge', 'command'];
    case 'comment.created':
      return ['open'];
    case 'reconciler.found':
      return ['unheard-push'];
    case 'merge.judged':
      return ['merge'];
    case 'release.recorded':
    case 'release.acting':
    case 'release.acted':
    case 'release.ending':
      return releasing;
    case 'lease.taken':
      return ['push'];
  }
}
