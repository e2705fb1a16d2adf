import type { ForgeContext } from '../context.ts';
import { listCommits } from '../git/commits.ts';
import type { TreeEntry } from '../git/tree.ts';
import { readBlob } from '../git/tree.ts';
import type { RepositoryRow } from '../store/rows.ts';
import { escapePath, repositoryApiUrl, repositoryUrl } from './addresses.ts';

export interface ContentsAt {
  /** The commit looked at. */
  sha: string;
  /** What the caller asked for, as it appears in links. */
  ref: string;
  /** How the ref appears in page addresses: `commit/<sha>` or `branch/<name>`. */
  place: string;
}

/** A file or folder as `contents` shows it; only a file that was asked for itself carries its bytes. */
export async function contentsJson(
  forge: ForgeContext,
  repository: RepositoryRow,
  entry: TreeEntry,
  at: ContentsAt,
  withBytes: boolean,
) {
  const apiUrl = repositoryApiUrl(forge, repository);
  const url = repositoryUrl(forge, repository);
  const path = escapePath(entry.path);
  const self = `${apiUrl}/contents/${path}?ref=${encodeURIComponent(at.ref)}`;
  const html = `${url}/src/${at.place}/${path}`;
  const git = `${apiUrl}/git/${entry.type === 'tree' ? 'trees' : 'blobs'}/${entry.sha}`;
  const [last] = await listCommits(forge.git, repository, ['-1', at.sha, '--', entry.path]);
  const isFile = entry.type === 'blob';
  const isLink = entry.mode === '120000';
  const bytes =
    isFile && (withBytes || isLink) ? await readBlob(forge.git, repository, entry.sha) : undefined;
  return {
    name: entry.path.split('/').at(-1)!,
    path: entry.path,
    sha: entry.sha,
    last_commit_sha: last?.sha ?? at.sha,
    last_committer_date: last?.committer.date ?? '',
    last_author_date: last?.author.date ?? '',
    type: isLink ? 'symlink' : isFile ? 'file' : entry.type === 'tree' ? 'dir' : 'submodule',
    size: entry.size,
    encoding: bytes !== undefined && !isLink ? 'base64' : null,
    content: bytes !== undefined && !isLink ? bytes.toString('base64') : null,
    target: isLink ? (bytes?.toString('utf8') ?? null) : null,
    url: self,
    html_url: html,
    git_url: git,
    download_url: isFile ? `${url}/raw/${at.place}/${path}` : null,
    submodule_git_url: null,
    _links: { self, git, html },
  };
}
