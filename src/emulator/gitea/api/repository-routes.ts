import { findOwner, findUser } from '../account/users.ts';
import { Refusal } from '../refusal.ts';
import { forkRepository } from '../repository/fork-repository.ts';
import { languageBytes } from '../repository/main-language.ts';
import { atLeast, generalPermission, permission } from '../repository/permission.ts';
import { deleteRepository, repositoryOwner, visibleRepositories } from '../repository/repositories.ts';
import type { Access, RepositoryRow } from '../store/rows.ts';
import { teamJson } from '../wire/organisation-json.ts';
import { repositoryJson, repositorySettings } from '../wire/repository-json.ts';
import { userJson } from '../wire/user-json.ts';
import { notFound } from './api-error.ts';
import { paged } from './paging.ts';
import { requireRepository } from './require.ts';
import type { AddRoute, ApiCall } from './router.ts';

/** Repositories: settings, topics, collaborators, forks. */
export function repositoryRoutes(route: AddRoute): void {
  const repo = ['repository'] as const;
  const show = (call: ApiCall, repository: RepositoryRow) =>
    repositoryJson(call.forge, repository, permission(call.forge, call.user, repository));
  const showWithLanguage = (call: ApiCall, repository: RepositoryRow) => ({
    ...show(call, repository),
    language: repository.language,
  });

  route('GET', '/repos/search', repo, (call) => {
    const text = (call.query('q') ?? '').toLowerCase();
    const isTopic = call.query('topic') === 'true';
    const found = visibleRepositories(call.forge, call.user).filter((one) =>
      isTopic ? one.topics.includes(text) : one.lowerName.includes(text),
    );
    return { ok: true, data: paged(call, found).map((one) => show(call, one)) };
  });
  route('GET', '/repositories/:id', repo, (call) => {
    const repository = call.forge.store.repositories.get(call.id('id'));
    if (repository === undefined) throw notFound();
    return showWithLanguage(call, requireRepository(call, 'read', { repository }));
  });
  route('GET', '/repos/:owner/:repo', repo, (call) => showWithLanguage(call, requireRepository(call)));
  route('PATCH', '/repos/:owner/:repo', repo, (call) => editRepository(call).then((one) => show(call, one)));
  route('DELETE', '/repos/:owner/:repo', repo, async (call) => {
    const repository = requireRepository(call, 'admin');
    if (!atLeast(permission(call.forge, call.user, repository), 'owner')) {
      throw new Refusal(403, 'user should be an owner of the repository');
    }
    await deleteRepository(call.forge, call.doer(), repository);
  });
  route('GET', '/repos/:owner/:repo/languages', repo, async (call) =>
    Object.fromEntries(await languageBytes(call.forge, requireRepository(call))),
  );

  route('GET', '/repos/:owner/:repo/topics', repo, (call) => ({
    topics: paged(call, requireRepository(call).topics),
  }));
  route('PUT', '/repos/:owner/:repo/topics', repo, (call) =>
    setTopics(call, () => call.body.texts('topics') ?? []),
  );
  route('PUT', '/repos/:owner/:repo/topics/:topic', repo, (call) =>
    setTopics(call, (topics) => [...topics, call.param('topic')]),
  );
  route('DELETE', '/repos/:owner/:repo/topics/:topic', repo, (call) =>
    setTopics(call, (topics) => topics.filter((one) => one !== call.param('topic').toLowerCase())),
  );

  const person = '/repos/:owner/:repo/collaborators/:collaborator';
  route('GET', '/repos/:owner/:repo/collaborators', repo, (call) => {
    const rows = call.forge.store.collaborators.list({ repositoryId: requireRepository(call).id });
    return paged(call, rows).map((row) =>
      userJson(call.forge, call.forge.store.users.get(row.userId)!, call.user),
    );
  });
  route('GET', person, repo, (call) => {
    const { store } = call.forge;
    const key = { repositoryId: requireRepository(call).id, userId: collaborator(call).id };
    if (store.collaborators.find(key) === undefined) throw notFound();
  });
  route('PUT', person, repo, (call) => {
    const repository = requireRepository(call, 'admin');
    const level = call.body.text('permission') ?? 'write';
    if (!['read', 'write', 'admin'].includes(level)) throw new Refusal(422, `invalid permission: ${level}`);
    const user = collaborator(call);
    if (user.id === repository.ownerId) throw new Refusal(422, 'user is the owner of the repository');
    const { collaborators } = call.forge.store;
    const key = { repositoryId: repository.id, userId: user.id };
    const existing = collaborators.find(key);
    if (existing === undefined) collaborators.insert({ ...key, permission: level as Access });
    else collaborators.update(existing.id, { permission: level as Access });
  });
  route('DELETE', person, repo, (call) => {
    const repositoryId = requireRepository(call, 'admin').id;
    call.forge.store.collaborators.remove({ repositoryId, userId: collaborator(call).id });
  });
  route('GET', `${person}/permission`, repo, (call) => {
    const repository = requireRepository(call);
    const user = collaborator(call);
    const doer = call.doer();
    if (user.id !== doer.id && !atLeast(permission(call.forge, doer, repository), 'admin')) {
      throw new Refusal(
        403,
        'Only admins can query all permissions, repo admins can query all repo permissions, collaborators can query only their own',
      );
    }
    const access = generalPermission(call.forge, user, repository);
    return { permission: access, role_name: access, user: userJson(call.forge, user, access) };
  });

  route('GET', '/repos/:owner/:repo/forks', repo, (call) => {
    const forks = call.forge.store.repositories
      .list({ forkOf: requireRepository(call).id })
      .filter((one) => atLeast(permission(call.forge, call.user, one), 'read'));
    return paged(call, forks).map((one) => show(call, one));
  });
  route('POST', '/repos/:owner/:repo/forks', repo, async (call) => {
    const original = requireRepository(call);
    const doer = call.doer();
    const organisation = call.body.text('organization');
    const owner = organisation === undefined ? doer : findOwner(call.forge, organisation);
    if (owner === undefined) throw new Refusal(422, `organisation does not exist: ${organisation}`);
    const fork = await forkRepository(
      call.forge,
      doer,
      original,
      owner,
      call.body.text('name') || original.name,
    );
    return call.created(show(call, fork), 202);
  });
  route('GET', '/repos/:owner/:repo/teams', repo, (call) => {
    const { id, ownerId } = requireRepository(call);
    call.doer();
    const { store } = call.forge;
    if (repositoryOwner(call.forge, requireRepository(call)).kind !== 'organisation') {
      throw new Refusal(405, 'repo is not owned by an organization');
    }
    return store.teams
      .list({ organisationId: ownerId })
      .filter(
        (team) =>
          team.includesAllRepositories ||
          store.teamRepositories.find({ teamId: team.id, repositoryId: id }) !== undefined,
      )
      .map((team) => teamJson(call.forge, team, false));
  });
  route('PUT', '/repos/:owner/:repo/teams/:team', repo, (call) => {
    const repository = requireRepository(call, 'admin');
    const team = call.forge.store.teams
      .list({ organisationId: repositoryOwner(call.forge, repository).id })
      .find((one) => one.name.toLowerCase() === call.param('team').toLowerCase());
    if (team === undefined) throw notFound();
    const row = { teamId: team.id, repositoryId: repository.id };
    if (call.forge.store.teamRepositories.find(row) === undefined)
      call.forge.store.teamRepositories.insert(row);
  });
}

function collaborator(call: ApiCall) {
  const user = findUser(call.forge, call.param('collaborator'));
  if (user === undefined) throw notFound();
  return user;
}

/** Gitea's rule for topics: lower case letters, digits and dashes, at most 35, and 25 of them. */
function setTopics(call: ApiCall, change: (topics: string[]) => string[]): void {
  const repository = requireRepository(call, 'admin');
  const topics = [...new Set(change(repository.topics).map((one) => one.trim().toLowerCase()))].sort();
  const invalid = topics.filter((one) => !/^[a-z0-9][-.a-z0-9]{0,34}$/.test(one));
  if (invalid.length > 0) throw new Refusal(422, `Topic names are invalid: ${invalid.join(', ')}`);
  if (topics.length > 25) throw new Refusal(422, 'Exceeding maximum number of topics per repo');
  call.forge.store.repositories.update(repository.id, { topics });
}

async function editRepository(call: ApiCall): Promise<RepositoryRow> {
  const repository = requireRepository(call, 'admin');
  const { body, forge } = call;
  const settings = { ...repository.settings };
  for (const [name, value] of Object.entries(repositorySettings)) {
    const changed = typeof value === 'boolean' ? body.flag(name) : body.text(name);
    if (changed !== undefined) settings[name] = changed;
  }
  const name = body.text('name') ?? repository.name;
  if (!/^[A-Za-z0-9._-]{1,100}$/.test(name)) throw new Refusal(422, `[Name]: AlphaDashDot: ${name}`);
  const lowerName = name.toLowerCase();
  const namesake = forge.store.repositories.find({ ownerId: repository.ownerId, lowerName });
  if (namesake !== undefined && namesake.id !== repository.id) {
    throw new Refusal(422, `repo name is already taken [name: ${name}]`);
  }
  const defaultBranch = body.text('default_branch') ?? repository.defaultBranch;
  if (defaultBranch !== repository.defaultBranch) {
    if ((await forge.git.ref(repository, `refs/heads/${defaultBranch}`)) === undefined) {
      throw new Refusal(422, `branch does not exist: ${defaultBranch}`);
    }
    await forge.git.run(repository, ['symbolic-ref', 'HEAD', `refs/heads/${defaultBranch}`]);
  }
  return forge.store.repositories.update(repository.id, {
    name,
    lowerName,
    defaultBranch,
    settings,
    description: body.text('description') ?? repository.description,
    website: body.text('website') ?? repository.website,
    isPrivate: body.flag('private') ?? repository.isPrivate,
    isArchived: body.flag('archived') ?? repository.isArchived,
    updated: forge.now(),
  });
}
