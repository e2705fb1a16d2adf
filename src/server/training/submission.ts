import { DatabricksError } from '../databricks/error.ts';
import { isInterruption } from '../duty/interruption.ts';
import { currentLease } from '../duty/lease.ts';
import { reached } from '../duty/moments.ts';
import type { Forge } from '../gitea/forge.ts';
import type { Act } from '../identity/role.ts';
import type { Attempt, Send } from '../outbox/attempt.ts';
import { Postpone } from '../outbox/postpone.ts';
import type { BoundRepositories, BoundRepository } from '../permission/bound-repository.ts';
import { actOf, experimentOf } from './acting.ts';
import { answerOf, failureOf } from './ending.ts';
import type { RunJournal } from './journal.ts';
import { RunChanged } from './journal.ts';
import { faultTries, isPatient } from './patience.ts';
import type { Run, RunStore } from './ports.ts';
import { RunFailure } from './run-failure.ts';
import { uploadSnapshot } from './snapshot.ts';
import { startAtDatabricks } from './start.ts';
import type { TrainingWorkspace } from './workspace-port.ts';

export interface SubmissionOptions {
  runs: RunStore;
  journal: RunJournal;
  repositories: BoundRepositories;
  forge: Forge;
  workspace: TrainingWorkspace;
  clock: () => Date;
  /** Pause before the first look at a run that was started, milliseconds. */
  firstLookMs: number;
  log: { error(fields: object, message: string): void };
}

/** A binding that is gone may come back, and nothing is lost when it does. */
const unboundMs = 60_000;

/** Runs that are remembered beyond one attempt; of one that was forgotten more is asked. */
const remembered = 1_000;

function remember<Value>(map: Map<string, Value>, key: string, value: Value): Value {
  const [oldest] = map.keys();
  if (oldest !== undefined && map.size >= remembered) map.delete(oldest);
  map.set(key, value);
  return value;
}

const leaseToken = () => currentLease()?.token ?? null;

/**
 * Handlers of the outbox topics `upload` and `submit`: a run's files go to the workspace, then Databricks is asked to
 * start it. Both are safe to repeat. What may pass later is left to the outbox, which tries again; what cannot pass, or
 * was tried for too long, ends the run, and with it its messages.
 */
export class Submission {
  readonly #options: SubmissionOptions;
  /** One act per submission, however often it is tried: its token is minted and recorded once while it lives. */
  readonly #acts = new Map<string, Act>();
  /** Runs whose files came from here, and under which lease (its token): nobody can have asked for their start before. */
  readonly #fresh = new Map<string, number | null>();

  constructor(options: SubmissionOptions) {
    this.#options = options;
  }

  readonly upload: Send = async (payload, attempt) => {
    const waits = ({ state, snapshot }: Run) =>
      state === 'queued' || (state === 'uploading' && snapshot === null);
    await this.#attempt(payload, attempt, waits, async (repository, found) => {
      const { journal } = this.#options;
      const run = found.state === 'queued' ? await journal.insist(repository, found.id, 'taken-up') : found;
      if (run === null) return;
      await this.#place(repository, run, attempt.signal);
    });
  };

  readonly submit: Send = async (payload, attempt) => {
    const waits = ({ state, snapshot }: Run) => state === 'uploading' && snapshot !== null;
    await this.#attempt(payload, attempt, waits, async (repository, run) => {
      await this.#start(repository, run, this.#mayHaveStarted(run, attempt));
    });
  };

  /** @param waits whether the run waits for this message: when nothing fails, it does not afterwards */
  async #attempt(
    payload: Record<string, unknown>,
    attempt: Attempt,
    waits: (run: Run) => boolean,
    work: (repository: BoundRepository, run: Run) => Promise<void>,
  ): Promise<void> {
    const { runs, repositories } = this.#options;
    const id = String(payload.run);
    const run = await runs.findById(id);
    if (!run || !waits(run)) return;
    const repository = await repositories.find(run.repositoryId);
    if (!repository) throw new Postpone(unboundMs, 'The repository is bound to nothing at the moment.');
    const firstStart = run.snapshot !== null && !this.#mayHaveStarted(run, attempt);
    try {
      await work(repository, run);
    } catch (error) {
      if (!(error instanceof RunChanged)) await this.#end(repository, id, error, attempt, firstStart);
    }
    const after = await runs.findById(id);
    if (after?.state !== 'uploading') this.#acts.delete(id);
    // With the message the run would be lost: nobody else brings it on.
    if (after && waits(after)) throw new Error(`Run ${id} still waits for what was done for it.`);
  }

  /** A submission whose answer was lost would run twice: the token covers active runs only (facts: Jobs). */
  #mayHaveStarted(run: Run, attempt: Attempt): boolean {
    return attempt.number > 1 || run.failures > 0 || this.#fresh.get(run.id) !== leaseToken();
  }

  async #place(repository: BoundRepository, run: Run, signal: AbortSignal): Promise<void> {
    const { workspace, forge, journal } = this.#options;
    this.#mayTrain(run);
    const act = this.#actOf(run);
    // Code that trains must not be able to change what is trained: the releaser writes, the others read.
    const { folder: snapshot, wasThere } = await uploadSnapshot(
      { forge, workspace },
      { repository, role: 'releaser', act },
      run,
      signal,
    );
    // The trainer makes the forks' experiment too, so that a fork's code has no right to any folder.
    const experimentId = await workspace.ensureExperiment(
      { repository, role: 'trainer', act },
      experimentOf(repository, run),
      run.trust === 'fork' ? repository.binding.principals.fork : undefined,
    );
    await journal.insist(repository, run.id, 'uploaded', {
      change: { snapshot, experimentId },
      detail: { snapshot },
    });
    // Files that were there may have been trained: by a run that a store forgot, when an older backup was restored.
    if (!wasThere) remember(this.#fresh, run.id, leaseToken());
  }

  async #start(repository: BoundRepository, run: Run, mayHaveStarted: boolean): Promise<void> {
    const { workspace, journal, clock, firstLookMs } = this.#options;
    this.#fresh.delete(run.id);
    this.#mayTrain(run);
    const { id, job } = await startAtDatabricks(workspace, repository, run, {
      act: this.#actOf(run),
      mayHaveStarted,
      before: () => this.#stillWanted(run),
    });
    reached('run.started');
    const experiment = experimentOf(repository, run);
    const started = await journal.insist(repository, run.id, 'started', {
      change: {
        job,
        databricksRunId: id,
        modelKey: run.trust === 'fork' ? null : run.configuration.model,
        failures: 0,
        nextCheckAt: new Date(clock().getTime() + firstLookMs).toISOString(),
      },
      detail: { databricksRun: id, snapshot: run.snapshot, experiment, ...(job && { job }) },
    });
    if (started === null) await this.#abandon(run.id, id);
  }

  /** Uploading and searching take their time: what ended meanwhile is not started. */
  async #stillWanted({ id }: Run): Promise<void> {
    const now = await this.#options.runs.findById(id);
    if (now?.state !== 'uploading') throw new RunChanged(id);
    reached('run.submitting');
  }

  #mayTrain(run: Run): void {
    if (run.trust === 'base' || run.configuration.train.kind === 'entry') return;
    throw new RunFailure('A fork cannot train with "job": a job runs with the rights of this repository.');
  }

  #actOf(run: Run): Act {
    return this.#acts.get(run.id) ?? remember(this.#acts, run.id, actOf(run));
  }

  /** The run was cancelled or superseded while it was being submitted: what was started is cancelled too. */
  async #abandon(runId: string, remoteId: string): Promise<void> {
    const { runs, journal } = this.#options;
    for (let run = await runs.findById(runId); run; run = await runs.findById(runId)) {
      const ended = run;
      if (ended.databricksRunId === remoteId) return;
      try {
        await journal.note(
          ended,
          { databricksRunId: remoteId },
          async (stores) => await journal.cancelRemote(stores, ended),
        );
        return;
      } catch (error) {
        if (!(error instanceof RunChanged)) throw error;
      }
    }
  }

  /** @throws the error again where the same may pass later */
  async #end(
    repository: BoundRepository,
    runId: string,
    error: unknown,
    attempt: Attempt,
    firstStart: boolean,
  ): Promise<void> {
    const { runs, journal, clock, log } = this.#options;
    // A lost lease and a store that cannot be used say nothing about the run.
    if (error instanceof Postpone || isInterruption(error) || attempt.signal.aborted) throw error;
    const answer = answerOf(error);
    const run = await runs.findById(runId);
    const patient = run !== null && isPatient(run, clock());
    const passes = answer ? answer.temporary : !(error instanceof RunFailure) && attempt.number < faultTries;
    if (passes && patient) throw error;
    if (!(error instanceof RunFailure) && !answer)
      log.error({ run: runId, err: error }, 'a run ended by a fault of the backend');
    // The first and only call that could start it was refused with certainty.
    const nothingStarted = firstStart && error instanceof DatabricksError && !error.temporary;
    await journal.insist(repository, runId, passes ? 'gave-up' : 'refused', {
      ...failureOf(error),
      nothingStarted: nothingStarted || (firstStart && error instanceof RunFailure),
    });
  }
}
