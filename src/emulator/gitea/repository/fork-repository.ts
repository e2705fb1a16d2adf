import type { ForgeContext } from '../context.ts';
import { runGit } from '../git/run-git.ts';
import { Refusal } from '../refusal.ts';
import type { RepositoryRow, UserRow } from '../store/rows.ts';
import { fireFork } from '../webhooks/repository-events.ts';
import { refreshRepository } from './refresh-repository.ts';
import { insertRepository } from './repositories.ts';

/** Copies a repository, branches and tags, to a user or organisation. */
export async function forkRepository(
  forge: ForgeContext,
  doer: UserRow,
  original: RepositoryRow,
  owner: UserRow,
  name = original.name,
): Promise<RepositoryRow> {
  const { store, git } = forge;
  if (owner.id === original.ownerId) throw new Refusal(403, 'cannot fork a repository to its own owner');
  if (store.repositories.find({ ownerId: owner.id, forkOf: original.id }) !== undefined) {
    throw new Refusal(409, `repository is already forked by user [uname: ${owner.name}]`);
  }
  const inserted = insertRepository(forge, owner, {
    name,
    description: original.description,
    isPrivate: original.isPrivate,
    defaultBranch: original.defaultBranch,
    forkOf: original.id,
    units: ['code', 'pulls'],
  });
  await git.init(inserted);
  await runGit(git.path(inserted), [
    'fetch',
    '--quiet',
    '--no-tags',
    git.path(original),
    '+refs/heads/*:refs/heads/*',
    '+refs/tags/*:refs/tags/*',
  ]);
  const fork = await refreshRepository(forge, inserted, { touch: false });
  await fireFork(forge, doer, original, fork);
  return fork;
}
