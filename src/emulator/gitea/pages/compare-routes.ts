import type { FastifyInstance } from 'fastify';
import { findOwner } from '../account/users.ts';
import type { ForgeContext } from '../context.ts';
import { listCommits } from '../git/commits.ts';
import { createPull } from '../pull/create-pull.ts';
import { latestStatuses } from '../pull/statuses.ts';
import { Refusal } from '../refusal.ts';
import { atLeast, permission } from '../repository/permission.ts';
import type { RepositoryRow } from '../store/rows.ts';
import type { PageScope } from './page-scope.ts';
import { pageScope, redirect, sendPage } from './page-scope.ts';
import { parsePatch, patchArguments } from './patch.ts';
import { comparePage } from './pull-list-page.ts';
import { refNames } from './repository-files.ts';
import { repositoryLink } from './repository-header.ts';

/** Comparing two branches, and opening a pull request from them. */
export function registerComparePages(app: FastifyInstance, forge: ForgeContext): void {
  app.get('/:owner/:repository/compare/*', async (request, reply) => {
    const scope = pageScope(forge, request);
    const repository = scope.repository();
    const { base, head } = parseRange(scope.parameters['*'] ?? '', repository);
    const baseSha = await forge.git.ref(repository, `refs/heads/${base}`);
    const source = headOf(forge, scope, repository, head);
    const headSha = await forge.git.ref(source.repository, `refs/heads/${source.branch}`);
    if (baseSha === undefined || headSha === undefined) throw new Refusal(404, 'not found');
    const { commits, files } = await difference(forge, repository, source.repository, baseSha, headSha);
    const page = comparePage(scope.viewer, {
      repository,
      base,
      head,
      branches: await refNames(forge.git, repository, 'heads'),
      commits: commits.map((commit) => ({ commit, statuses: latestStatuses(forge, repository, commit.sha) })),
      files,
      sourceLink: `${repositoryLink(scope.viewer, source.repository)}/src/commit/${headSha}`,
      existing: forge.store.pulls.find({
        repositoryId: repository.id,
        headRepositoryId: source.repository.id,
        headBranch: source.branch,
        baseBranch: base,
        state: 'open',
      }),
    });
    return sendPage(reply, scope.viewer, page);
  });

  app.post('/:owner/:repository/compare/*', async (request, reply) => {
    const scope = pageScope(forge, request);
    const user = scope.user();
    const repository = scope.repository();
    const { base, head } = parseRange(scope.parameters['*'] ?? '', repository);
    const pull = await createPull(forge, user, repository, {
      base,
      head,
      title: scope.form.title ?? '',
      body: (scope.form.content ?? '').replaceAll('\r\n', '\n'),
    });
    return redirect(reply, `${repositoryLink(scope.viewer, repository)}/pulls/${pull.index}`);
  });
}

function parseRange(range: string, repository: RepositoryRow): { base: string; head: string } {
  const [base = '', head] = range.split('...');
  if (head === undefined)
    return { base: base || repository.defaultBranch, head: base || repository.defaultBranch };
  return { base: base || repository.defaultBranch, head };
}

function headOf(
  forge: ForgeContext,
  { viewer }: PageScope,
  base: RepositoryRow,
  head: string,
): { repository: RepositoryRow; branch: string } {
  const [owner, branch] = head.includes(':') ? head.split(/:(.*)/s) : [undefined, head];
  if (owner === undefined) return { repository: base, branch: branch ?? '' };
  const ownerRow = findOwner(forge, owner);
  const fork = forge.store.repositories
    .list({ ownerId: ownerRow?.id ?? -1 })
    .find((one) => one.id === base.id || one.forkOf === base.id);
  if (fork === undefined || !atLeast(permission(forge, viewer.user, fork), 'read')) {
    throw new Refusal(404, 'not found');
  }
  return { repository: fork, branch: branch ?? '' };
}

async function difference(
  forge: ForgeContext,
  base: RepositoryRow,
  head: RepositoryRow,
  baseSha: string,
  headSha: string,
) {
  const { git } = forge;
  // A fork's commits are brought over only when a pull request is made; until then its objects are borrowed.
  const alternates = { GIT_ALTERNATE_OBJECT_DIRECTORIES: `${git.path(head)}/objects` };
  const options = head.id === base.id ? {} : { env: alternates };
  const mergeBase = await git.text(base, ['merge-base', baseSha, headSha], { ...options, accept: [0, 1] });
  const from = mergeBase === '' ? baseSha : mergeBase;
  const patch = await git.text(base, ['diff', ...patchArguments, from, headSha], options);
  const commits = await listCommits(git, head, [`${from}..${headSha}`, '--']).catch(() => []);
  return { commits, files: parsePatch(patch) };
}
