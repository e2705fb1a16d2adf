import { findOwner, findUser } from '../account/users.ts';
import {
  createOrganisation,
  createTeam,
  isOwner,
  teamsWithMember,
  teamUnits,
} from '../organisation/organisations.ts';
import { Refusal } from '../refusal.ts';
import { permission } from '../repository/permission.ts';
import { findRepository } from '../repository/repositories.ts';
import type { Access, TeamRow, UserRow } from '../store/rows.ts';
import { organisationJson, teamJson } from '../wire/organisation-json.ts';
import { repositoryJson } from '../wire/repository-json.ts';
import { userJson } from '../wire/user-json.ts';
import { notFound } from './api-error.ts';
import { paged } from './paging.ts';
import type { AddRoute, ApiCall } from './router.ts';
import { newRepository, organisationInput, repositoriesOf } from './user-routes.ts';

/** Organisations and their teams. */
export function organisationRoutes(route: AddRoute): void {
  const org = ['organization'] as const;
  route('POST', '/orgs', org, (call) => {
    const organisation = createOrganisation(call.forge, call.doer(), organisationInput(call.body));
    return call.created(organisationJson(call.forge, organisation));
  });
  route('GET', '/orgs/:org', org, (call) => organisationJson(call.forge, organisationOf(call)));
  route('GET', '/orgs/:org/repos', ['organization', 'repository'], (call) =>
    repositoriesOf(call, organisationOf(call)),
  );
  route('POST', '/orgs/:org/repos', ['organization', 'repository'], (call) => {
    call.doer();
    return newRepository(call, organisationOf(call));
  });
  route('GET', '/orgs/:org/members', org, (call) => {
    const organisation = organisationOf(call);
    const members = call.forge.store.users
      .list({ kind: 'user' })
      .filter((one) => teamsWithMember(call.forge, organisation, one).length > 0);
    return paged(call, members).map((one) => userJson(call.forge, one, call.user));
  });
  route('GET', '/orgs/:org/teams', org, (call) => {
    const organisation = organisationOf(call);
    requireMember(call, organisation);
    const teams = call.forge.store.teams.list({ organisationId: organisation.id });
    return paged(call, teams).map((team) => teamJson(call.forge, team, false));
  });
  route('POST', '/orgs/:org/teams', org, (call) => {
    const organisation = organisationOf(call);
    requireOwner(call, organisation);
    const given = call.body.text('permission') ?? 'read';
    if (!['read', 'write', 'admin'].includes(given)) throw new Refusal(422, `invalid permission: ${given}`);
    const units = call.body.map('units_map');
    const named = Object.fromEntries((call.body.texts('units') ?? []).map((unit) => [unit, given]));
    const unknown = Object.keys(units ?? named).find((unit) => !teamUnits.includes(unit));
    if (unknown !== undefined) throw new Refusal(422, `unknown unit: ${unknown}`);
    const isUnitwise = given !== 'admin' && units !== undefined;
    const team = createTeam(call.forge, organisation, {
      name: call.body.required('name'),
      description: call.body.text('description'),
      permission: isUnitwise ? 'none' : (given as Access),
      includesAllRepositories: call.body.flag('includes_all_repositories'),
      canCreateRepositories: call.body.flag('can_create_org_repo'),
      units: given === 'admin' ? {} : (units ?? named),
    });
    return call.created(teamJson(call.forge, team, true));
  });

  route('GET', '/teams/:id', org, (call) => teamJson(call.forge, teamOf(call), true));
  route('DELETE', '/teams/:id', org, (call) => {
    const team = teamOf(call, 'owner');
    call.forge.store.transaction(() => {
      call.forge.store.teamMembers.remove({ teamId: team.id });
      call.forge.store.teamRepositories.remove({ teamId: team.id });
      call.forge.store.teams.remove({ id: team.id });
    });
  });
  route('GET', '/teams/:id/members', org, (call) => {
    const members = call.forge.store.teamMembers.list({ teamId: teamOf(call).id });
    return paged(call, members).map((one) =>
      userJson(call.forge, call.forge.store.users.get(one.userId)!, call.user),
    );
  });
  route('PUT', '/teams/:id/members/:username', org, (call) => {
    const member = memberRow(call);
    if (call.forge.store.teamMembers.find(member) === undefined) call.forge.store.teamMembers.insert(member);
  });
  route('DELETE', '/teams/:id/members/:username', org, (call) => {
    call.forge.store.teamMembers.remove(memberRow(call));
  });
  route('GET', '/teams/:id/repos', org, (call) => {
    const rows = call.forge.store.teamRepositories.list({ teamId: teamOf(call).id });
    return paged(call, rows).map((row) => {
      const repository = call.forge.store.repositories.get(row.repositoryId)!;
      return repositoryJson(call.forge, repository, permission(call.forge, call.user, repository));
    });
  });
  route('PUT', '/teams/:id/repos/:org/:repo', org, (call) => {
    const row = teamRepositoryRow(call);
    const { teamRepositories } = call.forge.store;
    if (teamRepositories.find(row) === undefined) teamRepositories.insert(row);
  });
  route('DELETE', '/teams/:id/repos/:org/:repo', org, (call) => {
    call.forge.store.teamRepositories.remove(teamRepositoryRow(call));
  });
}

function organisationOf(call: ApiCall): UserRow {
  const found = findOwner(call.forge, call.param('org'));
  if (found === undefined || found.kind !== 'organisation') throw notFound();
  return found;
}

function requireOwner(call: ApiCall, organisation: UserRow): void {
  if (!isOwner(call.forge, call.doer(), organisation))
    throw new Refusal(403, 'Must be an organization owner');
}

function requireMember(call: ApiCall, organisation: UserRow): void {
  const doer = call.doer();
  if (!doer.isAdmin && teamsWithMember(call.forge, organisation, doer).length === 0) {
    throw new Refusal(403, 'Must be an organization member');
  }
}

function teamOf(call: ApiCall, level: 'member' | 'owner' = 'member'): TeamRow {
  const team = call.forge.store.teams.get(call.id('id'));
  if (team === undefined) throw notFound();
  const organisation = call.forge.store.users.get(team.organisationId)!;
  if (level === 'owner') requireOwner(call, organisation);
  else requireMember(call, organisation);
  return team;
}

function memberRow(call: ApiCall) {
  const team = teamOf(call, 'owner');
  const user = findUser(call.forge, call.param('username'));
  if (user === undefined) throw notFound();
  return { teamId: team.id, userId: user.id };
}

function teamRepositoryRow(call: ApiCall) {
  const team = teamOf(call, 'owner');
  const repository = findRepository(call.forge, call.param('org'), call.param('repo'));
  if (repository === undefined || repository.ownerId !== team.organisationId) throw notFound();
  return { teamId: team.id, repositoryId: repository.id };
}
