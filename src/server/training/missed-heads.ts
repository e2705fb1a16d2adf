import { reached } from '../duty/moments.ts';
import type { Forge, OpenPull } from '../gitea/forge.ts';
import type { OutboxStore } from '../outbox/ports.ts';
import type { Look, RepositoryCheck } from './look.ts';
import { bounds } from './look.ts';
import type { RepositoryMemoryStore, RunStore } from './ports.ts';
import { isFinal } from './transitions.ts';
import type { Triggers } from './triggers.ts';

const actor = { kind: 'system', name: 'reconciler' } as const;

export interface MissedHeadsOptions {
  forge: Pick<Forge, 'closedPulls'>;
  triggers: Pick<Triggers, 'branchMoved' | 'pullChanged' | 'pullClosed'>;
  stores: { runs: RunStore; memory: RepositoryMemoryStore; outbox: OutboxStore };
  log: { info(fields: object, message: string): void };
}

/** What needs no second look until something happens. */
interface Seen {
  /** Pull request → head that was looked into. A push anywhere in the repository forgets them. */
  tried: Map<number, string>;
  /** Pull requests that were closed, with nothing left to do about them. */
  ended: Set<number>;
}

/** Finds pushes to the production branch, and pull requests opened, pushed to, closed or merged, that no delivery told of. */
export class MissedHeads implements RepositoryCheck {
  readonly #options: MissedHeadsOptions;
  readonly #seen = new Map<number, Seen>();

  constructor(options: MissedHeadsOptions) {
    this.#options = options;
  }

  async check(look: Look): Promise<void> {
    const { id } = look.repository;
    const seen = this.#seen.get(id) ?? { tried: new Map(), ended: new Set() };
    this.#seen.set(id, seen);
    if (look.changed) seen.tried.clear();
    await this.#push(look);
    await this.#opened(look, seen);
    await this.#closed(look, seen);
  }

  async #push({ repository, head }: Look): Promise<void> {
    const { triggers, stores, log } = this.#options;
    const seen = await stores.memory.seenHead(repository.id);
    if (head === null || head === seen) return;
    reached('reconciler.found');
    const branch = repository.productionBranch;
    const outcome = await triggers.branchMoved(repository, {
      branch,
      before: seen ?? '',
      after: head,
      actor,
    });
    log.info({ repository: repository.id, head, outcome }, 'a push was found that no delivery told of');
  }

  async #opened({ repository, open }: Look, { tried }: Seen): Promise<void> {
    const { triggers, log } = this.#options;
    let left = bounds.missedPulls;
    for (const pull of open) {
      if (left === 0) return;
      const { index, head } = pull;
      if (tried.get(index) === head.sha || (await this.#wasLookedAt(repository.id, pull))) continue;
      left -= 1;
      reached('reconciler.found');
      const outcome = await triggers.pullChanged(repository, index, actor);
      tried.set(index, head.sha);
      log.info(
        { repository: repository.id, pull: index, outcome },
        'a pull request was found that no delivery told of',
      );
    }
  }

  /**
   * A superseded run of the head: it was the head before, and came back. An error without a run: the configuration was
   * wrong then, and may be right now.
   */
  async #wasLookedAt(repository: number, { index, head }: OpenPull): Promise<boolean> {
    const { runs, outbox } = this.#options.stores;
    const own = (await runs.ofPull(repository, index, 50)).filter((run) => run.commit === head.sha);
    if (own.length > 0) return own.some((run) => run.state !== 'superseded');
    const said = await outbox.last(`status:${repository}:${head.sha}`);
    return said !== null && said.state !== 'error';
  }

  /** Pull requests with runs that are not open any more, and whose end was not looked at. */
  async #closed({ repository, open, changed }: Look, { ended }: Seen): Promise<void> {
    const { forge, triggers, stores, log } = this.#options;
    for (const { index } of open) ended.delete(index);
    const isOpen = new Set(open.map(({ index }) => index));
    const known = (await this.#pullsWithRuns(repository.id)).filter((index) => !isOpen.has(index));
    if (known.length === 0 || (!changed && known.every((index) => ended.has(index)))) return;
    const listed = new Map(
      (await forge.closedPulls(repository, 50)).map((pull) => [pull.index, pull] as const),
    );
    for (const index of known) {
      const wasMerged = listed.get(index)?.state === 'merged';
      if (ended.has(index) && !wasMerged) continue;
      ended.add(index);
      if ((await stores.outbox.last(`promote:${repository.id}:${index}`)) !== null) continue;
      const runs = await stores.runs.ofPull(repository.id, index, 50);
      if (listed.get(index)?.state === 'closed' && runs.every(({ state }) => isFinal(state))) continue;
      reached('reconciler.found');
      const outcome = await triggers.pullClosed(repository, index).catch((error: unknown) => {
        ended.delete(index);
        throw error;
      });
      log.info(
        { repository: repository.id, pull: index, outcome },
        'a pull request was found that was closed without a delivery',
      );
    }
  }

  async #pullsWithRuns(repositoryId: number): Promise<number[]> {
    const page = { sort: { started: 'desc' }, offset: 0, limit: 100 } as const;
    const { items } = await this.#options.stores.runs.list({ repositoryId }, page);
    return [...new Set(items.flatMap((run) => run.pulls.map((pull) => pull.index)))];
  }
}
