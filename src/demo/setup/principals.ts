import type { WorkspaceAddress, WorkspaceClient } from './workspace-client.ts';

const roles = ['reader', 'trainer', 'releaser', 'fork'] as const;
export type Role = (typeof roles)[number];

export interface ServicePrincipal {
  /** The account's number, which policies are addressed by. */
  id: string;
  /** What grants and the backend's configuration name. */
  applicationId: string;
}

/** One service principal per role. */
export async function createPrincipals(workspace: WorkspaceClient): Promise<Record<Role, ServicePrincipal>> {
  const made = {} as Record<Role, ServicePrincipal>;
  for (const role of roles) made[role] = await createPrincipal(workspace, `gitea-${role}`);
  return made;
}

async function createPrincipal(workspace: WorkspaceClient, displayName: string): Promise<ServicePrincipal> {
  const path = '2.0/preview/scim/v2/ServicePrincipals';
  const { Resources: present = [] } = await workspace
    .get(path, { searchParams: { filter: `displayName eq "${displayName}"` } })
    .json<{ Resources?: ServicePrincipal[] }>();
  const { id, applicationId } =
    present[0] ?? (await workspace.post(path, { json: { displayName } }).json<ServicePrincipal>());
  return { id, applicationId };
}

/** The issuer as its discovery document tells it, and its public keys. */
export interface Issuer {
  issuer: string;
  /** The JWKS as text, for workspaces that cannot reach the issuer. */
  jwks: string;
}

/**
 * Lets the backend's issuer speak for each principal, under one exact subject each. The policy holds the keys
 * themselves (`jwks_json`): Databricks cannot reach a backend on loopback. A policy that is there gets the
 * present keys. The reader serves the whole workspace, the others one binding.
 */
export async function createFederationPolicies(
  workspace: WorkspaceClient,
  { accountId }: WorkspaceAddress,
  principals: Record<Role, ServicePrincipal>,
  { binding, workspaceName }: { binding: string; workspaceName: string },
  { issuer, jwks }: Issuer,
): Promise<void> {
  for (const role of roles) {
    const path = `2.0/accounts/${accountId}/servicePrincipals/${principals[role].id}/federationPolicies`;
    const oidc_policy = {
      issuer,
      audiences: [accountId],
      subject:
        role === 'reader' ? `workspace:${workspaceName}:role:reader` : `binding:${binding}:role:${role}`,
      subject_claim: 'sub',
      jwks_json: jwks,
    };
    const { policies = [] } = await workspace
      .get(path)
      .json<{ policies?: { uid: string; oidc_policy: { subject: string } }[] }>();
    const present = policies.find((policy) => policy.oidc_policy.subject === oidc_policy.subject);
    if (present) await workspace.patch(`${path}/${present.uid}`, { json: { oidc_policy } });
    else await workspace.post(path, { json: { description: `gitea-databricks, ${role}`, oidc_policy } });
  }
}
