import type { Forge } from '../gitea/forge.ts';
import type { OutboxStore } from '../outbox/ports.ts';
import type { BoundRepositories, BoundRepository } from '../permission/bound-repository.ts';
import type { RepositoryMemoryStore, RunStore } from './ports.ts';
import type { Triggers } from './triggers.ts';

export interface ReconcilerOptions {
  repositories: BoundRepositories;
  forge: Forge;
  triggers: Triggers;
  stores: { runs: RunStore; memory: RepositoryMemoryStore; outbox: OutboxStore };
  /** Pause between two rounds, milliseconds. */
  everyMs: number;
  log: { info(fields: object, message: string): void; warn(fields: object, message: string): void };
}

const actor = { kind: 'system', name: 'reconciler' } as const;

/**
 * Gitea delivers a webhook at most once. At the start and every few minutes this compares what Gitea has with
 * what was looked at, and acts on the difference as if the delivery had come.
 */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #stopped = true;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#stopped = false;
    this.#round();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  /** One round over all bound repositories, now; waits for it. */
  async reconcile(): Promise<void> {
    const { repositories, log } = this.#options;
    await repositories.discover();
    for (const repository of await repositories.all()) {
      try {
        await this.#compare(repository.id);
      } catch (error) {
        log.warn({ repository: repository.id, err: error }, 'a repository could not be compared with Gitea');
      }
    }
  }

  #round(): void {
    this.#running = this.reconcile()
      .catch((error: unknown) => this.#options.log.warn({ err: error }, 'Gitea could not be compared'))
      .finally(() => {
        if (!this.#stopped) this.#timer = setTimeout(() => this.#round(), this.#options.everyMs);
      });
  }

  async #compare(id: number): Promise<void> {
    const { forge, triggers, stores, log } = this.#options;
    const repository = await triggers.repository(id);
    if (!repository) return;
    const branch = repository.productionBranch;
    const head = (await forge.branch(repository, branch))?.head;
    const seen = await stores.memory.seenHead(id);
    if (head !== undefined && head !== seen) {
      const outcome = await triggers.branchMoved(repository, {
        branch,
        before: seen ?? '',
        after: head,
        actor,
      });
      log.info({ repository: id, head, outcome }, 'a push was found that no delivery told of');
    }
    const open = await forge.openPulls(repository);
    for (const pull of open) {
      const all = await stores.runs.ofPull(id, pull.index, 50);
      const own = all.filter((run) => run.commit === pull.head.sha);
      const said = own.length > 0 ? null : await stores.outbox.last(`status:${id}:${pull.head.sha}`);
      // A superseded run of the head: it was the head before, and came back. An error without a run: the
      // configuration was wrong then, and may be right now.
      const looked =
        own.some((run) => run.state !== 'superseded') || (said !== null && said.state !== 'error');
      if (looked) continue;
      const outcome = await triggers.pullChanged(repository, pull.index, actor);
      log.info(
        { repository: id, pull: pull.index, outcome },
        'a pull request was found that no delivery told of',
      );
    }
    await this.#closed(repository, new Set(open.map((pull) => pull.index)));
  }

  /** Pull requests with runs that are not open any more, and whose end was not looked at. */
  async #closed(repository: BoundRepository, open: ReadonlySet<number>): Promise<void> {
    const { triggers, stores } = this.#options;
    const { items } = await stores.runs.list(
      { repositoryId: repository.id },
      { sort: { started: 'desc' }, offset: 0, limit: 100 },
    );
    const known = new Set(items.flatMap((run) => run.pulls.map((pull) => pull.index)));
    for (const index of known) {
      if (open.has(index) || (await stores.outbox.last(`promote:${repository.id}:${index}`)) !== null)
        continue;
      await triggers.pullClosed(repository, index);
    }
  }
}
