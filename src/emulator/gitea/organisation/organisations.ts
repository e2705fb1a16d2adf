import { insertOwner } from '../account/users.ts';
import type { ForgeContext } from '../context.ts';
import { Refusal } from '../refusal.ts';
import type { Access, TeamRow, UserRow } from '../store/rows.ts';

/** The units a team can be given access to, by their names in Gitea's API. */
export const teamUnits = [
  'repo.code',
  'repo.issues',
  'repo.pulls',
  'repo.ext_issues',
  'repo.wiki',
  'repo.ext_wiki',
  'repo.releases',
  'repo.projects',
  'repo.packages',
  'repo.actions',
];

export interface NewTeam {
  name: string;
  description?: string;
  permission?: Access;
  includesAllRepositories?: boolean;
  canCreateRepositories?: boolean;
  units?: Record<string, string>;
}

/** Makes an organisation; whoever makes it is the first of its Owners team. */
export function createOrganisation(
  forge: ForgeContext,
  doer: UserRow,
  input: { name: string; fullName?: string; description?: string; visibility?: string },
): UserRow {
  return forge.store.transaction(() => {
    const organisation = insertOwner(forge, 'organisation', input.name, {
      fullName: input.fullName ?? '',
      description: input.description ?? '',
      visibility: input.visibility ?? 'public',
    });
    const owners = createTeam(forge, organisation, {
      name: 'Owners',
      permission: 'owner',
      includesAllRepositories: true,
      canCreateRepositories: true,
      units: {},
    });
    forge.store.teamMembers.insert({ teamId: owners.id, userId: doer.id });
    return organisation;
  });
}

/** Adds a team to an organisation. */
export function createTeam(forge: ForgeContext, organisation: UserRow, input: NewTeam): TeamRow {
  const existing = forge.store.teams.list({ organisationId: organisation.id });
  if (existing.some((team) => team.name.toLowerCase() === input.name.toLowerCase())) {
    throw new Refusal(422, `team already exists [org_id: ${organisation.id}, name: ${input.name}]`);
  }
  return forge.store.teams.insert({
    organisationId: organisation.id,
    name: input.name,
    description: input.description ?? '',
    permission: input.permission ?? 'read',
    includesAllRepositories: input.includesAllRepositories === true,
    canCreateRepositories: input.canCreateRepositories === true,
    units: input.units ?? {},
  });
}

/** Whether a user owns an organisation: a member of its Owners team, or a site admin. */
export function isOwner(forge: ForgeContext, user: UserRow, organisation: UserRow): boolean {
  if (user.isAdmin) return true;
  return teamsWithMember(forge, organisation, user).some((team) => team.permission === 'owner');
}

/** The teams of an organisation that a user is in. */
export function teamsWithMember(forge: ForgeContext, organisation: UserRow, user: UserRow): TeamRow[] {
  return forge.store.teams
    .list({ organisationId: organisation.id })
    .filter((team) => forge.store.teamMembers.find({ teamId: team.id, userId: user.id }) !== undefined);
}

/** The organisations a user is in. */
export function organisationsOf(forge: ForgeContext, user: UserRow): UserRow[] {
  return forge.store.users
    .list({ kind: 'organisation' })
    .filter((organisation) => teamsWithMember(forge, organisation, user).length > 0);
}

/** `groups` of Gitea's OpenID claims: each organisation, and each of the user's teams as `org:team`. */
export function groupsOf(forge: ForgeContext, user: UserRow): string[] {
  return organisationsOf(forge, user).flatMap((organisation) => [
    organisation.name,
    ...teamsWithMember(forge, organisation, user).map(
      (team) => `${organisation.name}:${team.name.toLowerCase()}`,
    ),
  ]);
}
