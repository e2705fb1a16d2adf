import type { ServerConfiguration } from '../config/server-configuration.ts';
import type { KeySet } from './issuer.ts';
import type { Role } from './role.ts';
import { subjectOf } from './subject.ts';

/** A policy that an account's admin creates for one service principal. */
export interface FederationPolicy {
  workspace: string;
  accountId: string;
  /** Application id of the service principal. */
  principal: string;
  /** What the principal is for, in words. */
  description: string;
  /** Body of `POST …/servicePrincipals/{id}/federationPolicies`. */
  policy: {
    oidc_policy: { issuer: string; audiences: string[]; subject: string; jwks_json: string };
  };
}

/**
 * Every policy that the configuration needs, one per (principal, subject). They carry the key set, so that
 * Databricks need not reach the backend; a rotation then means creating them anew.
 */
export function federationPolicies(configuration: ServerConfiguration, keys: KeySet): FederationPolicy[] {
  const issuer = configuration.publicUrl.replace(/\/+$/, '');
  const policies: FederationPolicy[] = [];
  const known = new Set<string>();
  for (const binding of configuration.bindings) {
    const workspace = configuration.workspaces[binding.workspace];
    if (workspace?.auth.kind !== 'federation') continue;
    const principals: Record<Role, string> = { ...binding.principals, reader: workspace.reader };
    for (const role of ['reader', 'trainer', 'releaser', 'fork'] as const) {
      const subject = subjectOf(binding, role);
      if (known.has(subject)) continue;
      known.add(subject);
      policies.push({
        workspace: workspace.name,
        accountId: workspace.accountId,
        principal: principals[role],
        description:
          role === 'reader'
            ? `reads the workspace ${workspace.name}`
            : `${role} of the binding ${binding.id}`,
        policy: {
          oidc_policy: {
            issuer,
            audiences: [workspace.auth.audience],
            subject,
            jwks_json: JSON.stringify(keys),
          },
        },
      });
    }
  }
  return policies;
}
