import { findOwner } from '../account/users.ts';
import type { ForgeContext } from '../context.ts';
import { isOwner } from '../organisation/organisations.ts';
import { Refusal } from '../refusal.ts';
import type { RepositoryRow, UserRow } from '../store/rows.ts';
import { fireRepository } from '../webhooks/repository-events.ts';
import { writeFirstCommit } from './first-commit.ts';
import { atLeast, permission } from './permission.ts';
import { refreshRepository } from './refresh-repository.ts';

export interface NewRepository {
  name: string;
  description?: string;
  isPrivate?: boolean;
  autoInit?: boolean;
  defaultBranch?: string;
}

/** What a new repository can be used for; a fork has code and pull requests only. */
const allUnits = ['code', 'issues', 'wiki', 'pulls', 'projects', 'releases', 'packages', 'actions'];

/** Finds a repository by its owner's and its own name; `.git` at the end is ignored. */
export function findRepository(forge: ForgeContext, owner: string, name: string): RepositoryRow | undefined {
  const ownerRow = findOwner(forge, owner);
  const lowerName = name.toLowerCase().replace(/\.git$/, '');
  return ownerRow && forge.store.repositories.find({ ownerId: ownerRow.id, lowerName });
}

/** The user or organisation that owns a repository. */
export function repositoryOwner(forge: ForgeContext, repository: RepositoryRow): UserRow {
  return forge.store.users.get(repository.ownerId)!;
}

/** `owner/name`. */
export function fullName(forge: ForgeContext, repository: RepositoryRow): string {
  return `${repositoryOwner(forge, repository).name}/${repository.name}`;
}

/** The repositories a user (undefined: nobody) may read, oldest first. */
export function visibleRepositories(forge: ForgeContext, user: UserRow | undefined): RepositoryRow[] {
  return forge.store.repositories.list().filter((one) => atLeast(permission(forge, user, one), 'read'));
}

/** Makes a repository under a user or organisation, with a first commit where asked for. */
export async function createRepository(
  forge: ForgeContext,
  doer: UserRow,
  owner: UserRow,
  input: NewRepository,
): Promise<RepositoryRow> {
  if (owner.id !== doer.id && !doer.isAdmin && !mayCreateIn(forge, doer, owner)) {
    throw new Refusal(403, 'Given user is not allowed to create repository in organization.');
  }
  const repository = insertRepository(forge, owner, {
    name: input.name,
    description: input.description ?? '',
    isPrivate: input.isPrivate === true,
    defaultBranch: input.defaultBranch || 'main',
    forkOf: null,
    units: allUnits,
  });
  await forge.git.init(repository);
  if (input.autoInit === true) await writeFirstCommit(forge, doer, repository);
  const made = await refreshRepository(forge, repository, { touch: false });
  await fireRepository(forge, doer, made, 'created');
  return made;
}

/** Inserts a repository's row after checking its name; the bare repository is made by the caller. */
export function insertRepository(
  forge: ForgeContext,
  owner: UserRow,
  details: Pick<RepositoryRow, 'name' | 'description' | 'isPrivate' | 'defaultBranch' | 'forkOf' | 'units'>,
): RepositoryRow {
  if (!/^[A-Za-z0-9._-]{1,100}$/.test(details.name) || /^\.{1,2}$|\.(git|wiki)$/i.test(details.name)) {
    throw new Refusal(422, `[Name]: AlphaDashDot: ${details.name}`);
  }
  if (findRepository(forge, owner.name, details.name) !== undefined) {
    throw new Refusal(409, 'The repository with the same name already exists.');
  }
  return forge.store.repositories.insert({
    ...details,
    ownerId: owner.id,
    lowerName: details.name.toLowerCase(),
    website: '',
    isEmpty: true,
    isArchived: false,
    topics: [],
    language: '',
    size: 0,
    settings: {},
    nextIndex: 1,
    created: forge.now(),
    updated: forge.now(),
  });
}

/** Deletes a repository and everything that belongs to it. */
export async function deleteRepository(
  forge: ForgeContext,
  doer: UserRow,
  repository: RepositoryRow,
): Promise<void> {
  const { store } = forge;
  await fireRepository(forge, doer, repository, 'deleted');
  store.transaction(() => {
    const of = { repositoryId: repository.id };
    for (const hook of store.hooks.list(of)) store.deliveries.remove({ hookId: hook.id });
    for (const pull of store.pulls.list(of)) store.reactions.remove({ pullId: pull.id });
    const tables = [store.hooks, store.comments, store.reviews, store.pulls, store.statuses] as const;
    for (const table of tables) table.remove(of as never);
    store.collaborators.remove(of);
    store.protections.remove(of);
    store.teamRepositories.remove(of);
    for (const fork of store.repositories.list({ forkOf: repository.id })) {
      store.repositories.update(fork.id, { forkOf: null });
    }
    for (const pull of store.pulls.list({ headRepositoryId: repository.id })) {
      store.pulls.update(pull.id, { headRepositoryId: null });
    }
    store.repositories.remove({ id: repository.id });
  });
  await forge.git.remove(repository);
}

function mayCreateIn(forge: ForgeContext, doer: UserRow, organisation: UserRow): boolean {
  if (organisation.kind !== 'organisation') return false;
  return (
    isOwner(forge, doer, organisation) ||
    forge.store.teams
      .list({ organisationId: organisation.id, canCreateRepositories: true })
      .some((team) => forge.store.teamMembers.find({ teamId: team.id, userId: doer.id }) !== undefined)
  );
}
