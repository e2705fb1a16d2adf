import type { Delivery } from './delivery.ts';

/** What a delivery asks to look at. */
export type Intent =
  | { kind: 'branch-moved'; repositoryId: number; branch: string; before: string; after: string }
  | { kind: 'pull-changed'; repositoryId: number; index: number }
  | { kind: 'pull-closed'; repositoryId: number; index: number }
  | { kind: 'ignore'; reason: string };

const absent = /^0+$/;

/** Chooses purely by what the delivery says; nothing is looked up. */
export function decide({ event, repositoryId, push, pull }: Delivery): Intent {
  if (push) {
    if (!push.ref.startsWith('refs/heads/')) return { kind: 'ignore', reason: 'not a branch' };
    if (absent.test(push.after)) return { kind: 'ignore', reason: 'branch deleted' };
    const branch = push.ref.slice('refs/heads/'.length);
    return { kind: 'branch-moved', repositoryId, branch, before: push.before, after: push.after };
  }
  if (pull) {
    const { action, index } = pull;
    if (action === 'closed') return { kind: 'pull-closed', repositoryId, index };
    if (action === 'opened' || action === 'reopened' || action === 'synchronized') {
      return { kind: 'pull-changed', repositoryId, index };
    }
    return { kind: 'ignore', reason: `pull request ${action}` };
  }
  return { kind: 'ignore', reason: `event ${event}` };
}
