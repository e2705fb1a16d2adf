import type { Person } from '../../contract/person.ts';
import type { ReleasePlan } from '../../contract/release.ts';
import type { Actor, AuditDraft } from '../audit/entry.ts';
import type { BoundModel } from '../config/server-configuration.ts';
import type { Announcer } from '../events/announcer.ts';
import { ProblemError } from '../http/problem.ts';
import { actingIdentity } from '../identity/acting-identity.ts';
import type { Act } from '../identity/role.ts';
import type { BoundRepositories, BoundRepository } from '../permission/bound-repository.ts';
import { sortableId } from '../store/sortable-id.ts';
import type { Transactor } from '../store/transactor.ts';
import type { Execution } from './execute.ts';
import { isAsBefore, readTruth, runSteps, StepFailed, undoSteps } from './execute.ts';
import type { FactSources } from './facts.ts';
import { gatherPlanFacts } from './facts.ts';
import { planRelease } from './plan.ts';
import type {
  CurrentRules,
  MergedPulls,
  RegistryStores,
  ReleaseTarget,
  StoredHold,
  TrainedVersions,
} from './ports.ts';
import type { StoredRelease } from './release.ts';
import { describeRelease } from './release.ts';
import { planSteps } from './steps.ts';

export interface ReleasesDependencies {
  transactor: Transactor<RegistryStores>;
  target: ReleaseTarget;
  trained: TrainedVersions;
  pulls: MergedPulls;
  rules: CurrentRules;
  repositories: BoundRepositories;
  announcer: Announcer;
  log: { error(fields: object, message: string): void };
  /** How long an endpoint may take to load a version, ms. */
  endpointTimeout: number;
  /** Called after a commit that left rows in the outbox. */
  wakeOutbox(): void;
}

/** Who asks for a release; a merge promotes in the name of whoever merged. */
export interface ReleaseRequester {
  person: Person | null;
  /** This person asks in a session of their own, now; not by a merge, and not before a restart. */
  inPerson?: boolean;
  actor: Actor;
  requestId: string | null;
}

export interface WantedRelease {
  kind: 'promotion' | 'rollback';
  toVersion: number;
  /** The plan that was confirmed; null: a merge, which was judged just now. */
  digest: string | null;
  reason: string | null;
  approvals: string[];
}

/** Gitea's id of whoever releases in a session of their own. */
function personOf({ inPerson, person }: ReleaseRequester): Pick<Act, 'person'> {
  return inPerson && person ? { person: person.id } : {};
}

/** What must commit with the release's first row. */
export type AlsoRecorded = (stores: RegistryStores, release: StoredRelease) => Promise<void>;

/**
 * The steps tell which way a release goes when it is resumed: one that is undone leads backwards. Finishing looks at
 * every step again, since a failed undo may have taken a done one back.
 */
async function markDirection(
  stores: RegistryStores,
  release: StoredRelease,
  how: 'finish' | 'undo',
): Promise<void> {
  for (const [position, step] of release.steps.entries()) {
    if (how === 'undo' && step.state === 'done') continue;
    step.state = how === 'undo' ? 'undone' : 'failed';
    await stores.releases.setStep(release.id, position, step);
  }
}

/**
 * Releases of a repository's models: planned, executed step by step, finished or undone when a step failed.
 * One at a time per registered model and alias. Longer than most modules because begin, settle and resume of one
 * journal belong together.
 */
export class Releases {
  readonly #d: ReleasesDependencies;
  readonly #underWay = new Map<string, Promise<void>>();
  readonly #stopping = new AbortController();

  constructor(dependencies: ReleasesDependencies) {
    this.#d = dependencies;
  }

  get #sources(): FactSources {
    const { target, trained, pulls, rules, transactor } = this.#d;
    return { target, trained, pulls, rules, releases: transactor.stores.releases };
  }

  /** @throws {ProblemError} `not-found` where the binding names no such model */
  model(repository: BoundRepository, key: string): BoundModel {
    const model = Object.hasOwn(repository.binding.models, key) ? repository.binding.models[key] : undefined;
    if (!model)
      throw new ProblemError('not-found', `The binding of this repository names no model "${key}".`);
    return model;
  }

  async plan(
    repository: BoundRepository,
    key: string,
    wanted: { kind: 'promotion' | 'rollback'; toVersion: number },
  ): Promise<ReleasePlan> {
    return planRelease(
      await gatherPlanFacts(this.#sources, repository, key, this.model(repository, key), wanted),
    );
  }

  /**
   * Records the release with its steps, then runs them in the background.
   *
   * @throws {ProblemError} `plan-outdated` with the fresh plan, `version-not-releasable`, `release-in-progress`
   */
  async start(
    repository: BoundRepository,
    key: string,
    wanted: WantedRelease,
    requester: ReleaseRequester,
    also?: AlsoRecorded,
  ): Promise<StoredRelease> {
    const model = this.model(repository, key);
    const facts = await gatherPlanFacts(this.#sources, repository, key, model, wanted);
    const plan = planRelease(facts);
    if (wanted.digest !== null && wanted.digest !== plan.digest) {
      throw new ProblemError(
        'plan-outdated',
        'Something changed since the plan was shown. Nothing was done; look at the fresh plan.',
        { plan },
      );
    }
    if (facts.unfinished) throw new ProblemError('release-in-progress', plan.blocked[0] ?? '', { plan });
    // A merge waits for what passes by itself; a person is told.
    if (wanted.digest === null && facts.endpoint?.update === 'in-progress') {
      throw new ProblemError('release-in-progress', plan.blocked.join(' '), { plan });
    }
    if (plan.blocked.length > 0) {
      throw new ProblemError('version-not-releasable', plan.blocked.join(' '), { plan });
    }
    const trained = (await this.#d.trained.byVersion(repository.id, key)).get(wanted.toVersion);
    const from = facts.champion?.version ?? null;
    const now = new Date().toISOString();
    const release: StoredRelease = {
      id: sortableId(),
      repository: repository.id,
      model: key,
      modelName: model.name,
      alias: model.alias,
      endpoint: facts.endpoint ? facts.endpoint.name : null,
      kind: wanted.kind,
      fromVersion: from,
      toVersion: wanted.toVersion,
      state: 'running',
      actor: requester.person,
      reason: wanted.reason,
      pull: facts.target.pull,
      commit: trained?.commit ?? null,
      approvals: wanted.approvals.length > 0 ? wanted.approvals : facts.approvals.counted,
      planDigest: plan.digest,
      run: trained?.run ?? null,
      endpointBefore: facts.endpoint?.served ?? null,
      is: null,
      error: null,
      steps: planSteps({ alias: model.alias, from, to: wanted.toVersion, endpoint: facts.endpoint }),
      createdAt: now,
      endedAt: null,
    };
    await this.#begin(repository, release, requester, also, wanted.digest === null);
    this.#run(repository, release, requester, 'forwards');
    return release;
  }

  async #begin(
    repository: BoundRepository,
    release: StoredRelease,
    requester: ReleaseRequester,
    also: AlsoRecorded | undefined,
    automatic: boolean,
  ): Promise<void> {
    await this.#d.transactor.transaction(async (stores) => {
      const other = await stores.releases.unfinished(release.modelName, release.alias);
      if (other) {
        throw new ProblemError('release-in-progress', `The ${describeRelease(other)} has not ended yet.`);
      }
      // Somebody rolled back while the merge was judged: it is judged again, with the hold.
      if (automatic && (await stores.releases.hold(release.modelName, release.alias))) {
        throw new ProblemError('release-in-progress', 'Automatic promotion was just put on hold.');
      }
      await stores.releases.insert(release);
      await stores.audit.append({
        ...this.#draft(repository, release, requester),
        action: 'release.started',
        outcome: 'done',
        detail: { from: release.fromVersion, plan: release.planDigest, reason: release.reason },
      });
      await also?.(stores, release);
      if (release.kind !== 'rollback' || !requester.person) return;
      const hold: StoredHold = {
        modelName: release.modelName,
        alias: release.alias,
        since: release.createdAt,
        by: requester.person,
        reason: release.reason,
        release: release.id,
      };
      await stores.releases.setHold(hold);
      await stores.audit.append({
        ...this.#draft(repository, release, requester),
        action: 'hold.set',
        outcome: 'done',
      });
    });
    this.#announce(release);
  }

  /** Goes on with a half-done release, or takes back what it changed. */
  async resolve(
    repository: BoundRepository,
    id: string,
    how: 'finish' | 'undo',
    requester: ReleaseRequester,
  ): Promise<StoredRelease> {
    const release = await this.#d.transactor.transaction(async (stores) => {
      const found = await stores.releases.find(repository.id, id);
      if (!found) throw new ProblemError('not-found', 'There is no such release.');
      if (found.state !== 'partial') {
        throw new ProblemError(
          'release-in-progress',
          `This release is ${found.state}: only a half-done one can be finished or undone.`,
        );
      }
      await stores.releases.setState(id, { state: 'running', error: null, endedAt: null });
      await markDirection(stores, found, how);
      await stores.audit.append({
        ...this.#draft(repository, found, requester),
        action: 'release.started',
        outcome: 'done',
        detail: { resolve: how },
      });
      return { ...found, state: 'running' as const, error: null, endedAt: null };
    });
    this.#announce(release);
    this.#run(repository, release, requester, how === 'finish' ? 'forwards' : 'backwards');
    return release;
  }

  /** Lets merges promote again. */
  async liftHold(repository: BoundRepository, key: string, requester: ReleaseRequester): Promise<void> {
    const model = this.model(repository, key);
    await this.#d.transactor.transaction(async (stores) => {
      const hold = await stores.releases.liftHold(model.name, model.alias);
      if (!hold) throw new ProblemError('not-found', 'Automatic promotion is not on hold.');
      await stores.audit.append({
        action: 'hold.lifted',
        outcome: 'done',
        actor: requester.actor,
        subject: key,
        repository: repository.id,
        requestId: requester.requestId,
        detail: { since: hold.since, by: hold.by.name, reason: hold.reason },
      });
    });
    this.#d.announcer.announce({ repository: repository.id, kind: 'hold', id: '', pulls: [] });
  }

  /** Runs what a stop or a crash cut off; each step looks before it acts. */
  async resume(): Promise<void> {
    for (const release of await this.#d.transactor.stores.releases.running()) {
      const repository = await this.#d.repositories.find(release.repository);
      // What was started since this process began is under way already.
      if (!repository || this.#underWay.has(release.id)) continue;
      const requester: ReleaseRequester = {
        person: release.actor,
        actor: { kind: 'system', name: 'resume' },
        requestId: null,
      };
      const undoing = release.steps.some((step) => step.state === 'undone');
      this.#run(repository, release, requester, undoing ? 'backwards' : 'forwards');
    }
  }

  /** Waits for what is under way, at most until the current wait of an endpoint's update. */
  async close(): Promise<void> {
    this.#stopping.abort();
    await Promise.allSettled(this.#underWay.values());
  }

  /** Resolves when the release has ended or was cut off. */
  async settled(id: string): Promise<void> {
    await this.#underWay.get(id);
  }

  #run(
    repository: BoundRepository,
    release: StoredRelease,
    requester: ReleaseRequester,
    direction: 'forwards' | 'backwards',
  ): void {
    const work = this.#execute(repository, release, requester, direction)
      .catch((error: unknown) => {
        this.#d.log.error(
          { err: error, release: release.id },
          'a release was cut off; it resumes at the next start',
        );
      })
      .finally(() => this.#underWay.delete(release.id));
    this.#underWay.set(release.id, work);
  }

  async #execute(
    repository: BoundRepository,
    release: StoredRelease,
    requester: ReleaseRequester,
    direction: 'forwards' | 'backwards',
  ): Promise<void> {
    const execution = this.#execution(repository, release, requester);
    let failure: string | null = null;
    let note: string | null = null;
    let acted = true;
    try {
      if (direction === 'forwards') await runSteps(execution);
      else note = await undoSteps(execution);
    } catch (error) {
      if (this.#stopping.signal.aborted) throw error;
      failure = error instanceof Error ? error.message : String(error);
      acted = !(error instanceof StepFailed) || error.acted;
    }
    const is = await readTruth(execution).catch(() => null);
    const untouched =
      (!acted && !release.steps.some((step) => step.state === 'done')) || isAsBefore(release, is);
    const state =
      failure === null
        ? direction === 'forwards'
          ? 'succeeded'
          : 'undone'
        : untouched && direction === 'forwards'
          ? 'failed'
          : 'partial';
    await this.#settle(
      repository,
      { ...release, state, is, error: failure ?? note, endedAt: execution.now() },
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
    await this.#d.transactor.transaction(async (stores) => {
      const { state, is, error, endedAt } = release;
      await stores.releases.setState(release.id, { state, is, error, endedAt });
      await stores.audit.append({
        ...this.#draft(repository, release, requester),
        action: 'release.ended',
        outcome: state === 'succeeded' || state === 'undone' ? 'done' : 'failed',
        detail: { state, from: release.fromVersion, is, error },
      });
      const hold = await stores.releases.hold(release.modelName, release.alias);
      if ((state === 'failed' || state === 'undone') && hold?.release === release.id) {
        await stores.releases.liftHold(release.modelName, release.alias);
        await stores.audit.append({
          ...this.#draft(repository, release, requester),
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
    this.#announce(release);
  }

  #execution(repository: BoundRepository, release: StoredRelease, requester: ReleaseRequester): Execution {
    const act: Act = {
      repository: repository.id,
      ref: `refs/heads/${repository.productionBranch}`,
      commit: release.commit,
      pull: release.pull,
      actor: requester.person?.name ?? requester.actor.name,
      ...personOf(requester),
      approval: release.approvals.length > 0 ? release.approvals.join(', ') : null,
      run: release.run,
    };
    return {
      target: this.#d.target,
      repository,
      release,
      act,
      endpointTimeout: this.#d.endpointTimeout,
      now: () => new Date().toISOString(),
      wait: (ms) => this.#wait(ms),
      record: async (position, step) => {
        await this.#d.transactor.transaction(async (stores) => {
          await stores.releases.setStep(release.id, position, step);
          if (step.state === 'running') return;
          await stores.audit.append({
            ...this.#draft(repository, release, requester),
            action: 'release.step',
            outcome: step.state === 'failed' ? 'failed' : 'done',
            detail: { step: step.name, state: step.state, from: step.from, to: step.to, result: step.detail },
          });
        });
        this.#announce(release);
      },
    };
  }

  #wait(ms: number): Promise<void> {
    const { signal } = this.#stopping;
    return new Promise((resolve, reject) => {
      const stop = () => {
        clearTimeout(timer);
        reject(new Error('The server stops; the release goes on at the next start.'));
      };
      const timer = setTimeout(() => {
        signal.removeEventListener('abort', stop);
        resolve();
      }, ms);
      if (signal.aborted) stop();
      else signal.addEventListener('abort', stop, { once: true });
    });
  }

  #draft(
    repository: BoundRepository,
    release: StoredRelease,
    requester: ReleaseRequester,
  ): Omit<AuditDraft, 'action' | 'outcome'> {
    return {
      actor: requester.actor,
      subject: `${release.model} v${release.toVersion}`,
      repository: repository.id,
      ref: `refs/heads/${repository.productionBranch}`,
      commit: release.commit,
      pull: release.pull,
      approval: release.approvals.length > 0 ? release.approvals.join(', ') : null,
      principal: actingIdentity(repository.binding, repository.workspace, 'releaser', personOf(requester))
        .name,
      requestId: requester.requestId,
    };
  }

  #announce(release: StoredRelease): void {
    this.#d.announcer.announce({
      repository: release.repository,
      kind: 'release',
      id: release.id,
      pulls: release.pull === null ? [] : [release.pull],
    });
  }
}
