import type { Commit } from '../git/commits.ts';
import { listCommits } from '../git/commits.ts';
import type { GitRepositories } from '../git/git-repositories.ts';
import type { RepositoryRow } from '../store/rows.ts';

/** Something in a folder of a commit, with the last commit that touched it. */
export interface TreeEntry {
  readonly name: string;
  readonly path: string;
  readonly kind: 'file' | 'folder' | 'link' | 'submodule';
  readonly commit: Commit | undefined;
}

/** The entries of a folder, folders first; undefined where there is no such folder. */
export async function listFolder(
  git: GitRepositories,
  repository: RepositoryRow,
  sha: string,
  folder: string,
): Promise<TreeEntry[] | undefined> {
  const spec = folder === '' ? sha : `${sha}:${folder}`;
  const listing = await git.run(repository, ['ls-tree', '-z', spec], { accept: [0, 128] });
  if (listing.code !== 0) return undefined;
  const entries = await Promise.all(
    listing.stdout
      .toString('utf8')
      .split('\0')
      .filter((line) => line !== '')
      .map(async (line): Promise<TreeEntry> => {
        const [meta = '', name = ''] = line.split('\t');
        const [mode, type] = meta.split(' ');
        const path = folder === '' ? name : `${folder}/${name}`;
        const [commit] = await listCommits(git, repository, ['-1', sha, '--', path]);
        const kind =
          type === 'tree' ? 'folder' : type === 'commit' ? 'submodule' : mode === '120000' ? 'link' : 'file';
        return { name, path, kind, commit };
      }),
  );
  const rank = (entry: TreeEntry) => (entry.kind === 'folder' ? 0 : 1);
  return entries.sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
}

/** The bytes of a file; undefined where there is none. */
export async function readFile(
  git: GitRepositories,
  repository: RepositoryRow,
  sha: string,
  path: string,
): Promise<Buffer | undefined> {
  const result = await git.run(repository, ['cat-file', 'blob', `${sha}:${path}`], { accept: [0, 128] });
  return result.code === 0 ? result.stdout : undefined;
}

/** Names of branches or tags, in git's order. */
export async function refNames(
  git: GitRepositories,
  repository: RepositoryRow,
  kind: 'heads' | 'tags',
): Promise<string[]> {
  const text = await git.text(repository, ['for-each-ref', '--format=%(refname:strip=2)', `refs/${kind}/`]);
  return text.split('\n').filter((name) => name !== '');
}
