import type { Permission } from '../../contract/person.ts';
import type { ModelList, Production, Release, ReleaseList } from '../../contract/release.ts';
import type { BoundModel } from '../config/server-configuration.ts';
import { DatabricksError } from '../databricks/error.ts';
import { ProblemError } from '../http/problem.ts';
import type { Champions } from '../metrics/ports.ts';
import type { BoundRepository } from '../permission/bound-repository.ts';
import { sortableId } from '../store/sortable-id.ts';
import type { Transactor } from '../store/transactor.ts';
import type { CurrentRules, RegistryStores, ReleaseTarget, TrainedVersions } from './ports.ts';
import type { StoredRelease } from './release.ts';
import type { ModelFacts } from './views.ts';
import { holdView, modelView, productionView, releaseView } from './views.ts';

export interface CatalogueDependencies {
  transactor: Transactor<RegistryStores>;
  target: ReleaseTarget;
  trained: TrainedVersions;
  rules: CurrentRules;
  /** How long an answer of the workspace serves all viewers, ms. */
  freshness: number;
}

/**
 * What is in the registry and in production, for viewers and for baselines. Answers of the workspace serve
 * everybody for a moment, so that viewers cost Databricks nothing; plans and releases read past this cache.
 */
export class Catalogue implements Champions {
  readonly #d: CatalogueDependencies;
  readonly #cache = new Map<string, { until: number; value: Promise<unknown> }>();
  /** What was read last, for while the workspace does not answer. */
  readonly #lastKnown = new Map<string, unknown>();

  constructor(dependencies: CatalogueDependencies) {
    this.#d = dependencies;
  }

  /** @param stale whether what was read last serves while the workspace does not answer: to show, never to judge by */
  #cached<T>(key: string, read: () => Promise<T>, stale = true): Promise<T> {
    const found = this.#cache.get(key);
    if (found && found.until > Date.now()) return found.value as Promise<T>;
    const value = read().then(
      (answer) => {
        this.#lastKnown.set(key, answer);
        return answer;
      },
      (error: unknown) => {
        this.#cache.delete(key);
        const temporary = error instanceof DatabricksError && error.temporary;
        if (stale && temporary && this.#lastKnown.has(key)) return this.#lastKnown.get(key) as T;
        throw error;
      },
    );
    this.#cache.set(key, { until: Date.now() + this.#d.freshness, value });
    return value;
  }

  /** Read again at the next look: a run ended, which may have registered a version. */
  expire(): void {
    this.#cache.clear();
  }

  /** Forget what was read: something was released. */
  refresh(): void {
    this.#cache.clear();
    this.#lastKnown.clear();
  }

  /** The version that the alias of a model points to now; verdicts are given by it, so an old answer never serves. */
  async current(repository: BoundRepository, key: string): Promise<{ version: number } | null> {
    const model = repository.binding.models[key];
    if (!model) return null;
    const aliases = await this.#cached(
      `champion:${repository.workspace.name}:${model.name}`,
      () => this.#d.target.aliases(repository, model.name),
      false,
    );
    const version = aliases[model.alias];
    if (version === undefined) return null;
    await this.#adopt(repository, key, model, version);
    return { version };
  }

  /** alias → version of one model; empty while the workspace does not answer. */
  async aliases(repository: BoundRepository, key: string): Promise<Record<string, number>> {
    const model = repository.binding.models[key];
    return model ? await this.#aliases(repository, model).catch(() => ({})) : {};
  }

  #aliases(repository: BoundRepository, model: BoundModel): Promise<Record<string, number>> {
    return this.#cached(`aliases:${repository.workspace.name}:${model.name}`, () =>
      this.#d.target.aliases(repository, model.name),
    );
  }

  /** The first alias seen was set by somebody before us: it is recorded, so that there is something to return to. */
  async #adopt(repository: BoundRepository, key: string, model: BoundModel, version: number): Promise<void> {
    if ((await this.#d.transactor.stores.releases.list(repository.id, key)).length > 0) return;
    const run = (await this.#d.trained.byVersion(repository.id, key)).get(version);
    await this.#d.transactor.transaction(async (stores) => {
      if ((await stores.releases.list(repository.id, key)).length > 0) return;
      const now = new Date().toISOString();
      const release: StoredRelease = {
        id: sortableId(),
        repository: repository.id,
        model: key,
        modelName: model.name,
        alias: model.alias,
        endpoint: model.endpoint,
        kind: 'adopted',
        fromVersion: null,
        toVersion: version,
        state: 'succeeded',
        actor: null,
        requester: null,
        reason: 'Found in production when this repository was first looked at',
        pull: run?.pull ?? null,
        commit: run?.commit ?? null,
        approvals: [],
        planDigest: null,
        run: run?.run ?? null,
        endpointBefore: null,
        is: { alias: version, traffic: null },
        error: null,
        steps: [],
        createdAt: now,
        endedAt: now,
      };
      await stores.releases.insert(release);
      await stores.audit.append({
        action: 'release.adopted',
        outcome: 'done',
        actor: { kind: 'system', name: 'catalogue' },
        subject: `${key} v${version}`,
        repository: repository.id,
        commit: release.commit,
        detail: { alias: model.alias, model: model.name },
      });
    });
  }

  async #facts(repository: BoundRepository, key: string, model: BoundModel): Promise<ModelFacts> {
    const { target, trained, transactor } = this.#d;
    const place = `${repository.workspace.name}:${model.name}`;
    const aliases = await this.#aliases(repository, model);
    const champion = aliases[model.alias];
    if (champion !== undefined) await this.#adopt(repository, key, model, champion);
    const [versions, endpoint, runs, releases, hold] = await Promise.all([
      this.#cached(`versions:${place}`, () => target.versions(repository, model.name)),
      model.endpoint
        ? this.#cached(`endpoint:${place}`, () =>
            target.endpoint(repository, model.endpoint as string, model.name),
          )
        : null,
      trained.byVersion(repository.id, key),
      transactor.stores.releases.list(repository.id, key),
      transactor.stores.releases.hold(model.name, model.alias),
    ]);
    return {
      key,
      model,
      versions,
      aliases,
      endpoint,
      trained: runs,
      releases,
      hold,
      floors: repository.binding.floors,
      rules: await this.#d.rules(repository),
    };
  }

  async models(repository: BoundRepository, release: Permission): Promise<ModelList> {
    const models = await Promise.all(
      Object.entries(repository.binding.models).map(async ([key, model]) =>
        modelView(await this.#facts(repository, key, model), release),
      ),
    );
    return { models };
  }

  /** Of the model that the repository configuration trains; else of the binding's first. */
  async production(
    repository: BoundRepository,
    key: string | null,
    release: Permission,
  ): Promise<{ production: Production | null; versions: number; releases: number }> {
    const chosen = key ?? Object.keys(repository.binding.models)[0];
    const model = chosen === undefined ? undefined : repository.binding.models[chosen];
    if (chosen === undefined || !model) return { production: null, versions: 0, releases: 0 };
    const facts = await this.#facts(repository, chosen, model);
    return {
      production: productionView(facts, release),
      versions: facts.versions.length,
      releases: facts.releases.length,
    };
  }

  /** @throws {ProblemError} `not-found` */
  async release(repository: BoundRepository, id: string): Promise<Release> {
    const all = await this.#d.transactor.stores.releases.list(repository.id);
    const found = all.find((entry) => entry.id === id);
    if (!found) throw new ProblemError('not-found', 'There is no such release.');
    return releaseView(found, all, await this.#d.trained.byVersion(repository.id, found.model));
  }

  async releases(repository: BoundRepository, release: Permission): Promise<ReleaseList> {
    const keys = Object.keys(repository.binding.models);
    const all = await this.#d.transactor.stores.releases.list(repository.id);
    const trained = new Map(
      await Promise.all(
        keys.map(async (key) => [key, await this.#d.trained.byVersion(repository.id, key)] as const),
      ),
    );
    const holds = await Promise.all(
      Object.values(repository.binding.models).map((model) =>
        this.#d.transactor.stores.releases.hold(model.name, model.alias),
      ),
    );
    const primary = [...trained.values()].flatMap((runs) => [...runs.values()]).at(-1)?.primary ?? null;
    return {
      items: all.map((entry) => releaseView(entry, all, trained.get(entry.model) ?? new Map())),
      hold: holdView(holds.find((hold) => hold !== null) ?? null),
      primary,
      lift: release,
      release,
    };
  }
}
