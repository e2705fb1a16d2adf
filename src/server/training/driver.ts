/**
 * Moves one run on by what is true at Databricks now. Each step is safe to repeat: after a crash the run is
 * read from the store and the same step is taken again. Longer than most modules: the whole life of a run.
 */

import type { Verdict } from '../../contract/metric.ts';
import { DatabricksError } from '../databricks/error.ts';
import { GiteaError } from '../gitea/error.ts';
import type { Forge } from '../gitea/forge.ts';
import type { Act } from '../identity/role.ts';
import { backoffMs } from '../outbox/backoff.ts';
import type { BoundRepositories, BoundRepository } from '../permission/bound-repository.ts';
import type { Evaluation } from './evaluation.ts';
import type { RunChange, RunJournal } from './journal.ts';
import { RunChanged } from './journal.ts';
import { launch, runName } from './launcher.ts';
import type { Run, RunStore } from './ports.ts';
import { belongingRuns, ResultPending, readHistories, readResult } from './result.ts';
import { RunFailure } from './run-failure.ts';
import { uploadSnapshot } from './snapshot.ts';
import { isFinal } from './transitions.ts';
import type { CallAs, RemoteRun, TrainingWorkspace } from './workspace-port.ts';

export interface DriverOptions {
  runs: RunStore;
  journal: RunJournal;
  repositories: BoundRepositories;
  forge: Forge;
  workspace: TrainingWorkspace;
  evaluation: Evaluation;
  clock: () => Date;
  /** Pause between two looks at a run that is under way, milliseconds. */
  pollMs: number;
  log: { warn(fields: object, message: string): void; error(fields: object, message: string): void };
}

const system = { kind: 'system', name: 'training' } as const;
/** The end of a trace that is kept: what a person reads first. */
const traceBound = 8_000;
/** How much later than its timeout a run may end before it is cancelled from here. */
const graceMs = 60_000;
/** How often a submitted run that was never seen is looked for: with the pauses between, about a minute. */
const unseenTries = 6;
/** How long a submission is tried while Gitea or Databricks fail; and any other step, beyond the run's timeout. */
const patienceMs = { submission: 2 * 3_600_000, otherwise: 24 * 3_600_000 };

export function tail(trace: string | null): string | null {
  if (trace === null || trace === '') return null;
  return trace.length <= traceBound ? trace : `…${trace.slice(-traceBound)}`;
}

/** Why a run ends, in words for its page. */
function explain(error: unknown): string {
  if (error instanceof RunFailure) return error.message;
  if (error instanceof ResultPending) return 'Databricks did not finish registering the model version.';
  if (error instanceof DatabricksError || error instanceof GiteaError) {
    const who = error instanceof DatabricksError ? 'Databricks' : 'Gitea';
    return `${who} ${error.temporary ? 'did not answer as it should for too long' : 'refused'}: ${error.message}`;
  }
  return 'The backend could not go on with this run; its log says why.';
}

/** The experiment of a run: forks have one of their own. */
export function experimentOf(repository: BoundRepository, run: Pick<Run, 'trust'>): string {
  const name = repository.binding.experiment.replaceAll('{repository_id}', String(repository.id));
  return run.trust === 'fork' ? `${name}-forks` : name;
}

/** Full name of the model that a run registers; forks register nothing. */
function modelOf(repository: BoundRepository, run: Run): string | null {
  const key = run.trust === 'fork' ? null : run.configuration.model;
  return key === null ? null : (repository.binding.models[key]?.name ?? null);
}

export function actOf(run: Run): Act {
  return {
    repository: run.repositoryId,
    ref: run.branch === null ? null : `refs/heads/${run.branch}`,
    commit: run.commit,
    pull: run.pulls[0]?.index ?? null,
    actor: run.actor ? `gitea:${run.actor.id}` : 'system',
    approval: run.trust === 'fork' && run.actor ? `fork approved by ${run.actor.name}` : null,
    run: run.id,
  };
}

export class RunDriver {
  readonly #options: DriverOptions;
  /** One act per submission, however often it is tried: its token is minted and recorded once while it lives. */
  readonly #acts = new Map<string, Act>();

  constructor(options: DriverOptions) {
    this.#options = options;
  }

  /** Takes the run as far as it gets without waiting, and says when to look again. */
  async advance(run: Run): Promise<void> {
    const repository = await this.#options.repositories.find(run.repositoryId);
    if (!repository) {
      // The binding is gone: nothing may be called any more, and nothing is lost when it returns.
      await this.#options.runs.update(run.id, run.version, { nextCheckAt: this.#in(60_000) });
      return;
    }
    let current = run;
    try {
      for (let before = null as Run | null; current !== before && !isFinal(current.state); ) {
        before = current;
        current = await this.#step(repository, current, before === run);
      }
      if (current.state !== 'uploading') this.#acts.delete(run.id);
    } catch (error) {
      await this.#recover(repository, run.id, error);
    }
  }

  /** @returns the run unchanged when there is nothing to do before the next look */
  async #step(repository: BoundRepository, run: Run, resumed: boolean): Promise<Run> {
    const { journal } = this.#options;
    switch (run.state) {
      case 'queued':
        return await journal.change(repository, run, {
          state: 'uploading',
          startedAt: this.#now().toISOString(),
          nextCheckAt: this.#in(0),
        });
      case 'uploading':
        return await this.#submit(repository, run, resumed);
      case 'submitted':
      case 'running':
        return await this.#poll(repository, run);
      case 'evaluating':
        return await this.#evaluate(repository, run);
      default:
        return run;
    }
  }

  async #submit(repository: BoundRepository, run: Run, resumed: boolean): Promise<Run> {
    const { workspace, forge, journal } = this.#options;
    const { train } = run.configuration;
    if (run.trust === 'fork' && train.kind === 'job') {
      throw new RunFailure('A fork cannot train with "job": a job runs with the rights of this repository.');
    }
    const act = this.#acts.get(run.id) ?? actOf(run);
    this.#acts.set(run.id, act);
    const as: CallAs = { repository, role: run.trust === 'fork' ? 'fork' : 'trainer', act };
    const experiment = experimentOf(repository, run);
    // Code that trains must not be able to change what is trained: the releaser writes, the others read.
    const snapshot = await uploadSnapshot({ forge, workspace }, { repository, role: 'releaser', act }, run);
    // The trainer makes the forks' experiment too, so that a fork's code has no right to any folder.
    const experimentId = await workspace.ensureExperiment(
      { repository, role: 'trainer', act },
      experiment,
      run.trust === 'fork' ? repository.binding.principals.fork : undefined,
    );
    const placed = { ...run, snapshot, experimentId };
    // Uploading takes its time: what ended meanwhile is not started.
    const now = await this.#options.runs.findById(run.id);
    if (!now || isFinal(now.state)) throw new RunChanged(run.id);

    let remoteId: string;
    let job: string | null = null;
    if (train.kind === 'entry') {
      const modelName = modelOf(repository, run);
      const submission = launch(placed, {
        bindingId: repository.binding.id,
        repositoryUrl: repository.url,
        experiment,
        experimentId,
        modelName,
      });
      // A submission whose answer was lost would run twice: the token covers active runs only (facts: Jobs).
      const { act: _, ...reading } = as;
      const since = Date.parse(run.createdAt) - 600_000;
      const known = resumed ? await workspace.findSubmitted(reading, runName(run), since) : null;
      remoteId = known ?? (await workspace.submit(as, submission));
    } else {
      const id = repository.binding.jobs[train.job];
      if (id === undefined) throw new RunFailure(`The binding names no job "${train.job}" any more.`);
      job = `${train.job} (${id})`;
      remoteId = await workspace.startJob(as, {
        id,
        token: run.token,
        parameters: Object.fromEntries(
          Object.entries(run.parameters).map(([name, value]) => [name, String(value)]),
        ),
        optional: {
          snapshot,
          commit: run.commit,
          nonce: run.nonce,
          experiment,
          model: modelOf(repository, run) ?? '',
        },
      });
    }
    const change: RunChange = {
      state: 'submitted',
      snapshot,
      experimentId,
      job,
      databricksRunId: remoteId,
      modelKey: run.trust === 'fork' ? null : run.configuration.model,
      failures: 0,
      nextCheckAt: this.#in(Math.min(this.#options.pollMs, 250)),
    };
    try {
      return await journal.change(repository, run, change, {
        audit: {
          action: 'run.submitted',
          outcome: 'done',
          actor: system,
          detail: { databricksRun: remoteId, snapshot, experiment, ...(job && { job }) },
        },
      });
    } catch (error) {
      if (!(error instanceof RunChanged)) throw error;
      return await this.#abandon(repository, run.id, remoteId);
    }
  }

  /** The run was cancelled or superseded while it was being submitted: what was started is cancelled too. */
  async #abandon(repository: BoundRepository, id: string, remoteId: string): Promise<Run> {
    const { runs, journal } = this.#options;
    const now = await runs.findById(id);
    if (!now) throw new RunChanged(id);
    if (!isFinal(now.state)) throw new RunChanged(id);
    return await journal.change(
      repository,
      now,
      { databricksRunId: remoteId },
      {
        also: async ({ outbox }) =>
          await outbox.enqueue({
            topic: 'cancel',
            key: `cancel:${id}`,
            payload: { repository: repository.id, run: id },
          }),
      },
    );
  }

  async #poll(repository: BoundRepository, run: Run): Promise<Run> {
    const { workspace, journal } = this.#options;
    const as: CallAs = { repository, role: run.trust === 'fork' ? 'fork' : 'trainer' };
    const remote = await workspace.run(as, run.databricksRunId ?? '');
    // What was submitted a moment ago may not be known yet to whoever answers the read.
    if (!remote && run.state === 'submitted' && run.tasks.length === 0 && run.failures < unseenTries)
      throw new DatabricksError({
        code: 'NOT_YET_VISIBLE',
        status: 503,
        message: 'Databricks does not know yet the run that it has started.',
      });
    if (!remote) throw new RunFailure('Databricks no longer knows this run. Train again.');
    const tasks = remote.tasks.map(({ runId: _, ...task }) => task);
    const seen = { tasks, databricksUrl: remote.url, failures: 0 };
    if (remote.phase === 'ended') {
      if (remote.result === 'succeeded') {
        return await journal.change(repository, run, {
          ...seen,
          state: 'evaluating',
          nextCheckAt: this.#in(0),
        });
      }
      return await this.#ended(repository, run, remote, seen, as);
    }
    if (this.#overdue(run, remote)) return await this.#timeOut(repository, run, seen);
    const live = remote.phase === 'running' ? await this.#live(as, run, remote) : {};
    const state = remote.phase === 'running' ? 'running' : run.state;
    const change: RunChange = { ...seen, ...live, state, nextCheckAt: this.#in(this.#pause(run)) };
    const same =
      state === run.state &&
      JSON.stringify([tasks, remote.url]) === JSON.stringify([run.tasks, run.databricksUrl]) &&
      !('curve' in live);
    if (same) {
      await this.#options.runs.update(run.id, run.version, { nextCheckAt: change.nextCheckAt, failures: 0 });
      return run;
    }
    await journal.change(repository, run, change);
    return run;
  }

  /** Curves grow while the run trains, so far as MLflow knows them; looked at less often than the state. */
  async #live(as: CallAs, run: Run, remote: RemoteRun): Promise<RunChange> {
    const { workspace, runs, log } = this.#options;
    const age = this.#now().getTime() - (remote.startedAt ?? 0);
    if (Math.floor(age / 3_000) === Math.floor((age - this.#pause(run)) / 3_000)) return {};
    try {
      const [first] = (await belongingRuns(workspace, as, run, remote)).filter(
        (item) => item.parent === null,
      );
      if (!first) return {};
      const { histories, historyMetrics, curve } = await readHistories(
        workspace,
        as,
        first,
        run.configuration,
      );
      if (JSON.stringify(curve) === JSON.stringify(run.curve)) return {};
      await runs.saveHistories(run.id, histories);
      return { historyMetrics, curve };
    } catch (error) {
      log.warn({ run: run.id, err: error }, 'live metrics could not be read');
      return {};
    }
  }

  async #ended(
    repository: BoundRepository,
    run: Run,
    remote: RemoteRun,
    seen: RunChange,
    as: CallAs,
  ): Promise<Run> {
    const { workspace, journal } = this.#options;
    const failing = remote.tasks.find((task) => task.state === 'failed' || task.state === 'timed-out');
    const output = failing ? await workspace.output(as, failing.runId) : null;
    const message = output?.error || failing?.message || remote.message || 'The run ended without success.';
    const state =
      remote.result === 'timed-out' ? 'timed-out' : remote.result === 'cancelled' ? 'cancelled' : 'failed';
    const reason =
      state === 'cancelled'
        ? 'The run was cancelled at Databricks.'
        : failing
          ? `Task ${failing.key}: ${message}`
          : message;
    const error =
      state === 'cancelled'
        ? null
        : { task: failing?.key ?? null, message, trace: tail(output?.trace ?? null) };
    return await journal.change(
      repository,
      run,
      { ...seen, state, stateReason: reason.slice(0, 500), error, endedAt: this.#ending(remote) },
      {
        audit: {
          action: 'run.ended',
          outcome: 'failed',
          actor: system,
          detail: { state, reason: message.slice(0, 500) },
        },
      },
    );
  }

  async #timeOut(repository: BoundRepository, run: Run, seen: RunChange): Promise<Run> {
    const minutes = Math.round(run.configuration.timeoutSeconds / 60);
    const reason = `It took longer than the ${minutes} minutes that train.timeout allows.`;
    return await this.#options.journal.change(
      repository,
      run,
      {
        ...seen,
        state: 'timed-out',
        stateReason: reason,
        error: { task: null, message: reason, trace: null },
      },
      {
        audit: { action: 'run.ended', outcome: 'failed', actor: system, detail: { state: 'timed-out' } },
        also: async ({ outbox }) =>
          await outbox.enqueue({
            topic: 'cancel',
            key: `cancel:${run.id}`,
            payload: { repository: run.repositoryId, run: run.id },
          }),
      },
    );
  }

  async #evaluate(repository: BoundRepository, run: Run): Promise<Run> {
    const { workspace, evaluation, journal } = this.#options;
    const as: CallAs = { repository, role: run.trust === 'fork' ? 'fork' : 'trainer' };
    const remote = await workspace.run(as, run.databricksRunId ?? '');
    if (!remote) throw new RunFailure('Databricks no longer knows this run. Train again.');
    const model = modelOf(repository, run);
    const { histories, ...result } = await readResult(workspace, as, run, remote, model, this.#options.runs);
    const verdicts: { index: number; verdict: Verdict }[] = [];
    for (const { index } of run.pulls) {
      verdicts.push({ index, verdict: await evaluation.ofPull(repository, run, result.metrics, index) });
    }
    const pushed = run.trigger === 'push' || run.pulls.length === 0;
    const own = pushed ? await evaluation.ofBranch(repository, run, result.metrics) : null;
    const verdict = own ?? verdicts[0]?.verdict ?? null;
    return await journal.change(
      repository,
      run,
      { state: 'succeeded', ...result, verdict: own, failures: 0, endedAt: this.#ending(remote) },
      {
        audit: {
          action: 'run.ended',
          outcome: 'done',
          actor: system,
          detail: {
            state: 'succeeded',
            outcome: verdict?.outcome ?? null,
            mlflowRun: result.mlflowRunId,
            version: result.modelVersion,
            metrics: result.metrics,
          },
        },
        also: async ({ runs }) => {
          await runs.saveHistories(run.id, histories);
          for (const item of verdicts) await runs.setPullVerdict(run.id, item.index, item.verdict);
        },
      },
    );
  }

  /** What may pass later is tried again; what cannot pass ends the run with the reason. */
  async #recover(repository: BoundRepository, id: string, error: unknown): Promise<void> {
    const { runs, journal, log } = this.#options;
    if (error instanceof RunChanged) return;
    const run = await runs.findById(id);
    if (!run || isFinal(run.state)) return;
    const fields = { run: id, repository: run.repositoryId, err: error };
    const refused = error instanceof DatabricksError || error instanceof GiteaError ? error : null;
    const patient = this.#patient(run);
    if (error instanceof ResultPending && patient) {
      await runs.update(id, run.version, { nextCheckAt: this.#in(this.#options.pollMs) });
      return;
    }
    // A fault of our own is bounded too: it must not be tried for ever, nor end a run at its first sight.
    const again =
      patient && (refused ? refused.temporary : !(error instanceof RunFailure) && run.failures < 20);
    if (again) {
      log.warn(fields, 'a run will be looked at again');
      const retryAfter = error instanceof DatabricksError ? (error.retryAfter ?? 0) * 1000 : 0;
      const pause = Math.max(retryAfter, Math.min(backoffMs(run.failures), 60_000));
      await runs.update(id, run.version, { failures: run.failures + 1, nextCheckAt: this.#in(pause) });
      return;
    }
    if (!(error instanceof RunFailure) && !refused)
      log.error(fields, 'a run ended by a fault of the backend');
    const message = explain(error);
    const runError = error instanceof RunFailure ? error.toRunError() : { task: null, message, trace: null };
    try {
      await journal.change(
        repository,
        run,
        { state: 'failed', stateReason: message.slice(0, 500), error: runError },
        {
          audit: {
            action: 'run.ended',
            outcome: 'failed',
            actor: system,
            detail: { state: 'failed', reason: message.slice(0, 500) },
          },
          also: async ({ outbox }) => {
            // What may go on there without anybody here looking at it is ended.
            const lost = run.state === 'uploading' && refused?.temporary === true;
            if (!lost && run.state !== 'submitted' && run.state !== 'running') return;
            await outbox.enqueue({
              topic: 'cancel',
              key: `cancel:${id}`,
              payload: { repository: repository.id, run: id },
            });
          },
        },
      );
    } catch (changed) {
      if (!(changed instanceof RunChanged)) throw changed;
    }
  }

  /** Waiting in the workspace's queue does not count against the timeout, but it is not endless either. */
  #overdue(run: Run, remote: RemoteRun): boolean {
    const now = this.#now().getTime();
    const timeout = run.configuration.timeoutSeconds * 1000;
    const started = remote.tasks.flatMap((task) =>
      task.state === 'pending' || task.startedAt === null ? [] : [Date.parse(task.startedAt)],
    );
    if (remote.phase === 'running' && started.length > 0)
      return now - Math.min(...started) > timeout + graceMs;
    return now - Date.parse(run.startedAt ?? run.createdAt) > timeout + patienceMs.otherwise;
  }

  /** Whether a step that failed for now may still be tried. */
  #patient(run: Run): boolean {
    if (run.startedAt === null) return true;
    const age = this.#now().getTime() - Date.parse(run.startedAt);
    const timeout = run.configuration.timeoutSeconds * 1000;
    return age < (run.state === 'uploading' ? patienceMs.submission : timeout + patienceMs.otherwise);
  }

  /** Short while a run is young, longer for one that takes its time. */
  #pause(run: Run): number {
    const age = this.#now().getTime() - Date.parse(run.startedAt ?? run.createdAt);
    const { pollMs } = this.#options;
    if (age < 120_000) return pollMs;
    return age < 1_200_000 ? pollMs * 3 : pollMs * 10;
  }

  #ending(remote: RemoteRun): string {
    return (remote.endedAt === null ? this.#now() : new Date(remote.endedAt)).toISOString();
  }

  #in(milliseconds: number): string {
    return new Date(this.#now().getTime() + milliseconds).toISOString();
  }

  #now(): Date {
    return this.#options.clock();
  }
}
