import type { ForgeContext } from '../context.ts';
import { teamUnits } from '../organisation/organisations.ts';
import type { TeamRow, UserRow } from '../store/rows.ts';

/** An organisation as the API shows it. */
export function organisationJson(forge: ForgeContext, organisation: UserRow) {
  return {
    id: organisation.id,
    name: organisation.name,
    full_name: organisation.fullName,
    email: organisation.email,
    avatar_url: `${forge.settings.rootUrl}avatars/${organisation.avatar}`,
    description: organisation.description,
    website: organisation.website,
    location: organisation.location,
    visibility: organisation.visibility,
    repo_admin_change_team_access: false,
    username: organisation.name,
  };
}

/** A team as the API shows it, with its organisation where asked for. */
export function teamJson(forge: ForgeContext, team: TeamRow, withOrganisation: boolean) {
  const isUnitwise = Object.keys(team.units).length > 0;
  const units = isUnitwise
    ? team.units
    : Object.fromEntries(teamUnits.map((unit) => [unit, team.permission]));
  return {
    id: team.id,
    name: team.name,
    description: team.description,
    organization: withOrganisation
      ? organisationJson(forge, forge.store.users.get(team.organisationId)!)
      : null,
    includes_all_repositories: team.includesAllRepositories,
    permission: team.permission,
    units: Object.keys(units),
    units_map: units,
    can_create_org_repo: team.canCreateRepositories,
  };
}
