import type { RepositoryRow } from '../store/rows.ts';
import type { GitRepositories } from './git-repositories.ts';
import { parseCommit } from './object-format.ts';

export interface Signature {
  name: string;
  email: string;
  /** RFC 3339 in the zone it was written in, `Z` for UTC. */
  date: string;
}

export interface Commit {
  sha: string;
  tree: string;
  parents: string[];
  author: Signature;
  committer: Signature;
  /** With its last line break, as stored. */
  message: string;
}

export interface CommitFiles {
  added: string[];
  removed: string[];
  modified: string[];
}

type Repository = Pick<RepositoryRow, 'id'>;

const format = '--format=%H%x00%T%x00%P%x00%an%x00%ae%x00%aI%x00%cn%x00%ce%x00%cI%x00%B%x00%x01';

/** Commits that `git log` lists for its arguments, in its order. */
export async function listCommits(
  git: GitRepositories,
  repository: Repository,
  args: readonly string[],
): Promise<Commit[]> {
  const text = await git.text(repository, ['log', format, ...args]);
  return text
    .split('\0\x01')
    .filter((record) => record.trim() !== '')
    .map((record) => {
      const [sha, tree, parents, an, ae, ai, cn, ce, ci, message] = record.replace(/^\n/, '').split('\0');
      return {
        sha: sha!,
        tree: tree!,
        parents: parents === '' ? [] : parents!.split(' '),
        author: { name: an!, email: ae!, date: utc(ai!) },
        committer: { name: cn!, email: ce!, date: utc(ci!) },
        message: message!,
      };
    });
}

/** One commit by its full SHA. */
export async function readCommit(git: GitRepositories, repository: Repository, sha: string): Promise<Commit> {
  const object = await git.object(repository, sha);
  if (object?.type !== 'commit') throw new Error(`commit ${sha} does not exist`);
  return parseCommit(sha, object.content);
}

/** The files a commit touches, against its first parent, renames as removed and added. */
export async function commitFiles(
  git: GitRepositories,
  repository: Repository,
  sha: string,
): Promise<CommitFiles> {
  const args = ['log', '-1', '-m', '--first-parent', '--no-renames', '--name-status', '--format=', '-z', sha];
  const fields = (await git.text(repository, args)).split('\0').filter((field) => field !== '');
  const files: CommitFiles = { added: [], removed: [], modified: [] };
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const status = fields[at]!.trim();
    const list = status === 'A' ? files.added : status === 'D' ? files.removed : files.modified;
    list.push(fields[at + 1]!);
  }
  return files;
}

/** How many commits a range holds. */
export async function countCommits(
  git: GitRepositories,
  repository: Repository,
  args: readonly string[],
): Promise<number> {
  return Number(await git.text(repository, ['rev-list', '--count', ...args]));
}

const utc = (date: string): string => date.replace(/\+00:00$/, 'Z');
