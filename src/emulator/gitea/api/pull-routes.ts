import { findUser } from '../account/users.ts';
import { countCommits, listCommits } from '../git/commits.ts';
import { changedFiles } from '../git/diff.ts';
import { createPull } from '../pull/create-pull.ts';
import type { MergeStyle } from '../pull/merge-commit.ts';
import { mergeStyles } from '../pull/merge-commit.ts';
import { mergePull } from '../pull/merge-pull.ts';
import { mergeability } from '../pull/mergeability.ts';
import { baseRepository, closePull, editPull, reopenPull } from '../pull/pulls.ts';
import { requestReviews } from '../pull/reviews.ts';
import { updatePull } from '../pull/update-pull.ts';
import { Refusal } from '../refusal.ts';
import type { PullRow } from '../store/rows.ts';
import { escapePath, repositoryApiUrl, repositoryUrl } from '../wire/addresses.ts';
import { reviewJson } from '../wire/comment-json.ts';
import { commitJson } from '../wire/commit-json.ts';
import { pullJson } from '../wire/pull-json.ts';
import { notFound } from './api-error.ts';
import { paged, pageOf, setPageHeaders } from './paging.ts';
import { requirePull, requireRepository } from './require.ts';
import type { AddRoute, ApiCall } from './router.ts';

/** Pull requests: opening, reading, changing and merging them. Reviews are in review-routes. */
export function pullRoutes(route: AddRoute): void {
  const repo = ['repository'] as const;
  const pulls = '/repos/:owner/:repo/pulls';
  const one = `${pulls}/:index`;

  route('GET', pulls, repo, async (call) => {
    const repositoryId = requireRepository(call, 'read', { unit: 'repo.pulls' }).id;
    const state = call.query('state') ?? 'open';
    const base = call.query('base_branch');
    const where = {
      repositoryId,
      ...(state === 'all' ? {} : { state: state === 'closed' ? ('closed' as const) : ('open' as const) }),
      ...(base ? { baseBranch: base } : {}),
    };
    const orders: Record<string, string> = {
      oldest: 'id',
      recentupdate: 'updated desc, id desc',
      leastupdate: 'updated, id',
    };
    const page = pageOf(call);
    const { pulls: table } = call.forge.store;
    setPageHeaders(call, page, table.count(where));
    const order = orders[call.query('sort') ?? ''] ?? 'id desc';
    const rows = table.list(where, { order, limit: page.limit, offset: page.offset });
    return Promise.all(rows.map((row) => pullJson(call.forge, row, call.user)));
  });
  route('POST', pulls, repo, async (call) => {
    const repository = requireRepository(call, 'read', { unit: 'repo.pulls' });
    const pull = await createPull(call.forge, call.doer(), repository, {
      head: call.body.required('head'),
      base: call.body.required('base'),
      title: call.body.text('title') ?? '',
      body: call.body.text('body'),
    });
    return call.created(await pullJson(call.forge, pull, call.user));
  });
  route('GET', one, repo, async (call) => {
    const [, index, format] = /^(\d+)\.(diff|patch)$/.exec(call.param('index')) ?? [];
    if (index === undefined) return pullJson(call.forge, requirePull(call), call.user);
    return difference({ ...call, id: () => Number(index) }, format === 'patch');
  });
  route('PATCH', one, repo, async (call) => {
    const doer = call.doer();
    let pull = await editPull(call.forge, doer, requirePull(call, 'write'), {
      title: call.body.text('title') || undefined,
      body: call.body.text('body'),
      baseBranch: call.body.text('base') || undefined,
    });
    const state = call.body.text('state');
    if (state !== undefined && state !== 'open' && state !== 'closed') {
      throw new Refusal(412, `unknown state: ${state}`);
    }
    if (state === 'closed') pull = await closePull(call.forge, doer, pull);
    else if (state === 'open' && pull.state === 'closed') pull = await reopenPull(call.forge, doer, pull);
    return call.created(await pullJson(call.forge, pull, call.user));
  });
  route('GET', `${one}/files`, repo, files);
  route('GET', `${one}/commits`, repo, async (call) => {
    const pull = requirePull(call);
    const repository = baseRepository(call.forge, pull);
    const mergeBase = await baseOf(call, pull);
    const range = [pull.headSha, ...(mergeBase === '' ? [] : [`^${mergeBase}`])];
    const page = pageOf(call);
    setPageHeaders(call, page, await countCommits(call.forge.git, repository, range));
    const args = [`--skip=${page.offset}`, `-${page.limit}`, ...range];
    const commits = await listCommits(call.forge.git, repository, args);
    const include = { files: call.query('files') !== 'false', stat: true };
    return Promise.all(commits.map((commit) => commitJson(call.forge, repository, commit, include)));
  });
  route('GET', `${one}/merge`, repo, (call) => {
    if (!requirePull(call).isMerged) throw notFound();
  });
  route('POST', `${one}/merge`, repo, async (call) => {
    const pull = requirePull(call, 'write');
    const style = call.body.text('Do') ?? call.body.text('do') ?? '';
    if (!mergeStyles.includes(style as MergeStyle))
      throw new Refusal(422, `[Do]: In: ${mergeStyles.join(',')}`);
    await mergePull(call.forge, call.doer(), pull, {
      style: style as MergeStyle,
      title: call.body.text('MergeTitleField') ?? call.body.text('merge_title_field'),
      message: call.body.text('MergeMessageField') ?? call.body.text('merge_message_field'),
      headCommitId: call.body.text('head_commit_id'),
      deleteBranch: call.body.flag('delete_branch_after_merge'),
      force: call.body.flag('force_merge'),
    });
    return call.empty(200);
  });
  route('POST', `${one}/update`, repo, async (call) => {
    await updatePull(call.forge, call.doer(), requirePull(call, 'write'));
    return call.empty(200);
  });
  route('POST', `${one}/requested_reviewers`, repo, (call) => {
    const pull = requirePull(call, 'write');
    const reviewers = (call.body.texts('reviewers') ?? []).map((name) => {
      const user = findUser(call.forge, name);
      if (user === undefined) throw new Refusal(404, `user does not exist [name: ${name}]`);
      return user;
    });
    const asked = requestReviews(call.forge, call.doer(), pull, reviewers);
    return call.created(asked.map((review) => reviewJson(call.forge, review, call.user)));
  });
}

async function files(call: ApiCall): Promise<unknown> {
  const pull = requirePull(call);
  const repository = baseRepository(call.forge, pull);
  const mergeBase = await baseOf(call, pull);
  const changed =
    mergeBase === '' ? [] : await changedFiles(call.forge.git, repository, mergeBase, pull.headSha);
  const url = repositoryUrl(call.forge, repository);
  const apiUrl = repositoryApiUrl(call.forge, repository);
  // The API calls a modified file "changed".
  const names = { modified: 'changed', typechange: 'changed' } as Record<string, string>;
  return paged(call, changed).map((file) => {
    const path = escapePath(file.path);
    const isDeleted = file.status === 'deleted';
    const sha = isDeleted ? mergeBase : pull.headSha;
    return {
      filename: file.path,
      ...(file.previousPath === undefined ? {} : { previous_filename: file.previousPath }),
      status: names[file.status] ?? file.status,
      additions: file.additions,
      deletions: file.deletions,
      changes: file.additions + file.deletions,
      html_url: `${url}/src/commit/${sha}/${path}`,
      contents_url: `${apiUrl}/contents/${path}?ref=${sha}`,
      raw_url: `${url}/raw/commit/${sha}/${path}`,
    };
  });
}

async function difference(call: ApiCall, asPatch: boolean): Promise<unknown> {
  const pull = requirePull(call);
  const repository = baseRepository(call.forge, pull);
  const mergeBase = await baseOf(call, pull);
  const args = asPatch
    ? ['format-patch', '--stdout', `${mergeBase}..${pull.headSha}`]
    : ['diff', '--no-color', '--full-index', mergeBase, pull.headSha];
  const { stdout } = await call.forge.git.run(repository, args);
  call.reply.header('Content-Type', 'text/plain; charset=utf-8');
  return stdout;
}

async function baseOf(call: ApiCall, pull: PullRow): Promise<string> {
  return pull.isMerged ? pull.mergeBase : (await mergeability(call.forge, pull)).mergeBase;
}
