import type { ForgeContext } from '../context.ts';
import { listCommits, readCommit } from '../git/commits.ts';
import { zeroSha } from '../git/git-repositories.ts';
import type { RefUpdate } from '../protection/push-decision.ts';
import { permission } from '../repository/permission.ts';
import type { RepositoryRow, UserRow } from '../store/rows.ts';
import { repositoryUrl } from '../wire/addresses.ts';
import { payloadCommitJson } from '../wire/commit-json.ts';
import { repositoryJson } from '../wire/repository-json.ts';
import { userJson } from '../wire/user-json.ts';
import { fire } from './fire.ts';

/** How many commits a push payload lists (`[webhook] PAGING_NUM` feeds 30 per feed; Gitea cuts here). */
const listedCommits = 30;

/** Tells hooks that a branch or tag points somewhere else now. */
export async function firePush(
  forge: ForgeContext,
  doer: UserRow,
  repository: RepositoryRow,
  update: RefUpdate,
): Promise<void> {
  const branch = update.ref.replace(/^refs\/(heads|tags)\//, '');
  await fire(
    forge,
    repository,
    { event: 'push', eventType: 'push', subscription: 'push', branch },
    async () => {
      const { git } = forge;
      const isBranch = update.ref.startsWith('refs/heads/');
      const isNew = update.before === zeroSha;
      const trunk = await git.ref(repository, `refs/heads/${repository.defaultBranch}`);
      // A new branch is told against the default branch, as Gitea does.
      const since = isNew ? (trunk === update.after ? undefined : trunk) : update.before;
      const range = since === undefined ? [update.after] : [update.after, `^${since}`];
      const commits = isBranch
        ? await listCommits(git, repository, [`-${listedCommits}`, ...range, '--'])
        : [];
      const total = isBranch ? Number(await git.text(repository, ['rev-list', '--count', ...range])) : 0;
      const head = await readCommit(git, repository, update.after);
      const person = userJson(forge, doer, undefined);
      const url = repositoryUrl(forge, repository);
      return {
        ref: update.ref,
        before: update.before,
        after: update.after,
        compare_url: isBranch && since !== undefined ? `${url}/compare/${since}...${update.after}` : '',
        commits: await Promise.all(commits.map((one) => payloadCommitJson(forge, repository, one, true))),
        total_commits: total,
        head_commit: await payloadCommitJson(forge, repository, head, true),
        repository: repositoryJson(forge, repository, 'owner'),
        pusher: person,
        sender: person,
      };
    },
  );
}

/** Tells hooks that a branch or tag was made. */
export async function fireCreate(
  forge: ForgeContext,
  doer: UserRow,
  repository: RepositoryRow,
  update: RefUpdate,
): Promise<void> {
  const { ref, refType } = shortRef(update.ref);
  await fire(
    forge,
    repository,
    { event: 'create', eventType: 'create', subscription: 'create', branch: ref },
    () => ({
      sha: update.after,
      ref,
      ref_type: refType,
      repository: repositoryJson(forge, repository, 'none'),
      sender: userJson(forge, doer, undefined),
    }),
  );
}

/** Tells hooks that a branch or tag was deleted. */
export async function fireDelete(
  forge: ForgeContext,
  doer: UserRow,
  repository: RepositoryRow,
  update: RefUpdate,
): Promise<void> {
  const { ref, refType } = shortRef(update.ref);
  await fire(
    forge,
    repository,
    { event: 'delete', eventType: 'delete', subscription: 'delete', branch: ref },
    () => ({
      ref,
      ref_type: refType,
      pusher_type: 'user',
      repository: repositoryJson(forge, repository, 'owner'),
      sender: userJson(forge, doer, undefined),
    }),
  );
}

/** Tells the original's hooks that it was forked. */
export async function fireFork(
  forge: ForgeContext,
  doer: UserRow,
  original: RepositoryRow,
  fork: RepositoryRow,
): Promise<void> {
  await fire(forge, original, { event: 'fork', eventType: 'fork', subscription: 'fork' }, () => ({
    forkee: repositoryJson(forge, original, permission(forge, doer, original)),
    repository: repositoryJson(forge, fork, permission(forge, doer, fork)),
    sender: userJson(forge, doer, undefined),
  }));
}

/** Tells hooks that a repository was made or deleted. */
export async function fireRepository(
  forge: ForgeContext,
  doer: UserRow,
  repository: RepositoryRow,
  action: 'created' | 'deleted',
): Promise<void> {
  const organisation = forge.store.users.get(repository.ownerId)!;
  await fire(
    forge,
    repository,
    { event: 'repository', eventType: 'repository', subscription: 'repository' },
    () => ({
      action,
      repository: repositoryJson(forge, repository, 'owner'),
      organization: userJson(forge, organisation, undefined),
      sender: userJson(forge, doer, undefined),
    }),
  );
}

function shortRef(ref: string): { ref: string; refType: 'branch' | 'tag' } {
  return ref.startsWith('refs/tags/')
    ? { ref: ref.slice('refs/tags/'.length), refType: 'tag' }
    : { ref: ref.slice('refs/heads/'.length), refType: 'branch' };
}
