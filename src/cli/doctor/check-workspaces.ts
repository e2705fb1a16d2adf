import type {
  Binding,
  ServerConfiguration,
  WorkspaceConfiguration,
} from '../../server/config/server-configuration.ts';
import { WorkspaceHttp } from '../../server/databricks/workspace-http.ts';
import type { SeenRepository } from '../../server/identity/federation-policies.ts';
import type { Role, WorkspaceTokens } from '../../server/identity/role.ts';
import { subjectOf } from '../../server/identity/subject.ts';
import type { Finding } from './finding.ts';
import { fault, ok, reasonOf, warning } from './finding.ts';

const costs: Partial<Record<WorkspaceConfiguration['auth']['kind'], string>> = {
  m2m: 'client secrets lie on this machine and must be rotated by hand, and Databricks cannot tie a token to a commit or run',
  'token-file':
    'one stored token does everything: nothing separates reading, training, releasing and fork code',
};

/** Whether each workspace answers, and gives each role the token of its own service principal. */
export async function checkWorkspaces(
  configuration: ServerConfiguration,
  tokens: WorkspaceTokens,
  userAgent: string,
  repositories: readonly SeenRepository[],
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const workspace of Object.values(configuration.workspaces)) {
    const cost = costs[workspace.auth.kind];
    if (cost)
      findings.push(
        warning(
          `The workspace ${workspace.name} has "auth: ${workspace.auth.kind}": ${cost}. Prefer federation.`,
        ),
      );
  }
  const readers = new Set<string>();
  for (const binding of configuration.bindings) {
    const workspace = configuration.workspaces[binding.workspace]!;
    const roles: Role[] = ['trainer', 'releaser', 'fork'];
    if (!readers.has(workspace.name)) roles.unshift('reader');
    readers.add(workspace.name);
    const each = repositories.filter(({ bindingId }) => bindingId === binding.id);
    for (const role of roles) {
      if (role === 'reader' || binding.subject !== 'repository') {
        findings.push(await checkRole({ binding, workspace, role }, tokens, userAgent));
        continue;
      }
      for (const { id } of each) {
        findings.push(await checkRole({ binding, workspace, role, repository: id }, tokens, userAgent));
      }
    }
    if (binding.subject === 'repository' && each.length === 0) {
      findings.push(
        warning(
          `The binding ${binding.id} has "subject: repository" and no repository was seen yet: start the backend once, then print its policies.`,
        ),
      );
    }
  }
  return findings;
}

async function checkRole(
  {
    binding,
    workspace,
    role,
    repository,
  }: { binding: Binding; workspace: WorkspaceConfiguration; role: Role; repository?: number },
  tokens: WorkspaceTokens,
  userAgent: string,
): Promise<Finding> {
  const principal = role === 'reader' ? workspace.reader : binding.principals[role];
  const where = repository === undefined ? '' : ` for the repository ${repository}`;
  const who = `${role} of ${role === 'reader' ? workspace.name : binding.id}${where} (${principal})`;
  try {
    const token = await tokens.accessToken(binding.id, role, undefined, repository);
    const http = new WorkspaceHttp({ host: workspace.host, userAgent });
    const me = await http.json<{ userName?: string }>(token, 'GET', '/api/2.0/preview/scim/v2/Me');
    if (workspace.auth.kind !== 'token-file' && me.userName !== principal) {
      return fault(`${who}: the token belongs to ${me.userName ?? 'nobody'}, not to this service principal.`);
    }
    return ok(`${who}: the workspace ${workspace.host} gave a token.`);
  } catch (error) {
    const advice =
      workspace.auth.kind === 'federation'
        ? ` Its federation policy must have the subject ${subjectOf(binding, role, repository)} ("gitea-databricks federation" prints it).`
        : workspace.auth.kind === 'identity-provider'
          ? ' "gitea-databricks federation" prints the policy for the tokens that the provider gives.'
          : '';
    return fault(`${who}: ${reasonOf(error)}${advice}`);
  }
}
