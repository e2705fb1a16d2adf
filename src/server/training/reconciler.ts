import type { Comments } from '../command/ports.ts';
import type { Clock } from '../duty/clock.ts';
import type { Duty } from '../duty/keeper.ts';
import { LeaseLost } from '../duty/lease.ts';
import { Rounds } from '../duty/rounds.ts';
import type { Forge } from '../gitea/forge.ts';
import type { BoundRepositories, BoundRepository, RepositorySigns } from '../permission/bound-repository.ts';
import type { Look, RepositoryCheck } from './look.ts';
import { bounds } from './look.ts';
import type { RunStore } from './ports.ts';

export interface ReconcilerOptions {
  repositories: Pick<BoundRepositories, 'discover' | 'all' | 'current'>;
  forge: Pick<Forge, 'branch' | 'openPulls'>;
  comments: Pick<Comments, 'changedSince'>;
  runs: Pick<RunStore, 'counts'>;
  /** What is compared, in this order. */
  checks: readonly RepositoryCheck[];
  /** Once per round, before the repositories: needs nothing of Gitea. */
  ownChecks?: readonly { check(now: Date): Promise<void> }[];
  /** Pause between two rounds, milliseconds; a random tenth is added or taken off. */
  everyMs: number;
  clock: Clock;
  log: { info(fields: object, message: string): void; warn(fields: object, message: string): void };
  random?: () => number;
}

const minute = 60_000;
/** A repository in which nothing seems to happen is looked at all the same after this long, milliseconds. */
const idleMs = 60 * minute;
/** At the first look comments of this age are read, milliseconds. */
export const oldestCommentMs = 24 * 60 * minute;
/**
 * So much before the newest comment is read again: a command can be carried out for that long, and its delivery may
 * still have been on its way at the last look. By Gitea's clock alone, milliseconds.
 */
const overlapMs = 30 * minute;

/** How a repository was at its last look. */
interface LastLook {
  signs: string;
  /** Gitea's times have seconds: only what is unchanged at a second look has come to rest. */
  steady: boolean;
  at: number;
  /** From where on comments are read, milliseconds since the epoch. */
  since: number;
}

/**
 * Gitea delivers a webhook at most once, and people can change what was written to it. At the start and every few
 * minutes this compares what Gitea has with what is known here, and acts on the difference. The duty `reconciler`.
 *
 * Cost: a round asks one question per 50 repositories that the bot can see. A repository without open pull requests,
 * pushes and runs since the last two looks costs nothing more (once an hour it is looked at all the same). Any other
 * costs three questions (production branch, open pull requests, comments), the list of closed pull requests where one
 * may have ended, one per head whose status is compared, and one per pull request where somebody commented; all of
 * them within {@link bounds}.
 */
export class Reconciler implements Duty {
  readonly #options: ReconcilerOptions;
  readonly #rounds: Rounds;
  readonly #last = new Map<number, LastLook>();

  constructor(options: ReconcilerOptions) {
    this.#options = options;
    const { clock, everyMs, log, random = Math.random } = options;
    this.#rounds = new Rounds({
      clock,
      longestMs: everyMs * 2,
      restMs: Math.min(everyMs, 30_000),
      failed: (error) => {
        if (!(error instanceof LeaseLost)) log.warn({ err: error }, 'Gitea could not be compared');
      },
      round: async (_now, stop) => {
        await this.reconcile(stop);
        return new Date(clock.now().getTime() + everyMs * (0.9 + 0.2 * random())).toISOString();
      },
    });
  }

  start(): void {
    // Whoever had the duty meanwhile saw what this process did not.
    this.#last.clear();
    this.#rounds.start();
  }

  async stop(): Promise<void> {
    await this.#rounds.stop();
  }

  /**
   * One round over all bound repositories, now; waits for it.
   *
   * @param stop ends it between two questions
   */
  async reconcile(stop: AbortSignal = new AbortController().signal): Promise<void> {
    const { repositories, ownChecks = [], clock, log } = this.#options;
    for (const own of ownChecks) await own.check(clock.now());
    const signs = await repositories.discover();
    for (const repository of await repositories.all()) {
      if (stop.aborted) return;
      try {
        await this.#compare(repository, signs.get(repository.id), stop);
      } catch (error) {
        if (error instanceof LeaseLost) throw error;
        this.#last.delete(repository.id);
        log.warn({ repository: repository.id, err: error }, 'a repository could not be compared with Gitea');
      }
    }
  }

  async #compare(
    known: BoundRepository,
    seen: RepositorySigns | undefined,
    stop: AbortSignal,
  ): Promise<void> {
    const { repositories, forge, comments, runs, checks, clock } = this.#options;
    const now = clock.now();
    const last = this.#last.get(known.id);
    const signs = JSON.stringify(seen ?? null);
    const same = last?.signs === signs;
    const atRest = same && last.steady;
    if (atRest && seen?.openPulls === 0 && now.getTime() - last.at < idleMs) {
      if ((await runs.counts(known.id)).active === 0) return;
    }
    // One that the bot's list does not name may be gone, or hidden from the bot by now.
    const repository = seen ? known : await repositories.current(known.id);
    if (!repository) return;
    const since = last?.since ?? now.getTime() - oldestCommentMs;
    const look: Look = {
      repository,
      head: (await forge.branch(repository, repository.productionBranch))?.head ?? null,
      open: await forge.openPulls(repository),
      comments: await comments.changedSince(repository, since, bounds.comments),
      changed: !atRest,
      now,
    };
    for (const check of checks) {
      if (stop.aborted) return;
      await check.check(look);
    }
    const newest = Math.max(since + overlapMs, ...look.comments.map((one) => Date.parse(one.updatedAt)));
    this.#last.set(known.id, { signs, steady: same, at: now.getTime(), since: newest - overlapMs });
  }
}
