import { createToken } from '../account/tokens.ts';
import { createUser, findOwner, findUser } from '../account/users.ts';
import { createOrganisation, organisationsOf } from '../organisation/organisations.ts';
import { Refusal } from '../refusal.ts';
import { permission } from '../repository/permission.ts';
import { createRepository, visibleRepositories } from '../repository/repositories.ts';
import type { UserRow } from '../store/rows.ts';
import { organisationJson } from '../wire/organisation-json.ts';
import { repositoryJson } from '../wire/repository-json.ts';
import { timestamp } from '../wire/timestamp.ts';
import { userJson } from '../wire/user-json.ts';
import { notFound } from './api-error.ts';
import type { Body } from './body.ts';
import { paged } from './paging.ts';
import { requireSiteAdmin } from './require.ts';
import type { AddRoute, ApiCall } from './router.ts';

/** Users, their tokens and their repositories; making users and organisations as a site admin. */
export function userRoutes(route: AddRoute): void {
  route('GET', '/version', [], ({ forge }) => ({ version: forge.settings.release.version }));
  route('GET', '/user', ['user'], (call) => userJson(call.forge, call.doer(), call.doer()));
  route('GET', '/users/search', ['user'], (call) => {
    const text = (call.query('q') ?? '').toLowerCase();
    const uid = Number(call.query('uid') ?? 0);
    const users = call.forge.store.users
      .list({ kind: 'user' })
      .filter((one) => one.lowerName.includes(text) && (uid === 0 || one.id === uid));
    return { ok: true, data: paged(call, users).map((one) => userJson(call.forge, one, call.user)) };
  });
  route('GET', '/users/:username', ['user'], (call) => {
    const user = findOwner(call.forge, call.param('username'));
    if (user === undefined) throw notFound();
    return userJson(call.forge, user, call.user);
  });
  route('GET', '/users/:username/repos', ['user', 'repository'], (call) =>
    repositoriesOf(call, findUser(call.forge, call.param('username'))),
  );
  route('GET', '/user/repos', ['user', 'repository'], (call) => {
    const doer = call.doer();
    const mine = visibleRepositories(call.forge, doer).filter(
      (one) => one.ownerId === doer.id || permission(call.forge, { ...doer, isAdmin: false }, one) !== 'none',
    );
    return paged(call, mine).map((one) => repositoryJson(call.forge, one, permission(call.forge, doer, one)));
  });
  route('POST', '/user/repos', ['user', 'repository'], (call) => newRepository(call, call.doer()));
  route('GET', '/user/orgs', ['user', 'organization'], (call) =>
    paged(call, organisationsOf(call.forge, call.doer())).map((one) => organisationJson(call.forge, one)),
  );

  route('GET', '/users/:username/tokens', ['user'], (call) => {
    const user = tokenOwner(call);
    return paged(call, call.forge.store.tokens.list({ userId: user.id })).map((one) => tokenJson(one, ''));
  });
  route('POST', '/users/:username/tokens', ['user'], (call) => {
    const user = tokenOwner(call);
    const made = createToken(call.forge, user, call.body.text('name') ?? '', call.body.texts('scopes') ?? []);
    return call.created(tokenJson(made.row, made.token));
  });
  route('DELETE', '/users/:username/tokens/:token', ['user'], (call) => {
    const user = tokenOwner(call);
    const name = call.param('token');
    const { tokens } = call.forge.store;
    const found =
      tokens.find({ userId: user.id, name }) ?? tokens.find({ userId: user.id, id: Number(name) || -1 });
    if (found === undefined) throw notFound();
    tokens.remove({ id: found.id });
  });

  route('GET', '/admin/users', ['admin'], (call) => {
    const doer = requireSiteAdmin(call);
    return paged(call, call.forge.store.users.list({ kind: 'user' })).map((one) =>
      userJson(call.forge, one, doer),
    );
  });
  route('POST', '/admin/users', ['admin'], async (call) => {
    const doer = requireSiteAdmin(call);
    const user = await createUser(call.forge, {
      name: call.body.required('username'),
      email: call.body.required('email'),
      password: call.body.required('password'),
      fullName: call.body.text('full_name') ?? '',
    });
    return call.created(userJson(call.forge, user, doer));
  });
  route('PATCH', '/admin/users/:username', ['admin'], (call) => {
    const doer = requireSiteAdmin(call);
    const user = findUser(call.forge, call.param('username'));
    if (user === undefined) throw notFound();
    const changed = call.forge.store.users.update(user.id, {
      isAdmin: call.body.flag('admin') ?? user.isAdmin,
      fullName: call.body.text('full_name') ?? user.fullName,
    });
    return userJson(call.forge, changed, doer);
  });
  route('POST', '/admin/users/:username/repos', ['admin'], (call) => {
    requireSiteAdmin(call);
    const owner = findOwner(call.forge, call.param('username'));
    if (owner === undefined) throw notFound();
    return newRepository(call, owner);
  });
  route('POST', '/admin/users/:username/orgs', ['admin'], (call) => {
    requireSiteAdmin(call);
    const owner = findUser(call.forge, call.param('username'));
    if (owner === undefined) throw notFound();
    const organisation = createOrganisation(call.forge, owner, organisationInput(call.body));
    return call.created(organisationJson(call.forge, organisation));
  });
}

/** The fields of a new organisation. */
export function organisationInput(body: Body) {
  return {
    name: body.required('username'),
    fullName: body.text('full_name'),
    description: body.text('description'),
    visibility: body.text('visibility'),
  };
}

/** Makes a repository for an owner from the call's body. */
export async function newRepository(call: ApiCall, owner: UserRow): Promise<unknown> {
  const doer = call.doer();
  const repository = await createRepository(call.forge, doer, owner, {
    name: call.body.required('name'),
    description: call.body.text('description'),
    isPrivate: call.body.flag('private'),
    autoInit: call.body.flag('auto_init'),
    defaultBranch: call.body.text('default_branch'),
  });
  return call.created(repositoryJson(call.forge, repository, permission(call.forge, doer, repository)));
}

/** The visible repositories of an owner, paged. */
export function repositoriesOf(call: ApiCall, owner: UserRow | undefined): unknown {
  if (owner === undefined) throw notFound();
  const visible = visibleRepositories(call.forge, call.user).filter((one) => one.ownerId === owner.id);
  return paged(call, visible).map((one) =>
    repositoryJson(call.forge, one, permission(call.forge, call.user, one)),
  );
}

/** Tokens are managed with the password only, one's own, or anybody's as a site admin. */
function tokenOwner(call: ApiCall): UserRow {
  const doer = call.doer();
  if (call.identity?.by !== 'password') throw new Refusal(401, 'auth method not allowed');
  const user = findUser(call.forge, call.param('username'));
  if (user === undefined) throw notFound();
  if (user.id !== doer.id && !doer.isAdmin)
    throw new Refusal(403, 'doer should be the site admin or be same as the contextUser');
  return user;
}

function tokenJson(
  row: { id: number; name: string; lastEight: string; scopes: string[]; created: number; updated: number },
  token: string,
) {
  return {
    id: row.id,
    name: row.name,
    sha1: token,
    token_last_eight: row.lastEight,
    scopes: row.scopes,
    created_at: timestamp(row.created),
    last_used_at: timestamp(row.updated),
  };
}
