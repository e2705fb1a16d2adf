/**
 * Executes recorded releases, wherever they were asked for. Longer than most modules because running, settling and
 * going on after a stop belong to one journal.
 */

import { DatabricksError } from '../databricks/error.ts';
import type { Clock } from '../duty/clock.ts';
import { pause } from '../duty/clock.ts';
import { isInterruption } from '../duty/interruption.ts';
import type { Duty } from '../duty/keeper.ts';
import { Lanes } from '../duty/lanes.ts';
import { reached } from '../duty/moments.ts';
import { Rounds } from '../duty/rounds.ts';
import type { Announcer } from '../events/announcer.ts';
import type { Act } from '../identity/role.ts';
import type { BoundRepositories, BoundRepository } from '../permission/bound-repository.ts';
import type { Transactor } from '../store/transactor.ts';
import type { Execution } from './execute.ts';
import { isAsBefore, readTruth, runSteps, StepFailed, undoSteps } from './execute.ts';
import type { RegistryStores, ReleaseTarget, TrainedVersions } from './ports.ts';
import type { StoredRelease } from './release.ts';
import { announceRelease } from './release.ts';
import { releaseDraft } from './release-draft.ts';
import type { ReleaseRequester } from './requester.ts';
import { personOf } from './requester.ts';
import { leadsBackwards } from './steps.ts';

export interface RunnerDependencies {
  transactor: Transactor<RegistryStores>;
  target: ReleaseTarget;
  trained: TrainedVersions;
  repositories: BoundRepositories;
  announcer: Announcer;
  clock: Clock;
  log: { warn(fields: object, message: string): void; error(fields: object, message: string): void };
  /** How long an endpoint may take to load a version, ms. */
  endpointTimeout: number;
  /** Called after a commit that left rows in the outbox. */
  wakeOutbox(): void;
}

/** The pause before what was interrupted is tried again, milliseconds. */
const restMs = 5_000;
/** How long a release waits for a workspace that does not answer, from when it was asked for, milliseconds. */
const patienceMs = 3_600_000;

/** Databricks did not answer, or was not asked: the next try may find it well. */
const isOutage = (error: unknown): boolean => error instanceof DatabricksError && error.temporary;

/** The backend itself, where nobody was recorded. */
function unknownRequester(release: StoredRelease): ReleaseRequester {
  const actor = { kind: 'system', name: 'resume' } as const;
  return { person: release.actor, actor, requestId: null, at: release.createdAt };
}

/**
 * The duty `releases`: runs the steps of every release that is recorded as running. Each step looks before it acts,
 * so that what a stop, a crash or a lost lease cut off is simply run again by whoever has the duty next.
 */
export class ReleaseRunner implements Duty {
  readonly #d: RunnerDependencies;
  readonly #rounds: Rounds;
  readonly #lanes: Lanes<string>;

  constructor(dependencies: RunnerDependencies) {
    this.#d = dependencies;
    const { clock, log } = dependencies;
    this.#lanes = new Lanes(() => this.#rounds.wake());
    this.#rounds = new Rounds({
      round: (_now, stop) => this.#round(stop),
      clock,
      failed: (err) => log.error({ err }, 'the releases could not be read'),
    });
  }

  start(): void {
    this.#rounds.start();
  }

  /** Waits for what is under way, at most until the current call or wait has ended. */
  async stop(): Promise<void> {
    await this.#rounds.stop();
    await this.#lanes.settled();
  }

  wake(): void {
    this.#rounds.wake();
  }

  async #round(signal: AbortSignal): Promise<null> {
    for (const release of await this.#d.transactor.stores.releases.running()) {
      if (signal.aborted) break;
      if (this.#lanes.has(release.id)) continue;
      const repository = await this.#d.repositories.find(release.repository);
      if (repository) this.#lanes.start(release.id, () => this.#run(repository, release.id, signal));
    }
    return null;
  }

  /** Never rejects. */
  async #run(repository: BoundRepository, id: string, signal: AbortSignal): Promise<void> {
    try {
      // Of now: it may have ended, and its lane with it, while the list was being read.
      const release = await this.#d.transactor.stores.releases.find(repository.id, id);
      if (release?.state === 'running') await this.#execute(repository, release, signal);
    } catch (error) {
      this.#d.log.warn({ err: error, release: id }, 'a release was interrupted; it goes on from here');
      await pause(this.#d.clock, restMs, signal);
    }
  }

  async #execute(repository: BoundRepository, release: StoredRelease, signal: AbortSignal): Promise<void> {
    const requester = release.requester ?? unknownRequester(release);
    const execution = this.#execution(repository, release, requester, signal);
    const undoing = leadsBackwards(release);
    let failure: string | null = null;
    let note: string | null = null;
    let acted = true;
    try {
      if (undoing) note = await undoSteps(execution);
      else await runSteps(execution);
    } catch (error) {
      if (signal.aborted || execution.passes(error)) throw error;
      failure = error instanceof Error ? error.message : String(error);
      acted = !(error instanceof StepFailed) || error.acted;
    }
    const is = await readTruth(execution).catch(() => null);
    const untouched =
      (!acted && !release.steps.some((step) => step.state === 'done')) || isAsBefore(release, is);
    const ended = undoing ? ('undone' as const) : ('succeeded' as const);
    const stopped = untouched && !undoing ? ('failed' as const) : ('partial' as const);
    reached('release.ending');
    await this.#settle(
      repository,
      {
        ...release,
        state: failure === null ? ended : stopped,
        is,
        error: failure ?? note,
        endedAt: execution.now(),
      },
      requester,
    );
  }

  async #settle(
    repository: BoundRepository,
    release: StoredRelease,
    requester: ReleaseRequester,
  ): Promise<void> {
    const from =
      release.fromVersion === null
        ? undefined
        : (await this.#d.trained.byVersion(repository.id, release.model)).get(release.fromVersion);
    const draft = releaseDraft(repository, release, requester, this.#d.clock.now());
    await this.#d.transactor.transaction(async (stores) => {
      const { state, is, error, endedAt } = release;
      await stores.releases.setState(release.id, { state, is, error, endedAt });
      await stores.audit.append({
        ...draft,
        action: 'release.ended',
        outcome: state === 'succeeded' || state === 'undone' ? 'done' : 'failed',
        detail: { state, from: release.fromVersion, is, error },
      });
      const hold = await stores.releases.hold(release.modelName, release.alias);
      if ((state === 'failed' || state === 'undone') && hold?.release === release.id) {
        await stores.releases.liftHold(release.modelName, release.alias);
        await stores.audit.append({
          ...draft,
          action: 'hold.lifted',
          outcome: 'done',
          detail: { because: `the rollback ${state === 'failed' ? 'changed nothing' : 'was undone'}` },
        });
      }
      for (const pull of new Set([release.pull, from?.pull ?? null])) {
        if (pull === null) continue;
        await stores.outbox.enqueue({
          topic: 'report',
          key: `report:${repository.id}:${pull}`,
          payload: { repository: repository.id, pull },
        });
      }
    });
    this.#d.wakeOutbox();
    announceRelease(this.#d.announcer, release);
  }

  #execution(
    repository: BoundRepository,
    release: StoredRelease,
    requester: ReleaseRequester,
    signal: AbortSignal,
  ): Execution {
    const { clock, transactor, target, announcer, endpointTimeout } = this.#d;
    const act: Act = {
      repository: repository.id,
      ref: `refs/heads/${repository.productionBranch}`,
      commit: release.commit,
      pull: release.pull,
      actor: requester.person?.name ?? requester.actor.name,
      ...personOf(requester, clock.now()),
      approval: release.approvals.length > 0 ? release.approvals.join(', ') : null,
      run: release.run,
    };
    const since = Date.parse(requester.at);
    const waits = () => clock.now().getTime() - since < patienceMs;
    return {
      target,
      repository,
      release,
      act,
      endpointTimeout,
      passes: (error) => isInterruption(error) || (isOutage(error) && waits()),
      now: () => clock.now().toISOString(),
      monotonic: clock.monotonic,
      async wait(ms) {
        await pause(clock, ms, signal);
        if (signal.aborted) throw new Error('The server stops; the release goes on at the next start.');
      },
      record: async (position, step) => {
        if (step.state === 'done') reached('release.acted');
        await transactor.transaction(async (stores) => {
          await stores.releases.setStep(release.id, position, step);
          if (step.state === 'running') return;
          await stores.audit.append({
            ...releaseDraft(repository, release, requester, clock.now()),
            action: 'release.step',
            outcome: step.state === 'failed' ? 'failed' : 'done',
            detail: { step: step.name, state: step.state, from: step.from, to: step.to, result: step.detail },
          });
        });
        if (step.state === 'running') reached('release.acting');
        announceRelease(announcer, release);
      },
    };
  }
}
