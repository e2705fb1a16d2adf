import type { ReleasePlan } from '../../contract/release.ts';
import type { BoundModel } from '../config/server-configuration.ts';
import type { Clock } from '../duty/clock.ts';
import { reached } from '../duty/moments.ts';
import type { Announcer } from '../events/announcer.ts';
import { ProblemError } from '../http/problem.ts';
import type { BoundRepositories, BoundRepository } from '../permission/bound-repository.ts';
import { sortableId } from '../store/sortable-id.ts';
import type { Transactor } from '../store/transactor.ts';
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
import { announceRelease, describeRelease } from './release.ts';
import { releaseDraft } from './release-draft.ts';
import type { Asking, ReleaseRequester, WantedRelease } from './requester.ts';
import { asked } from './requester.ts';
import { markDirection, planSteps } from './steps.ts';

export interface ReleasesDependencies {
  transactor: Transactor<RegistryStores>;
  target: ReleaseTarget;
  trained: TrainedVersions;
  pulls: MergedPulls;
  rules: CurrentRules;
  repositories: BoundRepositories;
  announcer: Announcer;
  clock: Pick<Clock, 'now'>;
  /** Tells the duty that executes releases (see ReleaseRunner) that one is recorded. */
  wake(): void;
}

/** What must commit with the release's first row. */
export type AlsoRecorded = (stores: RegistryStores, release: StoredRelease) => Promise<void>;

/**
 * Releases of a repository's models: planned, recorded with their steps, and asked to be finished or undone when a
 * step failed. One at a time per registered model and alias.
 */
export class Releases {
  readonly #d: ReleasesDependencies;

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
   * Records the release with its steps; the duty `releases` executes it.
   *
   * @throws {ProblemError} `plan-outdated` with the fresh plan, `version-not-releasable`, `release-in-progress`
   */
  async start(
    repository: BoundRepository,
    key: string,
    wanted: WantedRelease,
    asking: Asking,
    also?: AlsoRecorded,
  ): Promise<StoredRelease> {
    const requester = asked(asking, this.#d.clock.now());
    const model = this.model(repository, key);
    const before = await this.#d.transactor.stores.releases.count(model.name, model.alias);
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
    const now = this.#d.clock.now().toISOString();
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
      requester,
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
    await this.#begin(repository, release, requester, also, { automatic: wanted.digest === null, before });
    this.#d.wake();
    return release;
  }

  async #begin(
    repository: BoundRepository,
    release: StoredRelease,
    requester: ReleaseRequester,
    also: AlsoRecorded | undefined,
    { automatic, before }: { automatic: boolean; before: number },
  ): Promise<void> {
    await this.#d.transactor.transaction(async (stores) => {
      const other = await stores.releases.unfinished(release.modelName, release.alias);
      if (other) {
        throw new ProblemError('release-in-progress', `The ${describeRelease(other)} has not ended yet.`);
      }
      // One that began and ended since the facts were read: they are not the facts of now.
      if ((await stores.releases.count(release.modelName, release.alias)) !== before) {
        throw new ProblemError('release-in-progress', 'Another release was just made: look at the plan.');
      }
      // Somebody rolled back while the merge was judged: it is judged again, with the hold.
      if (automatic && (await stores.releases.hold(release.modelName, release.alias))) {
        throw new ProblemError('release-in-progress', 'Automatic promotion was just put on hold.');
      }
      await stores.releases.insert(release);
      await stores.audit.append({
        ...releaseDraft(repository, release, requester, this.#d.clock.now()),
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
        ...releaseDraft(repository, release, requester, this.#d.clock.now()),
        action: 'hold.set',
        outcome: 'done',
      });
    });
    reached('release.recorded');
    announceRelease(this.#d.announcer, release);
  }

  /**
   * Goes on with a half-done release, or takes back what it changed.
   *
   * @throws DatabricksError while its workspace does not answer; nothing is written then
   */
  async resolve(
    repository: BoundRepository,
    id: string,
    how: 'finish' | 'undo',
    asking: Asking,
  ): Promise<StoredRelease> {
    const requester = asked(asking, this.#d.clock.now());
    const half = await this.#d.transactor.stores.releases.find(repository.id, id);
    // Begun while nobody answers it would only fail again.
    if (half) await this.#d.target.aliases(repository, half.modelName);
    const release = await this.#d.transactor.transaction(async (stores) => {
      const found = await stores.releases.find(repository.id, id);
      if (!found) throw new ProblemError('not-found', 'There is no such release.');
      if (found.state !== 'partial') {
        throw new ProblemError(
          'release-in-progress',
          `This release is ${found.state}: only a half-done one can be finished or undone.`,
        );
      }
      await stores.releases.setState(id, { state: 'running', error: null, endedAt: null, requester });
      await markDirection(stores, found, how);
      await stores.audit.append({
        ...releaseDraft(repository, found, requester, this.#d.clock.now()),
        action: 'release.started',
        outcome: 'done',
        detail: { resolve: how },
      });
      return { ...found, state: 'running' as const, error: null, endedAt: null, requester };
    });
    announceRelease(this.#d.announcer, release);
    this.#d.wake();
    return release;
  }

  /** Lets merges promote again. */
  async liftHold(repository: BoundRepository, key: string, requester: Asking): Promise<void> {
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
}
