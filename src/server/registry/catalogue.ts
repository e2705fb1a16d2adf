import type { Permission } from '../../contract/person.ts';
import type { ModelList, Production, Release, ReleaseList } from '../../contract/release.ts';
import type { BoundModel } from '../config/server-configuration.ts';
import { DatabricksError } from '../databricks/error.ts';
import type { Clock } from '../duty/clock.ts';
import { systemClock } from '../duty/clock.ts';
import { ProblemError } from '../http/problem.ts';
import type { Champions } from '../metrics/ports.ts';
import type { BoundRepository } from '../permission/bound-repository.ts';
import { sortableId } from '../store/sortable-id.ts';
import type { Transactor } from '../store/transactor.ts';
import { aliasesAfter, endpointAfter, never, oldest } from './after-releases.ts';
import type { Known } from './last-known.ts';
import { LastKnown } from './last-known.ts';
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
  clock?: Clock;
}

const aliasKey = ({ workspace }: BoundRepository, model: BoundModel) =>
  `aliases:${workspace.name}:${model.name}`;

/**
 * What is in the registry and in production, for viewers and for baselines. Answers of the workspace serve
 * everybody for a moment, so that viewers cost Databricks nothing; plans and releases read past this cache.
 */
export class Catalogue implements Champions {
  readonly #d: CatalogueDependencies;
  readonly #known: LastKnown;

  constructor(dependencies: CatalogueDependencies) {
    this.#d = dependencies;
    const { transactor, freshness: freshMs, clock = systemClock } = dependencies;
    this.#known = new LastKnown({ transactor, clock, freshMs });
  }

  /** Read again at the next look: a run ended, which may have registered a version, or something was released. */
  expire(): void {
    this.#known.expire();
  }

  /** The version that the alias of a model points to now; verdicts are given by it, so an old answer never serves. */
  async current(repository: BoundRepository, key: string): Promise<{ version: number } | null> {
    const model = repository.binding.models[key];
    if (!model) return null;
    const aliases = await this.#known.now(aliasKey(repository, model), () =>
      this.#d.target.aliases(repository, model.name),
    );
    const version = aliases[model.alias];
    if (version === undefined) return null;
    await this.#adopt(repository, key, model, version);
    return { version };
  }

  /** alias → version of one model, as known last; empty where it never was. */
  async aliases(repository: BoundRepository, key: string): Promise<Record<string, number>> {
    const model = repository.binding.models[key];
    if (!model) return {};
    try {
      const releases = await this.#d.transactor.stores.releases.list(repository.id, key);
      return aliasesAfter(await this.#aliases(repository, model), releases, model);
    } catch {
      return {};
    }
  }

  #aliases(repository: BoundRepository, model: BoundModel): Promise<Known<Record<string, number>>> {
    return this.#known.read(aliasKey(repository, model), () =>
      this.#d.target.aliases(repository, model.name),
    );
  }

  /** The first alias seen was set by somebody before us: it is recorded, so that there is something to return to. */
  async #adopt(repository: BoundRepository, key: string, model: BoundModel, version: number): Promise<void> {
    if ((await this.#d.transactor.stores.releases.list(repository.id, key)).length > 0) return;
    const run = (await this.#d.trained.byVersion(repository.id, key)).get(version);
    await this.#d.transactor.transaction(async (stores) => {
      if ((await stores.releases.list(repository.id, key)).length > 0) return;
      const now = (this.#d.clock ?? systemClock).now().toISOString();
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
    const [aliases, versions, endpoint] = await Promise.all([
      this.#orUnknown(this.#aliases(repository, model), {}),
      this.#orUnknown(
        this.#known.read(`versions:${place}`, () => target.versions(repository, model.name)),
        [],
      ),
      model.endpoint
        ? this.#orUnknown(
            this.#known.read(`endpoint:${place}:${model.endpoint}`, () =>
              target.endpoint(repository, model.endpoint as string, model.name),
            ),
            null,
          )
        : ({ value: null, asOf: null } as const),
    ]);
    const champion = aliases.asOf === null ? aliases.value[model.alias] : undefined;
    if (champion !== undefined) await this.#adopt(repository, key, model, champion);
    const [runs, releases, hold] = await Promise.all([
      trained.byVersion(repository.id, key),
      transactor.stores.releases.list(repository.id, key),
      transactor.stores.releases.hold(model.name, model.alias),
    ]);
    return {
      key,
      model,
      versions: versions.value,
      aliases: aliasesAfter(aliases, releases, model),
      endpoint: endpointAfter(endpoint, releases, model),
      asOf: oldest([aliases.asOf, versions.asOf, endpoint.asOf]),
      known: versions.asOf !== never && aliases.asOf !== never,
      trained: runs,
      releases,
      hold,
      floors: repository.binding.floors,
      rules: await this.#d.rules(repository),
    };
  }

  /** While a workspace does not answer that never did: our own releases say what they say. */
  async #orUnknown<T>(answer: Promise<Known<T>>, nothing: T): Promise<Known<T>> {
    try {
      return await answer;
    } catch (error) {
      if (error instanceof DatabricksError && error.temporary) return { value: nothing, asOf: never };
      throw error;
    }
  }

  /** `asOf`: when the oldest of what is not of now was read (ISO 8601); null: all is of now, or was never read. */
  async models(
    repository: BoundRepository,
    release: Permission,
  ): Promise<Pick<ModelList, 'models'> & { asOf: string | null }> {
    const all = await Promise.all(
      Object.entries(repository.binding.models).map(([key, model]) => this.#facts(repository, key, model)),
    );
    return {
      models: all.map((facts) => modelView(facts, release)),
      asOf: oldest(all.map(({ asOf }) => asOf)),
    };
  }

  /** Of the model that the repository configuration trains; else of the binding's first. */
  async production(
    repository: BoundRepository,
    key: string | null,
    release: Permission,
  ): Promise<{
    production: Production | null;
    versions: number;
    releases: number;
    /** As of `models`. */
    asOf: string | null;
  }> {
    const chosen = key ?? Object.keys(repository.binding.models)[0];
    const model = chosen === undefined ? undefined : repository.binding.models[chosen];
    if (chosen === undefined || !model) {
      return { production: null, versions: 0, releases: 0, asOf: null };
    }
    const facts = await this.#facts(repository, chosen, model);
    return {
      production: productionView(facts, release),
      versions: facts.versions.length,
      releases: facts.releases.length,
      asOf: facts.asOf,
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
