import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ForgeContext } from '../context.ts';
import { countCommits, listCommits, readCommit } from '../git/commits.ts';
import { emptyTree } from '../git/diff.ts';
import { latestStatuses } from '../pull/statuses.ts';
import { Refusal } from '../refusal.ts';
import { languageBytes } from '../repository/main-language.ts';
import { atLeast } from '../repository/permission.ts';
import { fullName } from '../repository/repositories.ts';
import type { RepositoryRow } from '../store/rows.ts';
import { emptyRepositoryPage } from './empty-repository.ts';
import { filePage } from './file-page.ts';
import { commitPage, commitsPage, refsPage } from './history-pages.ts';
import { languageShares } from './language-shares.ts';
import { markdownOf } from './load-markdown.ts';
import type { PageScope } from './page-scope.ts';
import { pageScope, sendPage } from './page-scope.ts';
import { encodePath } from './parts.ts';
import { parsePatch, patchArguments } from './patch.ts';
import { listFolder, readFile, refNames } from './repository-files.ts';
import { repositoryLink } from './repository-header.ts';
import type { RefPlace } from './repository-home.ts';
import { homePage } from './repository-home.ts';
import { accessOf } from './viewer.ts';

const commitsPerPage = 50;

/** The code of a repository: folders, files, commits, branches and tags. */
export function registerCodePages(app: FastifyInstance, forge: ForgeContext): void {
  const folder = async (request: FastifyRequest, reply: FastifyReply) => {
    const scope = pageScope(forge, request);
    const repository = scope.repository();
    const place = await findPlace(forge, repository, scope.parameters.kind, scope.parameters['*']);
    if (place === undefined) {
      if (scope.parameters['*']) throw new Refusal(404, 'not found');
      return sendPage(reply, scope.viewer, emptyRepositoryPage(scope.viewer, repository));
    }
    return showPlace(forge, scope, repository, place, reply);
  };
  app.get('/:owner/:repository', folder);
  app.get('/:owner/:repository/src', folder);
  app.get('/:owner/:repository/src/', folder);
  app.get('/:owner/:repository/src/:kind/*', folder);

  app.get('/:owner/:repository/raw/:kind/*', async (request, reply) => {
    const scope = pageScope(forge, request);
    const repository = scope.repository();
    const place = await findPlace(forge, repository, scope.parameters.kind, scope.parameters['*']);
    const content = place && (await readFile(forge.git, repository, place.sha, place.path));
    if (content === undefined) throw new Refusal(404, 'not found');
    // Never as HTML: a file of a repository must not act on the forge's origin.
    return reply
      .type(content.subarray(0, 8000).includes(0) ? 'application/octet-stream' : 'text/plain; charset=utf-8')
      .header('x-content-type-options', 'nosniff')
      .header('content-security-policy', "default-src 'none'; sandbox")
      .send(content);
  });

  app.get('/:owner/:repository/commits/:kind/*', async (request, reply) => {
    const scope = pageScope(forge, request);
    const repository = scope.repository();
    const place = await findPlace(forge, repository, scope.parameters.kind, scope.parameters['*']);
    if (place === undefined) throw new Refusal(404, 'not found');
    const page = Math.max(1, Math.trunc(Number(scope.query.page ?? 1)) || 1);
    const range = [`--skip=${(page - 1) * commitsPerPage}`, `-${commitsPerPage}`, place.sha];
    const commits = await listCommits(forge.git, repository, range);
    return sendPage(
      reply,
      scope.viewer,
      commitsPage(scope.viewer, {
        repository,
        branch: place.name,
        commits: commits.map((commit) => ({
          commit,
          statuses: latestStatuses(forge, repository, commit.sha),
        })),
        total: await countCommits(forge.git, repository, [place.sha]),
        page,
        pageSize: commitsPerPage,
      }),
    );
  });

  app.get('/:owner/:repository/commit/:sha', async (request, reply) => {
    const { viewer, repository: find, parameters } = pageScope(forge, request);
    const repository = find();
    const sha = await forge.git.commit(repository, parameters.sha ?? '');
    if (sha === undefined) throw new Refusal(404, 'not found');
    const commit = await readCommit(forge.git, repository, sha);
    const patch = await forge.git.text(repository, [
      'diff',
      ...patchArguments,
      commit.parents[0] ?? emptyTree,
      sha,
    ]);
    const statuses = latestStatuses(forge, repository, sha);
    return sendPage(
      reply,
      viewer,
      commitPage(viewer, { repository, commit, statuses, files: parsePatch(patch) }),
    );
  });

  for (const [path, title, kind] of [
    ['branches', 'Branches', 'heads'],
    ['tags', 'Tags', 'tags'],
  ] as const) {
    app.get(`/:owner/:repository/${path}`, async (request, reply) => {
      const { viewer, repository: find } = pageScope(forge, request);
      const repository = find();
      const names = await refNames(forge.git, repository, kind);
      return sendPage(reply, viewer, refsPage(viewer, repository, title, names));
    });
  }
}

/** Splits `main/docs/a.md` at the longest branch or tag that begins it; the default branch where nothing is given. */
async function findPlace(
  forge: ForgeContext,
  repository: RepositoryRow,
  kind: string | undefined,
  address: string | undefined,
): Promise<RefPlace | undefined> {
  const { git } = forge;
  if (kind === undefined || address === undefined) {
    const sha = await git.ref(repository, `refs/heads/${repository.defaultBranch}`);
    return sha === undefined ? undefined : { kind: 'branch', name: repository.defaultBranch, sha, path: '' };
  }
  const parts = address.split('/').filter((part) => part !== '');
  if (parts.includes('..')) return undefined;
  if (kind === 'commit') {
    const sha = /^[\da-f]{4,40}$/.test(parts[0] ?? '')
      ? await git.commit(repository, parts[0] ?? '')
      : undefined;
    return sha === undefined ? undefined : { kind, name: sha, sha, path: parts.slice(1).join('/') };
  }
  if (kind !== 'branch' && kind !== 'tag') return undefined;
  for (let length = parts.length; length > 0; length--) {
    const name = parts.slice(0, length).join('/');
    const sha = await git.ref(repository, `refs/${kind === 'tag' ? 'tags' : 'heads'}/${name}`);
    if (sha !== undefined) return { kind, name, sha, path: parts.slice(length).join('/') };
  }
  return undefined;
}

async function showPlace(
  forge: ForgeContext,
  { viewer }: PageScope,
  repository: RepositoryRow,
  place: RefPlace,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { git } = forge;
  const branches = await refNames(git, repository, 'heads');
  const link = repositoryLink(viewer, repository);
  const source = `${link}/src/${place.kind}/${encodePath(place.name)}`;
  const entries = await listFolder(git, repository, place.sha, place.path);
  const name = fullName(forge, repository);
  if (entries === undefined) {
    const content = await readFile(git, repository, place.sha, place.path);
    if (content === undefined) throw new Refusal(404, 'not found');
    const folder = place.path.split('/').slice(0, -1);
    const rendered = /\.(?:md|markdown)$/i.test(place.path)
      ? await markdownOf(
          viewer,
          repository,
          content.toString('utf8'),
          [source, ...folder.map(encodeURIComponent)].join('/'),
        )
      : undefined;
    return sendPage(
      reply,
      viewer,
      filePage(viewer, { repository, fullName: name, branches, place, content, rendered }),
    );
  }
  const readme = entries.find((entry) => /^readme(?:\.(?:md|markdown|txt))?$/i.test(entry.name));
  const text = readme && (await readFile(git, repository, place.sha, readme.path));
  const [latest] = await listCommits(git, repository, [
    '-1',
    place.sha,
    '--',
    ...(place.path === '' ? [] : [place.path]),
  ]);
  const page = homePage(viewer, {
    repository,
    fullName: name,
    place,
    entries,
    latest,
    readme:
      readme && text
        ? {
            name: readme.name,
            content: await markdownOf(
              viewer,
              repository,
              text.toString('utf8'),
              place.path === '' ? source : `${source}/${encodePath(place.path)}`,
            ),
          }
        : undefined,
    branches,
    tagCount: (await refNames(git, repository, 'tags')).length,
    commitCount: await countCommits(git, repository, [place.sha]),
    languages: languageShares(await languageBytes(forge, repository)),
    mayWrite: atLeast(accessOf(viewer, repository), 'write'),
  });
  return sendPage(reply, viewer, page);
}
