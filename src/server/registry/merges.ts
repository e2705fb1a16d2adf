import type { Actor } from '../audit/entry.ts';
import type { Clock } from '../duty/clock.ts';
import { reached } from '../duty/moments.ts';
import { ProblemError } from '../http/problem.ts';
import { Postpone } from '../outbox/postpone.ts';
import type { BoundRepositories, BoundRepository } from '../permission/bound-repository.ts';
import type { PromotionNotes } from '../report/ports.ts';
import type { Transactor } from '../store/transactor.ts';
import { isFinal } from '../training/transitions.ts';
import type {
  CurrentRules,
  MergedPulls,
  RegistryStores,
  ReleaseTarget,
  TrainedVersion,
  TrainedVersions,
} from './ports.ts';
import type { MergeDecision } from './promotion.ts';
import { decideOnMerge } from './promotion.ts';
import { describeRelease } from './release.ts';
import { releaseNote } from './release-note.ts';
import type { Releases } from './releases.ts';
import { standing } from './standing.ts';

export interface MergesDependencies {
  transactor: Transactor<RegistryStores>;
  target: ReleaseTarget;
  trained: TrainedVersions;
  pulls: MergedPulls;
  repositories: BoundRepositories;
  releases: Releases;
  /** What the repository configuration of now says; null: it is missing or invalid. */
  rules: CurrentRules;
  clock: Clock;
  wakeOutbox(): void;
}

/** A merged pull request as training hands it over; only its index is believed. */
export interface MergedPull {
  repository: number;
  pull: number;
}

/** How long until a merge whose run or whose predecessor has not ended is judged again, ms. */
const patience = 2_000;

/** What merges lead to: a promotion, or a sentence that says why not. Each pull request is judged once. */
export class Merges implements PromotionNotes {
  readonly #d: MergesDependencies;

  constructor(dependencies: MergesDependencies) {
    this.#d = dependencies;
  }

  /**
   * Judges a merged pull request and promotes. Safe to repeat.
   *
   * @throws {Postpone} while its run has not ended
   */
  async promote({ repository: id, pull: index }: MergedPull): Promise<void> {
    const repository = await this.#d.repositories.current(id);
    if (!repository || (await this.#d.transactor.stores.releases.decision(id, index))) return;
    const latest = await this.#d.trained.latestOfPull(id, index);
    // Nothing of it was ever trained: there is nothing to say about a promotion.
    if (!latest) return;
    if (!isFinal(latest.state)) {
      throw new Postpone(patience, `Run ${latest.number} has not ended yet.`);
    }
    const judged = await this.#judge(repository, index);
    if (!judged) return;
    const { decision, run, mergedBy } = judged;
    if (decision.kind === 'wait') throw new Postpone(patience, decision.reason);
    const actor: Actor = mergedBy
      ? { kind: 'person', id: mergedBy.id, name: mergedBy.name }
      : { kind: 'webhook', name: 'merge' };
    reached('merge.judged');
    if (decision.kind === 'not' || !run?.model) {
      const reason = decision.kind === 'not' ? decision.reason : 'The run registered no model version.';
      await this.#refuse(repository, index, run, actor, reason);
      return;
    }
    try {
      await this.#d.releases.start(
        repository,
        run.model,
        {
          kind: 'promotion',
          toVersion: decision.version,
          digest: null,
          reason: `Merged: ${run.title}`,
          approvals: judged.approvals,
        },
        { person: mergedBy, actor, requestId: null },
        (stores, release) => this.#record(stores, repository, index, run, actor, decision, release.id),
      );
    } catch (error) {
      // Another release of this model runs: it ends within minutes, and then this merge is judged afresh.
      if (!(error instanceof ProblemError)) throw error;
      if (error.code === 'release-in-progress') throw new Postpone(patience, error.message);
      if (error.code !== 'version-not-releasable') throw error;
      await this.#refuse(repository, index, run, actor, error.message);
    }
  }

  async #refuse(
    repository: BoundRepository,
    index: number,
    run: TrainedVersion | null,
    actor: Actor,
    reason: string,
  ): Promise<void> {
    await this.#d.transactor.transaction((stores) =>
      this.#record(stores, repository, index, run, actor, { kind: 'not', reason }),
    );
    this.#d.wakeOutbox();
  }

  async #judge(repository: BoundRepository, index: number) {
    const pull = await this.#d.pulls.pull(repository, index);
    if (!pull?.merged) return null;
    const run = await this.#d.trained.forMerge(repository.id, index, pull.head);
    const model = run?.model ? repository.binding.models[run.model] : undefined;
    const { releases } = this.#d.transactor.stores;
    const [approvals, hold, restoredAt, unreleasedSinceRestore, unfinished, aliases, versions] =
      await Promise.all([
        this.#d.pulls.approvals(repository, index, pull.head),
        model ? releases.hold(model.name, model.alias) : null,
        releases.restoredAt(),
        model ? releases.isUnreleasedSinceRestore(model.name, model.alias) : false,
        model ? releases.unfinished(model.name, model.alias) : null,
        model ? this.#d.target.aliases(repository, model.name) : ({} as Record<string, number>),
        run?.model ? this.#d.trained.byVersion(repository.id, run.model) : new Map<number, TrainedVersion>(),
      ]);
    const champion = model ? (aliases[model.alias] ?? null) : null;
    const rules = await this.#d.rules(repository);
    const known = champion === null ? undefined : versions.get(champion);
    const stands = run ? standing(run, champion, known, rules, repository.binding.floors) : null;
    const decision = decideOnMerge({
      onMerge: rules?.onMerge ?? run?.onMerge ?? 'none',
      mergedInto: pull.mergedInto,
      productionBranch: repository.productionBranch,
      head: pull.head,
      fork: pull.fork,
      run: run
        ? {
            number: run.number,
            state: run.state,
            final: isFinal(run.state),
            outcome: stands?.outcome ?? null,
            verdictTitle: stands?.title ?? null,
            version: run.version,
            trust: run.trust,
          }
        : null,
      hold: hold ? { by: hold.by.name, since: hold.since } : null,
      mergedAt: pull.mergedAt,
      restoredAt,
      unreleasedSinceRestore,
      approvals,
      champion,
      halfDone: unfinished?.state === 'partial' ? `The ${describeRelease(unfinished)}` : null,
    });
    return { decision, run, mergedBy: pull.mergedBy, approvals: approvals.counted };
  }

  async #record(
    stores: RegistryStores,
    repository: BoundRepository,
    index: number,
    run: TrainedVersion | null,
    actor: Actor,
    decision: Exclude<MergeDecision, { kind: 'wait' }>,
    release: string | null = null,
  ): Promise<void> {
    const promoted = decision.kind === 'promote';
    if (await stores.releases.decision(repository.id, index)) return;
    await stores.releases.decide({
      repository: repository.id,
      pull: index,
      outcome: promoted ? 'promoted' : 'not-promoted',
      reason: promoted ? `v${decision.version}` : decision.reason,
      release,
      decidedAt: this.#d.clock.now().toISOString(),
    });
    if (!promoted) {
      await stores.audit.append({
        action: 'release.not-promoted',
        outcome: 'refused',
        actor,
        subject: run?.version ? `${run.model} v${run.version}` : `pull request #${index}`,
        repository: repository.id,
        ref: `refs/heads/${repository.productionBranch}`,
        commit: run?.commit ?? null,
        pull: index,
        detail: { reason: decision.reason },
      });
    }
    await stores.outbox.enqueue({
      topic: 'report',
      key: `report:${repository.id}:${index}`,
      payload: { repository: repository.id, pull: index },
    });
  }

  /** What a merge will do, or did: for the comment and the pull-request box. null: nothing worth saying. */
  async forPull(id: number, index: number, head: string): Promise<string | null> {
    const repository = await this.#d.repositories.find(id);
    if (!repository) return null;
    const { releases } = this.#d.transactor.stores;
    const decision = await releases.decision(repository.id, index);
    if (decision?.outcome === 'not-promoted') return `Not promoted: ${decision.reason}`;
    if (decision?.release) {
      const release = await releases.find(repository.id, decision.release);
      if (release)
        return releaseNote(release, await this.#laterRollback(repository, release.model, release.id));
    }
    const openRun = await this.#d.trained.forMerge(id, index, head);
    if (!openRun?.model || openRun.onMerge !== 'promote' || openRun.outcome !== 'pass') return null;
    const model = repository.binding.models[openRun.model];
    if (!model || openRun.version === null) return null;
    const hold = await releases.hold(model.name, model.alias);
    if (hold)
      return `Merging does not promote v${openRun.version}: on hold since ${hold.by.name} rolled back.`;
    if (await releases.isUnreleasedSinceRestore(model.name, model.alias))
      return `Merging does not promote v${openRun.version}: a backup was restored, and the first release after it is a person’s.`;
    return `Merging releases v${openRun.version} as ${model.alias}.`;
  }

  /** A rollback that took this release's version out of production again. */
  async #laterRollback(repository: BoundRepository, model: string, release: string) {
    const list = await this.#d.transactor.stores.releases.list(repository.id, model);
    const later = list.filter((entry) => entry.id > release && entry.state === 'succeeded').at(-1);
    return later?.kind === 'rollback' ? later : null;
  }
}
