import { DatabricksError } from '../databricks/error.ts';
import { isInterruption } from '../duty/interruption.ts';
import { backoffMs } from '../outbox/backoff.ts';
import { longestPauseMs } from '../outbox/ports.ts';
import type { BoundRepositories, BoundRepository } from '../permission/bound-repository.ts';
import { answerOf, failureOf } from './ending.ts';
import type { RunJournal } from './journal.ts';
import { RunChanged } from './journal.ts';
import { faultTries, isPatient } from './patience.ts';
import type { Run, RunStore } from './ports.ts';
import { ResultPending } from './result.ts';
import { RunFailure } from './run-failure.ts';
import { caredForBy, isFinal } from './transitions.ts';

export interface DriverOptions {
  runs: RunStore;
  journal: RunJournal;
  repositories: BoundRepositories;
  /** One look at a run that Databricks has accepted. */
  watch: (repository: BoundRepository, run: Run) => Promise<Run>;
  /** Freezes and compares what one brought. */
  judge: (repository: BoundRepository, run: Run) => Promise<Run>;
  clock: () => Date;
  /** Pause before a result that is not complete is read again, milliseconds. */
  pollMs: number;
  log: { warn(fields: object, message: string): void; error(fields: object, message: string): void };
}

/** Until a run is looked at again whose repository is bound to nothing, milliseconds. */
const unboundMs = 60_000;

/**
 * Moves one run on by what is true at Databricks now. Each step is safe to repeat: after a crash the run is
 * read from the store and the same step is taken again.
 */
export class RunDriver {
  readonly #options: DriverOptions;

  constructor(options: DriverOptions) {
    this.#options = options;
  }

  /** Takes the run as far as it gets without waiting, and says when to look again. */
  async advance(run: Run): Promise<void> {
    const { repositories, journal } = this.#options;
    const repository = await repositories.find(run.repositoryId);
    if (!repository) {
      // The binding is gone: nothing may be called any more, and nothing is lost when it returns.
      await journal.rest(run, { nextCheckAt: this.#in(unboundMs) });
      return;
    }
    let current = run;
    try {
      for (let before = null as Run | null; current !== before && !isFinal(current.state); ) {
        before = current;
        current = await this.#step(repository, current);
      }
    } catch (error) {
      await this.#recover(repository, run.id, error);
    }
  }

  /** @returns the run unchanged when there is nothing to do before the next look */
  async #step(repository: BoundRepository, run: Run): Promise<Run> {
    const { journal, watch, judge } = this.#options;
    if (run.state === 'evaluating') return await judge(repository, run);
    if (caredForBy(run.state) === 'watcher') return await watch(repository, run);
    if (caredForBy(run.state) === 'outbox') await journal.handOver(run);
    return run;
  }

  /**
   * What may pass later is tried again; what cannot pass ends the run with the reason.
   *
   * @throws what interrupted the look, as it is: it says nothing about the run
   */
  async #recover(repository: BoundRepository, id: string, error: unknown): Promise<void> {
    const { runs, journal, clock, log, pollMs } = this.#options;
    if (error instanceof RunChanged) return;
    if (isInterruption(error)) throw error;
    const run = await runs.findById(id);
    if (!run || isFinal(run.state)) return;
    const fields = { run: id, repository: run.repositoryId, err: error };
    const answer = answerOf(error);
    const patient = isPatient(run, clock());
    if (error instanceof ResultPending && patient) {
      await journal.rest(run, { nextCheckAt: this.#in(pollMs) });
      return;
    }
    const passes = answer
      ? answer.temporary
      : error instanceof ResultPending || (!(error instanceof RunFailure) && run.failures < faultTries);
    if (passes && patient) {
      log.warn(fields, 'a run will be looked at again');
      const retryAfter = error instanceof DatabricksError ? (error.retryAfter ?? 0) * 1000 : 0;
      const pause = Math.max(Math.min(retryAfter, longestPauseMs), backoffMs(run.failures));
      await journal.rest(run, { failures: run.failures + 1, nextCheckAt: this.#in(pause) });
      return;
    }
    if (!(error instanceof RunFailure) && !answer) log.error(fields, 'a run ended by a fault of the backend');
    await journal.insist(repository, id, passes ? 'gave-up' : 'refused', failureOf(error));
  }

  #in(milliseconds: number): string {
    return new Date(this.#options.clock().getTime() + milliseconds).toISOString();
  }
}
