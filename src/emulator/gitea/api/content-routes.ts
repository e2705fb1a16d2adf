import { spawn } from 'node:child_process';
import { gitEnvironment } from '../git/run-git.ts';
import { listTree, readBlob } from '../git/tree.ts';
import { Refusal } from '../refusal.ts';
import type { RepositoryRow } from '../store/rows.ts';
import { repositoryApiUrl } from '../wire/addresses.ts';
import type { ContentsAt } from '../wire/contents-json.ts';
import { contentsJson } from '../wire/contents-json.ts';
import { notFound } from './api-error.ts';
import { requireRepository } from './require.ts';
import type { AddRoute, ApiCall } from './router.ts';

/** `[api] DEFAULT_GIT_TREES_PER_PAGE`. */
const treePage = 1000;

/** Files, trees, blobs and archives. */
export function contentRoutes(route: AddRoute): void {
  const repo = ['repository'] as const;
  const contents = async (call: ApiCall) => {
    const repository = requireRepository(call);
    const at = await contentsAt(call, repository);
    const { git } = call.forge;
    const path = call.param('*').replace(/^\/+|\/+$/g, '');
    if (path !== '') {
      const [entry] = await listTree(git, repository, at.sha, { path });
      if (entry === undefined || entry.path !== path) throw notFound();
      if (entry.type !== 'tree') return contentsJson(call.forge, repository, entry, at, true);
    }
    const options = path === '' ? {} : { path: `${path}/` };
    const entries = await listTree(git, repository, at.sha, options);
    return Promise.all(entries.map((one) => contentsJson(call.forge, repository, one, at, false)));
  };
  route('GET', '/repos/:owner/:repo/contents', repo, contents);
  route('GET', '/repos/:owner/:repo/contents/*', repo, contents);

  const raw = async (call: ApiCall) => {
    const repository = requireRepository(call);
    const { git } = call.forge;
    // Gitea falls back to the default branch where the ref is unknown.
    const sha =
      (await git.commit(repository, call.query('ref') || repository.defaultBranch)) ??
      (await git.commit(repository, repository.defaultBranch));
    if (sha === undefined) throw notFound();
    const path = call.param('*');
    const [entry] = await listTree(git, repository, sha, { path });
    if (entry === undefined || entry.type !== 'blob' || entry.path !== path) throw notFound();
    const bytes = await readBlob(git, repository, entry.sha);
    const isText = !bytes.subarray(0, 8000).includes(0);
    call.reply.header('Content-Type', isText ? 'text/plain; charset=utf-8' : 'application/octet-stream');
    call.reply.header('X-Content-Type-Options', 'nosniff');
    return bytes;
  };
  route('GET', '/repos/:owner/:repo/raw/*', repo, raw);
  route('GET', '/repos/:owner/:repo/media/*', repo, raw);

  route('GET', '/repos/:owner/:repo/git/trees/:sha', repo, async (call) => {
    const repository = requireRepository(call);
    const { git } = call.forge;
    const sha = call.param('sha');
    const found = (await git.commit(repository, sha)) ?? (await treeSha(call, repository, sha));
    if (found === undefined) throw new Refusal(400, `object does not exist [id: ${sha}, rel_path: ]`);
    const isRecursive = ['true', '1'].includes(call.query('recursive') ?? '');
    const entries = await listTree(git, repository, found, { recursive: isRecursive });
    const page = Math.max(1, Number(call.query('page')) || 1);
    const size = Math.min(treePage, Math.max(1, Number(call.query('per_page')) || treePage));
    const apiUrl = repositoryApiUrl(call.forge, repository);
    const kinds = { blob: 'blobs', tree: 'trees', commit: '' } as const;
    call.reply.header('X-Total-Count', String(entries.length));
    return {
      sha: found,
      url: `${apiUrl}/git/trees/${found}`,
      tree: entries.slice((page - 1) * size, page * size).map((entry) => ({
        path: entry.path,
        mode: entry.mode,
        type: entry.type,
        size: entry.size,
        sha: entry.sha,
        url: kinds[entry.type] === '' ? '' : `${apiUrl}/git/${kinds[entry.type]}/${entry.sha}`,
      })),
      truncated: page * size < entries.length,
      page,
      total_count: entries.length,
    };
  });
  route('GET', '/repos/:owner/:repo/git/blobs/:sha', repo, async (call) => {
    const repository = requireRepository(call);
    const sha = call.param('sha');
    if (!/^[0-9a-f]{40}$/.test(sha)) throw new Refusal(400, 'sha is not valid');
    const { git } = call.forge;
    if ((await git.inspect(repository, sha))?.type !== 'blob') throw notFound();
    const bytes = await readBlob(git, repository, sha);
    return {
      content: bytes.toString('base64'),
      encoding: 'base64',
      url: `${repositoryApiUrl(call.forge, repository)}/git/blobs/${sha}`,
      sha,
      size: bytes.length,
    };
  });
  route('GET', '/repos/:owner/:repo/archive/*', repo, archive);
}

/** Streams `git archive`; everything lies in a folder of the repository's name. */
async function archive(call: ApiCall): Promise<unknown> {
  const repository = requireRepository(call);
  const [, revision, ending] = /^(.+)\.(tar\.gz|zip)$/.exec(call.param('*')) ?? [];
  if (revision === undefined || ending === undefined) throw new Refusal(400, `unknown archive format`);
  const sha = await call.forge.git.commit(repository, revision);
  if (sha === undefined) throw notFound();
  const prefix = `--prefix=${repository.lowerName}/`;
  const child = spawn('git', ['archive', `--format=${ending}`, prefix, sha], {
    cwd: call.forge.git.path(repository),
    env: gitEnvironment,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  call.request.raw.on('close', () => {
    if (child.exitCode === null && call.request.raw.destroyed) child.kill();
  });
  call.reply.header('Content-Type', 'application/octet-stream');
  const name = `${repository.name}-${revision.replaceAll('/', '-')}.${ending}`;
  call.reply.header(
    'Content-Disposition',
    `attachment; filename="${name}"; filename*=UTF-8''${encodeURIComponent(name)}`,
  );
  return child.stdout;
}

async function contentsAt(call: ApiCall, repository: RepositoryRow): Promise<ContentsAt> {
  const ref = call.query('ref') || repository.defaultBranch;
  const sha = await call.forge.git.commit(repository, ref);
  if (sha === undefined) throw notFound();
  const isBranch = (await call.forge.git.ref(repository, `refs/heads/${ref}`)) !== undefined;
  return { sha, ref, place: isBranch ? `branch/${ref}` : `commit/${sha}` };
}

async function treeSha(call: ApiCall, repository: RepositoryRow, sha: string): Promise<string | undefined> {
  if (!/^[0-9a-f]{40}$/.test(sha)) return undefined;
  const object = await call.forge.git.inspect(repository, sha);
  return object?.type === 'tree' ? sha : undefined;
}
