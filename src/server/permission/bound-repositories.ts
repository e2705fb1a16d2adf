import picomatch from 'picomatch';
import type { AuditLog } from '../audit/entry.ts';
import type { Binding, ServerConfiguration } from '../config/server-configuration.ts';
import type { Transactor } from '../store/transactor.ts';
import type { BoundRepositories, BoundRepository, GiteaRepository } from './bound-repository.ts';
import type { FixedRepository, RepositoryDirectory, RepositoryStore } from './ports.ts';

/** What the room writes to its log. */
export interface BindingLog {
  info(detail: object, message: string): void;
  error(detail: object, message: string): void;
}

/**
 * Bindings name repositories by glob, and mean those that had the name when they were first seen: from then on
 * Gitea's immutable id counts, so that renaming another repository into a glob gives it nothing of the old one.
 */
export function createBoundRepositories(dependencies: {
  configuration: Pick<ServerConfiguration, 'bindings' | 'workspaces'>;
  transactor: Transactor<{ repositories: RepositoryStore; audit: AuditLog }>;
  directory: RepositoryDirectory;
  log: BindingLog;
}): BoundRepositories {
  const { configuration, transactor, directory, log } = dependencies;
  const matchers = configuration.bindings.map((binding) => ({
    binding,
    matches: picomatch(binding.repositories, { nocase: true }),
  }));
  const told = new Set<number>();

  function bindingFor(repository: GiteaRepository): Binding | null {
    const matching = matchers
      .filter(({ matches }) => matches(repository.fullName))
      .map(({ binding }) => binding);
    if (matching.length > 1 && !told.has(repository.id)) {
      told.add(repository.id);
      log.error(
        { repository: repository.fullName, bindings: matching.map(({ id }) => id) },
        'two bindings cover one repository, so none does: change their globs',
      );
    }
    return matching.length === 1 ? matching[0]! : null;
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
    const binding = bindingFor(repository);
    if (binding === null) return null;
    const { id, fullName, url, defaultBranch } = repository;
    const fixed = { id, fullName, url, defaultBranch, bindingId: binding.id };
    await transactor.transaction(async ({ repositories, audit }) => {
      if ((await repositories.find(id))?.bindingId === binding.id) return;
      await repositories.save(fixed);
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
    await transactor.stores.repositories.save(current);
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
    async discover() {
      for await (const repository of directory.list()) await see(repository);
    },
  };
}
