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
 */
export function subjectOf(binding: Pick<Binding, 'id' | 'workspace'>, role: Role): string {
  return role === 'reader'
    ? `workspace:${part(binding.workspace)}:role:reader`
    : `binding:${part(binding.id)}:role:${role}`;
}
