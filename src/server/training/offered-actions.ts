import type { Permission } from '../../contract/person.ts';
import type { RunActions } from '../../contract/run.ts';
import type { Run } from './ports.ts';
import { isFinal } from './transitions.ts';

const refused = (code: string, reason: string): Permission => ({ allowed: false, code, reason });

/** What a person may do with a run now. @param train whether they may train at all */
export function actionsOf(run: Run | null, train: Permission): RunActions {
  const active = run !== null && !isFinal(run.state) && run.state !== 'waiting';
  const denied = (otherwise: Permission): Permission => (train.allowed ? otherwise : train);
  const ended = run !== null && isFinal(run.state);
  return {
    train: denied(
      active
        ? refused('run-in-progress', `Run ${run.number} is under way. Cancel it to train again.`)
        : { allowed: true },
    ),
    cancel: denied(
      active || run?.state === 'waiting'
        ? { allowed: true }
        : refused('run-not-cancellable', run ? `Run ${run.number} has ended.` : 'There is no run.'),
    ),
    retry: denied(
      ended
        ? { allowed: true }
        : refused('run-not-retryable', run ? `Run ${run.number} is still under way.` : 'There is no run.'),
    ),
  };
}
