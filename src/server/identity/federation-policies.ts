import { decodeJwt } from 'jose';
import type { Binding, ServerConfiguration, WorkspaceConfiguration } from '../config/server-configuration.ts';
import { actingIdentity, userAudience } from './acting-identity.ts';
import type { KeySet } from './issuer.ts';
import type { ProviderTokens } from './provider-ports.ts';
import type { Role } from './role.ts';
import { subjectOf } from './subject.ts';

/** A policy that an account's admin creates for one service principal, or for the account. */
export interface FederationPolicy {
  workspace: string;
  accountId: string;
  /** Application id of the service principal; null: the account-wide policy. */
  principal: string | null;
  /** A short name for it, unique within the list. */
  label: string;
  /** What it is for, in words. */
  description: string;
  /** Body of `POST …/servicePrincipals/{id}/federationPolicies`, or of the account's `…/federationPolicies`. */
  policy: {
    oidc_policy: {
      issuer: string;
      audiences: string[];
      /** Absent in an account-wide policy, which takes every user's name. */
      subject?: string;
      /** Absent where Databricks fetches the keys from the issuer. */
      jwks_json?: string;
    };
  };
}

interface Need {
  binding: Binding;
  workspace: WorkspaceConfiguration;
  role: Role;
  subject: string;
  principal: string;
  label: string;
  description: string;
}

const roles = ['reader', 'trainer', 'releaser', 'fork'] as const;

/** A repository that a binding was fixed to. */
export interface SeenRepository {
  id: number;
  bindingId: string;
}

/** What each principal of the configuration is for; a reader is named once per workspace. */
function needs(
  configuration: Pick<ServerConfiguration, 'bindings' | 'workspaces'>,
  repositories: readonly SeenRepository[],
): Need[] {
  const found = new Map<string, Need>();
  for (const binding of configuration.bindings) {
    const workspace = configuration.workspaces[binding.workspace];
    if (!workspace) continue;
    const each = repositories.filter(({ bindingId }) => bindingId === binding.id);
    for (const role of roles) {
      const reads = role === 'reader';
      const perRepository = !reads && binding.subject === 'repository';
      for (const { id } of perRepository ? each : [{ id: undefined }]) {
        const subject = subjectOf(binding, role, id);
        if (found.has(subject)) continue;
        const of = id === undefined ? '' : ` for the repository ${id}`;
        found.set(subject, {
          binding,
          workspace,
          role,
          subject,
          principal: actingIdentity(binding, workspace, role).name,
          label: `${role}_${reads ? workspace.name : binding.id}${id === undefined ? '' : `_${id}`}`,
          description: reads
            ? `reads the workspace ${workspace.name}`
            : `${role} of the binding ${binding.id}${of}`,
        });
      }
    }
  }
  return [...found.values()];
}

/**
 * Every policy for the backend's own issuer that the configuration needs, one per (principal, subject), and one for
 * the account where people are acted as.
 *
 * @param repositories that were fixed to bindings, for those whose subjects name the repository
 * @param keys carried in the policies, so that Databricks need not reach the backend; a rotation then means changing
 *   them. null: Databricks fetches the keys from the issuer, which it must reach
 */
export function federationPolicies(
  configuration: Pick<ServerConfiguration, 'bindings' | 'workspaces' | 'publicUrl'>,
  keys: KeySet | null,
  repositories: readonly SeenRepository[] = [],
): FederationPolicy[] {
  const issuer = configuration.publicUrl.replace(/\/+$/, '');
  const verification = keys === null ? {} : { jwks_json: JSON.stringify(keys) };
  const policies: FederationPolicy[] = [];
  for (const need of needs(configuration, repositories)) {
    const { binding, workspace, role, subject, principal, label, description } = need;
    if (workspace.auth.kind !== 'federation') continue;
    const { audience } = workspace.auth;
    const about = { workspace: workspace.name, accountId: workspace.accountId };
    policies.push({
      ...about,
      principal,
      label,
      description,
      policy: { oidc_policy: { issuer, audiences: [audience], subject, ...verification } },
    });
    const known = policies.some(
      (one) => one.principal === null && one.accountId === about.accountId && sameAudience(one, audience),
    );
    if (role !== 'releaser' || !binding.asUser || known) continue;
    policies.push({
      ...about,
      principal: null,
      label: `people_${workspace.name}`,
      description: 'people who release, as themselves: whoever holds the keys of this issuer can be any user',
      policy: { oidc_policy: { issuer, audiences: [userAudience(audience)], ...verification } },
    });
  }
  return policies;
}

const sameAudience = ({ policy }: FederationPolicy, audience: string) =>
  policy.oidc_policy.audiences.includes(userAudience(audience));

/**
 * Policies for the organisation's provider. What its tokens say of themselves is read from one of each principal,
 * because every provider names its clients in another way. Databricks fetches the keys from the provider.
 *
 * Rejects where the provider gives no token, or one that no policy can describe.
 */
export async function providerPolicies(
  configuration: Pick<ServerConfiguration, 'bindings' | 'workspaces'>,
  provider: ProviderTokens,
): Promise<FederationPolicy[]> {
  const policies: FederationPolicy[] = [];
  for (const { workspace, principal, label, description } of needs(configuration, [])) {
    if (workspace.auth.kind !== 'identity-provider') continue;
    if (policies.some((one) => one.principal === principal)) continue;
    const { iss, aud, sub } = decodeJwt(await provider.subjectToken(workspace.auth.provider, principal));
    if (iss === undefined || aud === undefined || sub === undefined) {
      throw new Error(
        `The provider's token for ${principal} lacks iss, aud or sub: no policy can describe it.`,
      );
    }
    policies.push({
      workspace: workspace.name,
      accountId: workspace.accountId,
      principal,
      label,
      description,
      policy: { oidc_policy: { issuer: iss, audiences: [aud].flat(), subject: sub } },
    });
  }
  return policies;
}
