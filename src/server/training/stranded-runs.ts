import { reached } from '../duty/moments.ts';
import type { RunJournal } from './journal.ts';
import type { RunStore } from './ports.ts';
import { caredForBy } from './transitions.ts';

export interface StrandedRunsOptions {
  runs: Pick<RunStore, 'unattended'>;
  journal: Pick<RunJournal, 'handOver' | 'rest'>;
  /** The watcher's. */
  wake: () => void;
  log: { warn(fields: object, message: string): void };
}

/** Taken up in one round; the others wait for the next. */
const most = 100;

/**
 * Takes up runs that stand still: not ended, and neither the watcher nor the outbox has anything to do about them. That
 * is never meant to be; what a fault of ours or a hand in the database left behind goes on all the same, and is told in
 * the log. A run whose message was parked waits for an administrator and is none of them.
 */
export class StrandedRuns {
  readonly #options: StrandedRunsOptions;

  constructor(options: StrandedRunsOptions) {
    this.#options = options;
  }

  async check(now: Date): Promise<void> {
    const { runs, journal, wake, log } = this.#options;
    for (const run of await runs.unattended(most)) {
      reached('reconciler.found');
      if (caredForBy(run.state) === 'outbox') await journal.handOver(run);
      else await journal.rest(run, { nextCheckAt: now.toISOString() });
      wake();
      const { id, repositoryId, state } = run;
      log.warn(
        { run: id, repository: repositoryId, state },
        'a run that nobody worked on was taken up again',
      );
    }
  }
}
