import type { Binding } from '../config/server-configuration.ts';
import type { Role } from './role.ts';

/** Percent-encodes all but letters, digits, "-", "_" and ".": no name can break out of its part (hazard 12). */
function part(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*~]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/**
 * The subject of a role's tokens. It holds immutable ids only; a federation policy matches it exactly.
 * There is one reader per workspace, since a principal takes at most 20 policies.
 *
 * @param repository Gitea's id, where the binding's subjects name the repository (hazard 11): one that is created
 *   anew under an old name has another id, so that Databricks itself refuses it
 */
export function subjectOf(
  binding: Pick<Binding, 'id' | 'workspace' | 'subject'>,
  role: Role,
  repository?: number,
): string {
  if (role === 'reader') return `workspace:${part(binding.workspace)}:role:reader`;
  if (binding.subject !== 'repository') return `binding:${part(binding.id)}:role:${role}`;
  if (repository === undefined || !Number.isSafeInteger(repository)) {
    throw new Error(`The subjects of the binding ${binding.id} name a repository, and none was given.`);
  }
  return `repository:${repository}:role:${role}`;
}
