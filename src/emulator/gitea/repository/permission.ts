import type { ForgeContext } from '../context.ts';
import type { Access, RepositoryRow, TeamRow, UserRow } from '../store/rows.ts';

const order: readonly Access[] = ['none', 'read', 'write', 'admin', 'owner'];

/** Whether an access reaches a level. */
export function atLeast(access: Access, level: Access): boolean {
  return order.indexOf(access) >= order.indexOf(level);
}

/** The higher of two accesses. */
export function higher(one: Access, other: Access): Access {
  return atLeast(one, other) ? one : other;
}

/**
 * What a user (undefined: nobody signed in) may do with a unit of a repository. Site admins and owners have
 * everything; a public repository is readable by all; teams may give other access per unit.
 */
export function permission(
  forge: ForgeContext,
  user: UserRow | undefined,
  repository: RepositoryRow,
  unit = 'repo.code',
): Access {
  let access: Access = repository.isPrivate ? 'none' : 'read';
  if (user === undefined) return access;
  if (user.isAdmin || user.id === repository.ownerId) return 'owner';
  const collaborator = forge.store.collaborators.find({ repositoryId: repository.id, userId: user.id });
  if (collaborator !== undefined) access = higher(access, collaborator.permission);
  for (const team of teamsOf(forge, user, repository)) {
    const isUnitwise = !atLeast(team.permission, 'admin') && Object.keys(team.units).length > 0;
    access = higher(access, isUnitwise ? ((team.units[unit] ?? 'none') as Access) : team.permission);
  }
  return access;
}

/**
 * What Gitea tells of a user's permission as one word: of a team that gives access unit by unit it is the lowest
 * that is given (models/unit `MinUnitAccessMode`), whatever the unit.
 */
export function generalPermission(forge: ForgeContext, user: UserRow, repository: RepositoryRow): Access {
  // No team knows this unit, so that none gives anything for it.
  const ownAccess = permission(forge, user, repository, 'none of the units');
  return teamsOf(forge, user, repository).map(generalAccess).reduce(higher, ownAccess);
}

function generalAccess({ permission: general, units }: TeamRow): Access {
  if (atLeast(general, 'admin')) return general;
  const given = Object.values(units).filter((access): access is Access => access !== 'none');
  if (given.length === 0) return general;
  return given.reduce((lowest, access) => (atLeast(lowest, access) ? access : lowest));
}

/** The teams of a user that reach a repository. */
export function teamsOf(forge: ForgeContext, user: UserRow, repository: RepositoryRow) {
  return forge.store.teams
    .list({ organisationId: repository.ownerId })
    .filter(
      (team) =>
        forge.store.teamMembers.find({ teamId: team.id, userId: user.id }) !== undefined &&
        (team.includesAllRepositories ||
          team.permission === 'owner' ||
          forge.store.teamRepositories.find({ teamId: team.id, repositoryId: repository.id }) !== undefined),
    );
}
