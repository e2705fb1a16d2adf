import type { Commit } from '../git/commits.ts';
import { countCommits, listCommits, readCommit } from '../git/commits.ts';
import { latestStatuses, setStatus } from '../pull/statuses.ts';
import { permission } from '../repository/permission.ts';
import type { RepositoryRow, StatusState } from '../store/rows.ts';
import { repositoryApiUrl, repositoryUrl } from '../wire/addresses.ts';
import { commitJson } from '../wire/commit-json.ts';
import { combinedStatusJson, statusJson } from '../wire/status-json.ts';
import { notFound } from './api-error.ts';
import { paged, pageOf, setPageHeaders } from './paging.ts';
import { requireRepository } from './require.ts';
import type { AddRoute, ApiCall } from './router.ts';

/** Commits, comparisons, tags and commit statuses. */
export function commitRoutes(route: AddRoute): void {
  const repo = ['repository'] as const;
  route('GET', '/repos/:owner/:repo/commits', repo, async (call) => {
    const repository = requireRepository(call);
    const { git } = call.forge;
    const sha = await git.commit(repository, call.query('sha') || repository.defaultBranch);
    if (sha === undefined) throw notFound();
    const path = call.query('path');
    const not = call.query('not');
    const without = not ? await git.commit(repository, not) : undefined;
    // Gitea passes it on to git, which fails.
    if (not && without === undefined) throw new Error(`commits without an unknown commit ${not}`);
    const range = [sha, ...(without ? [`^${without}`] : []), ...(path ? ['--', path] : [])];
    const page = pageOf(call);
    const total = await countCommits(git, repository, range);
    setPageHeaders(call, page, total);
    const pages = Math.ceil(total / page.limit);
    call.reply.headers({
      'X-Total': String(total),
      'X-Page': String(page.page),
      'X-PerPage': String(page.limit),
      'X-PageCount': String(pages),
      'X-HasMore': String(page.page < pages),
    });
    const commits = await listCommits(git, repository, [`--skip=${page.offset}`, `-${page.limit}`, ...range]);
    return Promise.all(commits.map((one) => show(call, repository, one)));
  });
  route('GET', '/repos/:owner/:repo/git/commits/:sha', repo, async (call) => {
    const repository = requireRepository(call);
    const sha = await call.forge.git.commit(repository, call.param('sha'));
    if (sha === undefined) throw notFound();
    return show(call, repository, await readCommit(call.forge.git, repository, sha));
  });
  route('GET', '/repos/:owner/:repo/git/refs/*', repo, async (call) => {
    const repository = requireRepository(call);
    const prefix = `refs/${call.param('*')}`;
    const format = '--format=%(refname)%00%(objectname)%00%(objecttype)';
    const listing = await call.forge.git.text(repository, ['for-each-ref', format]);
    const refs = listing
      .split('\n')
      .filter((line) => line.startsWith(prefix))
      .map((line) => {
        const [ref, sha, type] = line.split('\0') as [string, string, string];
        const api = `${repositoryApiUrl(call.forge, repository)}/git`;
        return { ref, url: `${api}/${ref}`, object: { type, sha, url: `${api}/${type}s/${sha}` } };
      });
    if (refs.length === 0) throw notFound();
    // A single reference that was named exactly is answered as an object, anything else as a list.
    return refs.length === 1 && refs[0]?.ref === prefix ? refs[0] : refs;
  });
  route('GET', '/repos/:owner/:repo/git/notes/:sha', repo, (call) => {
    requireRepository(call);
    throw notFound();
  });
  route('GET', '/repos/:owner/:repo/compare/*', repo, async (call) => {
    const repository = requireRepository(call);
    const { git } = call.forge;
    const [, from, dots, to] = /^(.+?)(\.\.\.?)(.+)$/.exec(call.param('*')) ?? [];
    const [base, head] = await Promise.all([
      git.commit(repository, from ?? ''),
      git.commit(repository, to ?? ''),
    ]);
    if (base === undefined || head === undefined) throw notFound();
    const since = dots === '..' ? base : await git.mergeBase(repository, base, head);
    const range = since === '' ? [head] : [head, `^${since}`];
    const commits = await listCommits(git, repository, range);
    return {
      total_commits: commits.length,
      commits: await Promise.all(commits.map((one) => show(call, repository, one))),
    };
  });
  route('GET', '/repos/:owner/:repo/tags', repo, async (call) => {
    const repository = requireRepository(call);
    const { git } = call.forge;
    const url = repositoryUrl(call.forge, repository);
    const format = '--format=%(refname:lstrip=2)%00%(objectname)';
    const listing = await git.text(repository, ['for-each-ref', '--sort=-creatordate', format, 'refs/tags']);
    const tags = paged(call, listing.split('\n').filter(Boolean));
    return Promise.all(
      tags.map(async (line) => {
        const [name, id] = line.split('\0') as [string, string];
        const sha = (await git.ref(repository, `refs/tags/${name}`)) ?? id;
        return {
          name,
          message: await git.text(repository, ['for-each-ref', '--format=%(contents)', `refs/tags/${name}`]),
          id,
          commit: {
            url: `${repositoryApiUrl(call.forge, repository)}/git/commits/${sha}`,
            sha,
            created: (await readCommit(git, repository, sha)).committer.date,
          },
          zipball_url: `${url}/archive/${name}.zip`,
          tarball_url: `${url}/archive/${name}.tar.gz`,
        };
      }),
    );
  });

  route('POST', '/repos/:owner/:repo/statuses/:sha', repo, async (call) => {
    const repository = requireRepository(call, 'write');
    const sha = await call.forge.git.commit(repository, call.param('sha'));
    if (sha === undefined) throw new Error(`status for an unknown commit ${call.param('sha')}`);
    const status = setStatus(call.forge, call.doer(), repository, sha, {
      state: (call.body.text('state') ?? '') as StatusState,
      context: call.body.text('context'),
      description: call.body.text('description'),
      targetUrl: call.body.text('target_url'),
    });
    return call.created(statusJson(call.forge, repository, status));
  });
  const statuses = (name: string) => async (call: ApiCall) => {
    const { repository, sha } = await requireCommit(call, name);
    const all = call.forge.store.statuses.list({ repositoryId: repository.id, sha }, { order: 'id desc' });
    return paged(call, all).map((one) => statusJson(call.forge, repository, one));
  };
  route('GET', '/repos/:owner/:repo/statuses/:sha', repo, statuses('sha'));
  route('GET', '/repos/:owner/:repo/commits/:ref/statuses', repo, statuses('ref'));
  route('GET', '/repos/:owner/:repo/commits/:ref/status', repo, async (call) => {
    const { repository, sha } = await requireCommit(call, 'ref');
    const latest = latestStatuses(call.forge, repository, sha);
    const page = paged(call, latest);
    const access = permission(call.forge, call.user, repository);
    return combinedStatusJson(call.forge, repository, sha, page, access);
  });
}

async function requireCommit(
  call: ApiCall,
  name: string,
): Promise<{ repository: RepositoryRow; sha: string }> {
  const repository = requireRepository(call);
  const sha = await call.forge.git.commit(repository, call.param(name));
  if (sha === undefined) throw notFound();
  return { repository, sha };
}

function show(call: ApiCall, repository: RepositoryRow, commit: Commit) {
  return commitJson(call.forge, repository, commit, {
    files: call.query('files') !== 'false',
    stat: call.query('stat') !== 'false',
  });
}
