import { backoffMs } from '../outbox/backoff.ts';
import type { BoundRepositories } from '../permission/bound-repository.ts';
import type { Run, RunStore } from './ports.ts';

export interface PollerOptions {
  runs: RunStore;
  repositories: BoundRepositories;
  advance: (run: Run) => Promise<void>;
  clock: () => Date;
  log: { error(fields: object, message: string): void };
  /** Runs of one workspace that are looked at at the same time. */
  lanes?: number;
}

/**
 * Looks at the runs that are due. All reads of a workspace go through its few lanes, however many runs and
 * viewers there are; a workspace that does not answer holds up no other one. What is due stands in the store,
 * so polling resumes by itself after a restart.
 */
export class Poller {
  readonly #options: PollerOptions;
  /** Run id → its workspace. */
  readonly #busy = new Map<string, string>();
  readonly #work = new Set<Promise<void>>();
  /** Runs whose look could not be recorded (the store cannot be written): failures, and when to look again (ms). */
  readonly #resting = new Map<string, { failures: number; until: number }>();
  #timer: NodeJS.Timeout | undefined;
  #filling: Promise<void> | undefined;
  #again = false;
  #stopped = true;

  constructor(options: PollerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#stopped = false;
    this.wake();
  }

  /** Waits for the looks under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#filling;
    await Promise.all(this.#work);
  }

  /** Call when a run was created or changed from outside. */
  wake(): void {
    if (this.#stopped) return;
    this.#again = true;
    this.#filling ??= this.#fill().finally(() => {
      this.#filling = undefined;
      if (this.#again) this.wake();
    });
  }

  async #fill(): Promise<void> {
    const { runs, repositories, clock, log, lanes = 4 } = this.#options;
    clearTimeout(this.#timer);
    let pause = 30_000;
    try {
      // One moment for both questions: what becomes due between them would be seen by neither.
      let now = clock().toISOString();
      while (this.#again && !this.#stopped) {
        this.#again = false;
        now = clock().toISOString();
        for (const run of await runs.due(now, 200)) {
          const rest = this.#resting.get(run.id);
          if (this.#busy.has(run.id) || (rest && rest.until > Date.now())) continue;
          const workspace = (await repositories.find(run.repositoryId))?.workspace.name ?? '';
          const used = [...this.#busy.values()].filter((name) => name === workspace).length;
          if (used < lanes) this.#look(run, workspace);
        }
      }
      const next = await runs.nextDue(now);
      if (next !== null) pause = Math.max(10, Math.min(pause, Date.parse(next) - clock().getTime()));
    } catch (error) {
      log.error({ err: error }, 'the runs could not be read');
      pause = 5_000;
    }
    if (!this.#stopped) this.#timer = setTimeout(() => this.wake(), pause);
  }

  #look(run: Run, workspace: string): void {
    this.#busy.set(run.id, workspace);
    const work = this.#options
      .advance(run)
      .then(() => void this.#resting.delete(run.id))
      .catch((error: unknown) => {
        const failures = (this.#resting.get(run.id)?.failures ?? 0) + 1;
        const pause = backoffMs(failures);
        this.#resting.set(run.id, { failures, until: Date.now() + pause });
        setTimeout(() => this.wake(), pause).unref();
        this.#options.log.error({ err: error, run: run.id }, 'a run could not be advanced');
      })
      .finally(() => {
        this.#busy.delete(run.id);
        this.#work.delete(work);
        this.wake();
      });
    this.#work.add(work);
  }
}
