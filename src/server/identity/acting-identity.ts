import type { Binding, WorkspaceConfiguration } from '../config/server-configuration.ts';
import type { Act, Role } from './role.ts';

/** Under whose name something happens at Databricks. */
export type ActingIdentity =
  | { kind: 'service principal' /** Application id. */; name: string }
  | { kind: 'user' /** User name. */; name: string };

/**
 * Who acts: the role's principal; for releases of people whom the binding names, started in a session of their own,
 * they themselves. Training is never done as a person, since its code would run with all of that person's rights.
 *
 * @param act absent: a read
 */
export function actingIdentity(
  binding: Pick<Binding, 'principals' | 'asUser'>,
  workspace: Pick<WorkspaceConfiguration, 'reader' | 'auth'>,
  role: Role,
  act?: Pick<Act, 'person'>,
): ActingIdentity {
  if (role === 'reader') return { kind: 'service principal', name: workspace.reader };
  const name =
    role === 'releaser' && act?.person !== undefined && workspace.auth.kind === 'federation'
      ? binding.asUser?.[String(act.person)]
      : undefined;
  return name === undefined
    ? { kind: 'service principal', name: binding.principals[role] }
    : { kind: 'user', name };
}

/**
 * The audience of tokens that speak for a person: another one than the principals' tokens have, so that the
 * account-wide policy, which takes any user's name, accepts nothing but these.
 */
export function userAudience(audience: string): string {
  return `${audience}:users`;
}
