import { parseComment } from '../command/parse-command.ts';
import type { DeliveredComment, Delivery } from './delivery.ts';

/** What a delivery asks to look at. */
export type Intent =
  | { kind: 'branch-moved'; repositoryId: number; branch: string; before: string; after: string }
  | { kind: 'pull-changed'; repositoryId: number; index: number }
  | { kind: 'pull-closed'; repositoryId: number; index: number }
  | CommandIntent
  | { kind: 'ignore'; reason: string };

/** A comment that may be a command; what it says is compared with Gitea before it counts. */
export interface CommandIntent {
  kind: 'command';
  repositoryId: number;
  index: number;
  comment: number;
  author: number;
  body: string;
  /** Head of the pull request when it was written; empty where the delivery does not say. */
  head: string;
}

const absent = /^0+$/;

/** Chooses purely by what the delivery says; nothing is looked up. */
export function decide({ event, repositoryId, push, pull, comment }: Delivery): Intent {
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
  if (comment) return decideComment(repositoryId, comment);
  return { kind: 'ignore', reason: `event ${event}` };
}

/** Only a new comment is a command: an edited one would let a writer speak in the name of its author. */
function decideComment(repositoryId: number, comment: DeliveredComment): Intent {
  const { action, id, index, author, body, head } = comment;
  if (action !== 'created') return { kind: 'ignore', reason: `comment ${action}` };
  if (parseComment(body) === null) return { kind: 'ignore', reason: 'no command' };
  return { kind: 'command', repositoryId, index, comment: id, author, body, head };
}
