import { trainStatusContext } from '../../contract/address.ts';
import { reached } from '../duty/moments.ts';
import type { ListedComment, OpenPull, ReportTarget, StatusFacts } from '../gitea/forge.ts';
import type { OutboxMessage, OutboxStore } from '../outbox/ports.ts';
import type { BoundRepository } from '../permission/bound-repository.ts';
import type { Transactor } from '../store/transactor.ts';
import type { Look, RepositoryCheck } from '../training/look.ts';
import { bounds } from '../training/look.ts';
import { digestOf, ownOf } from './own-comment.ts';
import type { ReportStore } from './ports.ts';
import { Repairs } from './repairs.ts';

export interface ReportCheckOptions {
  transactor: Transactor<{ outbox: OutboxStore; reports: ReportStore }>;
  target: Pick<ReportTarget, 'status' | 'comments' | 'ownId'>;
  /** Of the outbox. */
  wake: () => void;
  log: { info(fields: object, message: string): void };
}

/**
 * Compares what was said with what Gitea shows, and says it again where somebody removed, edited or overwrote it: the
 * status of the production branch's head and of the heads of open pull requests, and their comments. A comment that
 * somebody removed from a pull request that is closed stays away; one that was edited there is put back.
 */
export class ReportCheck implements RepositoryCheck {
  readonly #options: ReportCheckOptions;
  readonly #repairs = new Repairs();
  /** By pull request: how it was when its comment was in order. */
  readonly #inOrder = new Map<string, string>();
  /** By repository: which head, and which pull request, has its turn first. */
  readonly #turns = { heads: new Map<number, number>(), pulls: new Map<number, number>() };

  constructor(options: ReportCheckOptions) {
    this.#options = options;
  }

  async check(look: Look): Promise<void> {
    await this.#statuses(look);
    await this.#changedComments(look);
    await this.#removedComments(look);
  }

  async #statuses({ repository, head, open, now }: Look): Promise<void> {
    const { target, transactor, log } = this.#options;
    const all = [...new Set([...(head === null ? [] : [head]), ...open.map((pull) => pull.head.sha)])];
    const turn = this.#turns.heads.get(repository.id) ?? 0;
    const heads = from(turn, all).slice(0, bounds.statuses);
    this.#turns.heads.set(repository.id, (turn % Math.max(1, all.length)) + heads.length);
    const own = await target.ownId();
    for (const sha of heads) {
      const key = `status:${repository.id}:${sha}`;
      const said = await transactor.stores.outbox.newest(key);
      if (said?.state !== 'done') continue;
      const shown = await target.status(repository, sha, trainStatusContext);
      if (isShown(said.payload, shown, own)) continue;
      reached('reconciler.found');
      const payload = said.payload as OutboxMessage['payload'];
      const again = await this.#again({ topic: 'status', key, payload }, now);
      if (again) {
        const by = shown?.creator ?? null;
        log.info({ repository: repository.id, sha, by }, 'a commit status was overwritten; it is said again');
      }
    }
  }

  /** Edited ones of ours, and doubles; on closed pull requests, too. */
  async #changedComments({ repository, comments, now }: Look): Promise<void> {
    const own = await this.#options.target.ownId();
    const written = new Map<number, ListedComment[]>();
    for (const comment of comments) {
      if (comment.author !== own) continue;
      written.set(comment.pull, [...(written.get(comment.pull) ?? []), comment]);
    }
    for (const [pull, some] of written) {
      const remembered = await this.#options.transactor.stores.reports.find(repository.id, pull);
      const wrong = ownOf(some, own, remembered?.commentId ?? null).filter(
        ({ id, body }) => id !== remembered?.commentId || digestOf(body) !== remembered.bodyDigest,
      );
      if (wrong.length > 0) await this.#reportAgain(repository, pull, now, 'edited or doubled');
    }
  }

  /** Whatever else happened to the comment of an open pull request: Gitea counts the comments that are there. */
  async #removedComments({ repository, open, comments, now }: Look): Promise<void> {
    const { target, transactor } = this.#options;
    const own = await target.ownId();
    let left = bounds.reports;
    const turn = this.#turns.pulls.get(repository.id) ?? 0;
    for (const [position, pull] of from(turn, open).entries()) {
      const key = `${repository.id}:${pull.index}`;
      const remembered = await transactor.stores.reports.find(repository.id, pull.index);
      const signs = signsOf(pull, comments);
      if (remembered?.commentId == null || this.#inOrder.get(key) === signs) continue;
      if (left === 0) {
        this.#turns.pulls.set(repository.id, (turn % open.length) + position);
        return;
      }
      left -= 1;
      const [kept, ...doubles] = ownOf(
        await target.comments(repository, pull.index),
        own,
        remembered.commentId,
      );
      const intact = kept?.id === remembered.commentId && digestOf(kept.body) === remembered.bodyDigest;
      if (intact && doubles.length === 0) this.#inOrder.set(key, signs);
      else await this.#reportAgain(repository, pull.index, now, 'removed, edited or doubled');
    }
  }

  async #reportAgain(repository: BoundRepository, pull: number, now: Date, what: string): Promise<void> {
    const key = `report:${repository.id}:${pull}`;
    const newest = await this.#options.transactor.stores.outbox.newest(key);
    // It goes out anyway, or waits for an administrator.
    if (newest?.state === 'pending' || newest?.state === 'parked') return;
    reached('reconciler.found');
    const payload = { repository: repository.id, pull };
    if (await this.#again({ topic: 'report', key, payload }, now)) {
      this.#options.log.info(
        { repository: repository.id, pull },
        `the comment was ${what}; it is put in order`,
      );
    }
  }

  /** @returns false when it was put back just before, or is not what was said last any more */
  async #again(message: OutboxMessage, now: Date): Promise<boolean> {
    if (!this.#repairs.take(message.key, now.getTime())) return false;
    const { transactor, wake } = this.#options;
    const done = await transactor.transaction(async ({ outbox }) => {
      const newest = await outbox.newest(message.key);
      const moved = JSON.stringify(newest?.payload) !== JSON.stringify(message.payload);
      // What was said meanwhile is newer than what was read here.
      if (newest && (newest.state !== 'done' || moved)) return false;
      await outbox.enqueue(message, { again: true });
      return true;
    });
    wake();
    return done;
  }
}

/** All of them, beginning with the one whose turn it is. */
function from<T>(turn: number, all: readonly T[]): T[] {
  const first = turn % Math.max(1, all.length);
  return [...all.slice(first), ...all.slice(0, first)];
}

/** Times have seconds: one comment removed and another written within one would not show without the newest's id. */
function signsOf({ index, updatedAt, comments }: OpenPull, recent: Look['comments']): string {
  const newest = Math.max(0, ...recent.filter(({ pull }) => pull === index).map(({ id }) => id));
  return `${updatedAt} ${comments} ${newest}`;
}

/** Whether Gitea shows what was said, in our name: whoever may write can post any context. */
function isShown(said: Record<string, unknown>, shown: StatusFacts | null, own: number): boolean {
  return (
    shown !== null &&
    shown.creator === own &&
    shown.state === said.state &&
    shown.description === said.description &&
    shown.targetUrl === said.targetUrl
  );
}
