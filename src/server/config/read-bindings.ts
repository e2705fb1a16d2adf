import picomatch from 'picomatch';
import type { Static } from 'typebox';
import { nearestName } from './nearest-name.ts';
import type { Reader } from './reader.ts';
import type { Binding } from './server-configuration.ts';
import type { ServerFile } from './server-schema.ts';
import type { DocumentPath } from './yaml-document.ts';

type GivenFile = Static<typeof ServerFile>;

/** The bindings, with what they say about each other and about their workspaces. */
export function readBindings(given: GivenFile, reader: Reader): Binding[] {
  const seen = new Set<string>();
  return given.bindings.map((binding, position) => {
    const at = ['bindings', position];
    if (seen.has(binding.id))
      reader.report([...at, 'id'], `There are two bindings "${binding.id}": each id is used once.`);
    seen.add(binding.id);
    const workspace = Object.hasOwn(given.workspaces, binding.workspace)
      ? given.workspaces[binding.workspace]
      : undefined;
    if (workspace === undefined) {
      const names = Object.keys(given.workspaces);
      const near = nearestName(binding.workspace, names);
      const advice = near ? `Did you mean "${near}"?` : `There are: ${names.join(', ') || 'none'}.`;
      reader.report([...at, 'workspace'], `There is no workspace "${binding.workspace}". ${advice}`);
    } else if (workspace.auth === 'm2m') {
      for (const [role, id] of Object.entries(binding.principals)) {
        if (Object.hasOwn(workspace.client_secret_files ?? {}, id)) continue;
        reader.report(
          [...at, 'principals', role],
          `The workspace "${binding.workspace}" has "auth: m2m" and no client secret for ${id}: add it to "client_secret_files".`,
        );
      }
    }
    if (workspace?.auth === 'identity-provider') {
      for (const [role, id] of Object.entries(binding.principals)) {
        if (Object.hasOwn(workspace.identity_provider?.principals ?? {}, id)) continue;
        reader.report(
          [...at, 'principals', role],
          `The workspace "${binding.workspace}" has "auth: identity-provider" and nothing for ${id}: add it to "identity_provider.principals".`,
        );
      }
    }
    if (workspace && workspace.auth !== 'federation' && binding.subject === 'repository') {
      reader.report(
        [...at, 'subject'],
        `"subject: repository" needs "auth: federation": other tokens are not the backend’s; this workspace has "auth: ${workspace.auth}".`,
      );
    }
    if (workspace && binding.as_user)
      checkAsUser(binding.as_user, workspace.auth, [...at, 'as_user'], reader);
    checkPrincipals(binding.principals, [...at, 'principals'], reader);
    checkForksApart(given, position, reader);
    binding.repositories.forEach((glob, index) => {
      try {
        picomatch.makeRe(glob, { strictBrackets: true });
      } catch (error) {
        reader.report(
          [...at, 'repositories', index],
          `"${glob}" is no pattern: ${(error as Error).message}.`,
        );
      }
    });
    const models = Object.entries(binding.models ?? {}).map(([key, model]) => [
      key,
      { name: model.name, alias: model.alias, endpoint: model.endpoint ?? null },
    ]);
    return {
      id: binding.id,
      repositories: binding.repositories,
      workspace: binding.workspace,
      branch: binding.branch === undefined || binding.branch === 'default' ? null : binding.branch,
      experiment: binding.experiment,
      jobs: binding.jobs ?? {},
      models: Object.fromEntries(models) as Binding['models'],
      principals: binding.principals,
      floors: binding.floors ?? {},
      ...(binding.subject && { subject: binding.subject }),
      ...(binding.as_user && { asUser: binding.as_user }),
      ...(binding.teams && { teams: binding.teams }),
    };
  });
}

/** Code of a fork must never get what the trainer or the releaser may do; nor training code what the releaser may. */
function checkPrincipals(principals: Binding['principals'], path: DocumentPath, reader: Reader): void {
  const { trainer, releaser, fork } = principals;
  if (fork === trainer || fork === releaser) {
    reader.report(
      [...path, 'fork'],
      '"fork" must be a service principal of its own: code from forks gets its rights.',
    );
  }
  if (trainer === releaser) {
    reader.report(
      [...path, 'releaser'],
      '"releaser" must be another service principal than "trainer": else training code could release.',
    );
  }
}

/**
 * The same beyond one binding: who runs forks' code in one must not be a reader, nor train or release in another, and
 * who trains in one must not release in another. Principals belong to the account, so workspaces do not separate them.
 */
function checkForksApart({ bindings, workspaces }: GivenFile, position: number, reader: Reader): void {
  const own = bindings[position]!;
  const path = ['bindings', position, 'principals'];
  const { fork, trainer } = own.principals;
  for (const [name, workspace] of Object.entries(workspaces)) {
    if (workspace.reader !== fork) continue;
    reader.report(
      [...path, 'fork'],
      `"fork" is the reader of the workspace "${name}", too: code from forks could read what every binding has.`,
    );
  }
  for (const [index, other] of bindings.entries()) {
    if (index === position) continue;
    for (const role of ['trainer', 'releaser'] as const) {
      if (other.principals[role] !== fork) continue;
      reader.report(
        [...path, 'fork'],
        `"fork" is the ${role} of the binding "${other.id}", too: code from forks would get its rights there.`,
      );
    }
    if (other.principals.releaser !== trainer) continue;
    reader.report(
      [...path, 'trainer'],
      `"trainer" is the releaser of the binding "${other.id}", too: training code could release there.`,
    );
  }
}

/** Who may be acted as: only the built-in issuer can say so, and nobody stands for two people. */
function checkAsUser(people: Record<string, string>, auth: string, path: DocumentPath, reader: Reader): void {
  if (auth !== 'federation') {
    reader.report(
      path,
      `"as_user" needs "auth: federation": only the backend’s own issuer can speak for a person; this workspace has "auth: ${auth}".`,
    );
  }
  const seen = new Map<string, string>();
  for (const [id, name] of Object.entries(people)) {
    const other = seen.get(name.toLowerCase());
    if (other !== undefined) {
      reader.report(
        [...path, id],
        `The users ${other} and ${id} of Gitea are both ${name}: one person each.`,
      );
    }
    seen.set(name.toLowerCase(), id);
  }
}
