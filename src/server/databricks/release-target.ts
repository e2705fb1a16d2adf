import type { Act, WorkspaceTokens } from '../identity/role.ts';
import type { BoundRepository } from '../permission/bound-repository.ts';
import type { ReleaseTarget } from '../registry/ports.ts';
import { ModelRegistry } from './model-registry.ts';
import { Serving } from './serving.ts';
import type { WorkspaceHttp } from './workspace-http.ts';

/**
 * Registry and endpoints of the bound workspaces. Reads go as the workspace's reader; what changes something goes
 * as the binding's releaser, with a token minted for that act.
 */
export function createReleaseTarget(
  workspaces: (workspace: string) => WorkspaceHttp,
  tokens: WorkspaceTokens,
): ReleaseTarget {
  const http = ({ workspace }: BoundRepository): WorkspaceHttp => workspaces(workspace.name);
  const reader = ({ binding }: BoundRepository) => tokens.accessToken(binding.id, 'reader');
  const releaser = ({ binding }: BoundRepository, act: Act) =>
    tokens.accessToken(binding.id, 'releaser', act);

  return {
    versions: async (repository, model) =>
      new ModelRegistry(http(repository)).versions(await reader(repository), model),
    aliases: async (repository, model) =>
      new ModelRegistry(http(repository)).aliases(await reader(repository), model),
    signature: async (repository, model, version) =>
      new ModelRegistry(http(repository)).signature(await reader(repository), model, version),
    endpoint: async (repository, name, model) =>
      new Serving(http(repository)).endpoint(await reader(repository), name, model),
    setAlias: async (repository, model, alias, version, act) =>
      new ModelRegistry(http(repository)).setAlias(await releaser(repository, act), model, alias, version),
    removeAlias: async (repository, model, alias, act) =>
      new ModelRegistry(http(repository)).removeAlias(await releaser(repository, act), model, alias),
    route: async (repository, endpoint, model, served, act) =>
      new Serving(http(repository)).route(await releaser(repository, act), endpoint, model, served),
  };
}
