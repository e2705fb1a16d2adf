import type { Actor, AuditLog } from '../audit/entry.ts';
import type { Transactor } from '../store/transactor.ts';
import type { OutboxStore, OutboxTopic, ParkedMessage } from './ports.ts';

export interface ParkedMessagesOptions {
  transactor: Transactor<{ outbox: OutboxStore; audit: AuditLog }>;
  /** Of the outbox. */
  wake: () => void;
  clock?: () => Date;
}

const words: Record<OutboxTopic, string> = {
  status: 'commit status',
  report: 'report',
  reaction: 'reaction to a command',
  upload: 'files of a run',
  submit: 'start of a run',
  cancel: 'cancellation of a run',
  promote: 'promotion after a merge',
};

/** What a message is about, as its payload says. */
export function aboutOf({ payload }: Pick<ParkedMessage, 'payload'>): {
  commit: string | null;
  pull: number | null;
  run: string | null;
} {
  const { sha, pull, run } = payload;
  return {
    commit: typeof sha === 'string' ? sha : null,
    pull: typeof pull === 'number' ? pull : null,
    run: typeof run === 'string' ? run : null,
  };
}

/** "commit status of 1a2b3c4d5e", for the audit log and the command line. */
export function subjectOf(message: Pick<ParkedMessage, 'topic' | 'payload'>): string {
  const { commit, pull } = aboutOf(message);
  const of = commit === null ? '' : ` of ${commit.slice(0, 10)}`;
  return `${words[message.topic]}${of}${pull === null ? '' : ` of pull request ${pull}`}`;
}

/** What the outbox gave up on, and how an administrator has it sent once more. */
export class ParkedMessages {
  readonly #options: ParkedMessagesOptions;

  constructor(options: ParkedMessagesOptions) {
    this.#options = options;
  }

  /** Newest first. @param repositories Gitea's ids */
  async list(repositories: readonly number[] | 'all', limit: number): Promise<ParkedMessage[]> {
    return await this.#options.transactor.stores.outbox.parked(repositories, limit);
  }

  /** How many there are of one repository. */
  async count(repository: number): Promise<number> {
    return await this.#options.transactor.stores.outbox.countParked([repository]);
  }

  /**
   * Sends one again, with its attempts counted anew; recorded with whoever asked.
   *
   * @param repositories where it may belong to
   * @returns null when it is not parked there (any more): it went out, or a newer one took its place
   */
  async retry(
    id: string,
    repositories: readonly number[] | 'all',
    by: { actor: Actor; requestId?: string },
  ): Promise<ParkedMessage | null> {
    const { transactor, wake, clock = () => new Date() } = this.#options;
    const retried = await transactor.transaction(async ({ outbox, audit }) => {
      const parked = await outbox.findParked(id);
      const isTheirs =
        parked !== null && (repositories === 'all' || repositories.includes(parked.payload.repository));
      const message = isTheirs ? await outbox.retry(id, clock().toISOString()) : null;
      if (!message) return null;
      const { topic, payload, reason, attempts } = message;
      const { commit, pull } = aboutOf(message);
      await audit.append({
        action: 'message.retried',
        outcome: 'done',
        ...by,
        subject: subjectOf(message),
        repository: payload.repository,
        commit,
        pull,
        detail: { message: id, topic, reason, attempts },
      });
      return message;
    });
    if (retried) wake();
    return retried;
  }
}
