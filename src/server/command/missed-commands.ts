import { isInterruption } from '../duty/interruption.ts';
import { reached } from '../duty/moments.ts';
import type { Transactor } from '../store/transactor.ts';
import type { Look, RepositoryCheck } from '../training/look.ts';
import type { CommandIntent } from '../webhook/decide.ts';
import type { Delivery } from '../webhook/delivery.ts';
import { contentKey } from '../webhook/delivery.ts';
import type { DeliveryStore } from '../webhook/ports.ts';
import { parseComment } from './parse-command.ts';
import type { ChangedComment, CommandStore, Comments } from './ports.ts';

const minute = 60_000;
/** The delivery of a younger comment may still be on its way, milliseconds. */
const youngestMs = minute;
/** What was written longer ago is not carried out any more: nobody expects it now, milliseconds. */
export const oldestCommandMs = 30 * minute;

export interface MissedCommandsOptions {
  transactor: Transactor<{ commands: CommandStore; deliveries: Pick<DeliveryStore, 'known'> }>;
  comments: Pick<Comments, 'ownId'>;
  /** As for a delivery: permission and head are checked there. */
  handle(intent: CommandIntent, writtenAt: string): Promise<string>;
  /** Tells its author that it came too late. */
  tooLate(intent: CommandIntent, writtenAt: string): Promise<string>;
  log: { info(fields: object, message: string): void };
}

/**
 * Finds slash commands whose delivery never came, or was given up on. They are carried out as if it had come, for half
 * an hour after they were written; later, as after a delivery that was given up on, their author is told, for a day. An
 * edited comment is none: whoever may write can edit those of others. Which head a fork's pull request had when it was
 * written is not known: its commit must be named.
 */
export class MissedCommands implements RepositoryCheck {
  readonly #options: MissedCommandsOptions;

  constructor(options: MissedCommandsOptions) {
    this.#options = options;
  }

  async check({ repository, comments, now }: Look): Promise<void> {
    let failure: unknown;
    for (const comment of comments) {
      const age = now.getTime() - Date.parse(comment.createdAt);
      try {
        if (age >= youngestMs && (await this.#isMissed(repository.id, comment)))
          await this.#answer(repository.id, comment, age);
      } catch (error) {
        if (isInterruption(error)) throw error;
        failure ??= error;
      }
    }
    // Only now: one that can never be carried out keeps no other one waiting.
    if (failure !== undefined) throw failure;
  }

  async #answer(repositoryId: number, comment: ChangedComment, age: number): Promise<void> {
    const { handle, tooLate, log } = this.#options;
    reached('reconciler.found');
    const { id, pull: index, author, body, createdAt } = comment;
    const intent = { kind: 'command', repositoryId, index, comment: id, author, body, head: '' } as const;
    const carryOut = age <= oldestCommandMs ? handle : tooLate;
    const outcome = await carryOut(intent, createdAt);
    log.info(
      { repository: repositoryId, pull: index, comment: id, outcome },
      'a command was found that no delivery told of',
    );
  }

  async #isMissed(repositoryId: number, comment: ChangedComment): Promise<boolean> {
    const { transactor, comments } = this.#options;
    const { id, author, body, createdAt, updatedAt } = comment;
    if (parseComment(body) === null || createdAt !== updatedAt) return false;
    if (author === 0 || author === (await comments.ownId())) return false;
    const { commands, deliveries } = transactor.stores;
    if (await commands.find(id)) return false;
    return !(await deliveries.known(contentKey(deliveryOf(repositoryId, comment))));
  }
}

/** The delivery that should have come. */
function deliveryOf(repositoryId: number, { id, pull, author, body }: ChangedComment): Delivery {
  return {
    event: 'issue_comment',
    eventType: 'pull_request_comment',
    repositoryId,
    push: null,
    pull: null,
    comment: { action: 'created', id, index: pull, author, body, head: '' },
  };
}
