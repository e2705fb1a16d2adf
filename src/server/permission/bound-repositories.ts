import type { AuditLog } from '../audit/entry.ts';
import type { Binding, ServerConfiguration } from '../config/server-configuration.ts';
import type { Transactor } from '../store/transactor.ts';
import type {
  BoundRepositories,
  BoundRepository,
  GiteaRepository,
  RepositorySigns,
} from './bound-repository.ts';
import type { FixedRepository, RepositoryDirectory, RepositoryStore } from './ports.ts';
import { repositoryRule } from './repository-rule.ts';

/** What the room writes to its log. */
export interface BindingLog {
  info(detail: object, message: string): void;
  error(detail: object, message: string): void;
}

interface Match {
  binding: Binding;
  /** The rule names this very repository by its id: `ml/wine#17`. */
  byId: boolean;
}

/**
 * Bindings name repositories by glob, and mean those that had the name when they were first seen: from then on
 * Gitea's immutable id counts. A name belongs to the repository that was bound under it first: one that is created,
 * renamed or transferred into that name later is another repository and gets nothing, until the admin names it by its
 * id (`ml/wine#17`).
 */
export function createBoundRepositories(dependencies: {
  configuration: Pick<ServerConfiguration, 'bindings' | 'workspaces'>;
  transactor: Transactor<{ repositories: RepositoryStore; audit: AuditLog }>;
  directory: RepositoryDirectory;
  log: BindingLog;
}): BoundRepositories {
  const { configuration, transactor, directory, log } = dependencies;
  const rules = configuration.bindings.map((binding) => ({
    binding,
    rules: binding.repositories.map(repositoryRule),
  }));
  const told = new Set<number>();

  /** Tells the admin once per repository. */
  function tell(repository: GiteaRepository, detail: object, message: string): boolean {
    if (told.has(repository.id)) return false;
    told.add(repository.id);
    log.error({ repository: repository.fullName, id: repository.id, ...detail }, message);
    return true;
  }

  function matchFor(repository: GiteaRepository): Match | null {
    const matching = rules.flatMap(({ binding, rules: of }): Match[] => {
      const fitting = of.filter(({ covers }) => covers(repository));
      return fitting.length === 0 ? [] : [{ binding, byId: fitting.some(({ byId }) => byId) }];
    });
    if (matching.length > 1) {
      const bindings = matching.map(({ binding }) => binding.id);
      tell(repository, { bindings }, 'two bindings cover one repository, so none does: change their globs');
    }
    return matching.length === 1 ? matching[0]! : null;
  }

  /** Whether the name belongs to another repository; that one may be gone. */
  async function hasForeignName({ id, fullName }: GiteaRepository): Promise<boolean> {
    const owner = await transactor.stores.repositories.ownerOfName(fullName);
    return owner !== null && owner !== id;
  }

  async function refuse(repository: GiteaRepository, binding: Binding): Promise<void> {
    const { id, fullName } = repository;
    const detail = { binding: binding.id };
    const advice = `this repository has the name of another one that was bound before, so it is not bound. If it should be, write ${fullName}#${id} into the binding`;
    if (!tell(repository, detail, advice)) return;
    await transactor.transaction(({ audit }) =>
      audit.append({
        action: 'binding.refused',
        outcome: 'refused',
        actor: { kind: 'system', name: 'permission' },
        subject: `${fullName} to the binding ${binding.id}`,
        repository: id,
        detail: { fullName, ...detail },
      }),
    );
  }

  function bound(fixed: FixedRepository): BoundRepository | null {
    const binding = configuration.bindings.find(({ id }) => id === fixed.bindingId);
    const workspace = binding && configuration.workspaces[binding.workspace];
    if (!binding || !workspace) return null;
    const [owner = '', name = ''] = fixed.fullName.split('/');
    return {
      id: fixed.id,
      fullName: fixed.fullName,
      owner,
      name,
      url: fixed.url,
      defaultBranch: fixed.defaultBranch,
      productionBranch: binding.branch ?? fixed.defaultBranch,
      binding,
      workspace,
    };
  }

  async function see(repository: GiteaRepository): Promise<BoundRepository | null> {
    const known = await transactor.stores.repositories.find(repository.id);
    const holds = known !== null && configuration.bindings.some(({ id }) => id === known.bindingId);
    if (known && holds) return bound(await refresh(known, repository));
    // New, or fixed to a binding that the admin has removed since: whichever covers it now takes it.
    const match = matchFor(repository);
    if (match === null) return null;
    const { binding, byId } = match;
    if (!byId && (await hasForeignName(repository))) {
      await refuse(repository, binding);
      return null;
    }
    const { id, fullName, url, defaultBranch } = repository;
    const fixed = { id, fullName, url, defaultBranch, bindingId: binding.id };
    await transactor.transaction(async ({ repositories, audit }) => {
      if ((await repositories.find(id))?.bindingId === binding.id) return;
      await repositories.save(fixed);
      if (byId) await repositories.giveName(fullName, id);
      await audit.append({
        action: 'binding.fixed',
        outcome: 'done',
        actor: { kind: 'system', name: 'permission' },
        subject: `${fullName} to the binding ${binding.id}`,
        repository: id,
        detail: { fullName, binding: binding.id, before: known?.bindingId ?? null },
      });
    });
    log.info({ repository: fullName, id, binding: binding.id }, 'repository fixed to its binding');
    return bound(fixed);
  }

  async function refresh(known: FixedRepository, told: GiteaRepository): Promise<FixedRepository> {
    const { fullName, url, defaultBranch } = told;
    const same = known.fullName === fullName && known.url === url && known.defaultBranch === defaultBranch;
    if (same) return known;
    const current = { ...known, fullName, url, defaultBranch };
    await transactor.transaction(({ repositories }) => repositories.save(current));
    return current;
  }

  return {
    see,
    async find(id) {
      const fixed = await transactor.stores.repositories.find(id);
      return fixed ? bound(fixed) : null;
    },
    async findByName(fullName) {
      const fixed = await transactor.stores.repositories.findByName(fullName);
      return fixed ? bound(fixed) : null;
    },
    async all() {
      const fixed = await transactor.stores.repositories.all();
      return fixed.map(bound).filter((repository) => repository !== null);
    },
    async current(id) {
      const told = await directory.find(id);
      return told && (await see(told));
    },
    async discover() {
      const signs = new Map<number, RepositorySigns>();
      for await (const { updatedAt, openPulls, ...repository } of directory.list()) {
        if (await see(repository)) signs.set(repository.id, { updatedAt, openPulls });
      }
      return signs;
    },
  };
}
