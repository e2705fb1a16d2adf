import type { Permission } from '../../contract/person.ts';
import type { Binding } from '../config/server-configuration.ts';
import type { BoundRepository } from './bound-repository.ts';
import type { BranchForUser, RepositoryForUser } from './ports.ts';
import { besideTeams } from './teams.ts';

const allowed: Permission = { allowed: true };

function refused(code: string, reason: string): Permission {
  return { allowed: false, code, reason };
}

/**
 * What a user may do, from what Gitea says about them: write → train; release where the production branch is
 * protected and they may merge into it, or where it is not protected, for administrators of the repository only
 * (without protection Gitea says "may merge" to every writer). The audit log is for writers, what could
 * not be delivered for administrators of the repository. Where the binding names
 * teams, a member of one is asked for besides.
 *
 * @param seen the repository as Gitea shows it to the user
 * @param branch the production branch as Gitea shows it to the user; null: there is none
 * @param groups of the user; looked at where the binding names teams
 */
export function decideAccess(
  repository: Pick<BoundRepository, 'productionBranch'> & { binding?: Pick<Binding, 'teams'> },
  seen: RepositoryForUser,
  branch: BranchForUser | null,
  groups: readonly string[] = [],
): { train: Permission; release: Permission; audit: Permission; administer: Permission } {
  const { push, admin } = seen.permissions;
  const level = push ? 'write access' : 'read access';
  const grant = 'An administrator of the repository can give it to you (Settings, Collaborators).';
  const needsWrite = (what: string) =>
    refused('write-missing', `${what} needs write access to ${seen.fullName}; you have ${level}. ${grant}`);
  const writes = push || admin;
  const teams = repository.binding?.teams ?? {};
  const release = writes ? decideRelease(repository.productionBranch, seen, branch) : needsWrite('Releasing');
  return {
    train: besideTeams(writes ? allowed : needsWrite('Training'), teams.train, groups, 'Training'),
    release: besideTeams(release, teams.release, groups, 'Releasing'),
    audit: writes ? allowed : needsWrite('The audit log'),
    administer: admin
      ? allowed
      : refused(
          'admin-missing',
          `What could not be delivered is for administrators of ${seen.fullName}; you have ${level}. Another administrator of the repository can make you one (Settings, Collaborators).`,
        ),
  };
}

function decideRelease(
  production: string,
  seen: RepositoryForUser,
  branch: BranchForUser | null,
): Permission {
  if (branch === null) {
    return refused(
      'production-branch-missing',
      `Releasing follows the rules of the production branch, and ${seen.fullName} has no branch "${production}". Create it, or have the server's administrator name another in the binding.`,
    );
  }
  if (branch.protected) {
    return branch.userCanMerge
      ? allowed
      : refused(
          'merge-missing',
          `Releasing needs the right to merge into ${production}, which its protection does not give you. An administrator of the repository can add you to its merge allow-list (Settings, Branches).`,
        );
  }
  return seen.permissions.admin
    ? allowed
    : refused(
        'branch-unprotected',
        `${production} is not protected, so only administrators of ${seen.fullName} may release. An administrator can protect it and name who may merge (Settings, Branches).`,
      );
}
