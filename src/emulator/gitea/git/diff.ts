import type { RepositoryRow } from '../store/rows.ts';
import type { GitRepositories } from './git-repositories.ts';

export interface ChangedFile {
  path: string;
  /** Where a renamed or copied file came from. */
  previousPath?: string;
  status: 'added' | 'deleted' | 'modified' | 'renamed' | 'copied' | 'typechange';
  /** Lines; 0 for binary files. */
  additions: number;
  deletions: number;
}

const statuses: Record<string, ChangedFile['status']> = {
  A: 'added',
  D: 'deleted',
  M: 'modified',
  R: 'renamed',
  C: 'copied',
  T: 'typechange',
};

/** The tree that holds nothing: what a first commit is compared with. */
export const emptyTree = '4b825dc642cb6eb9a060e54bf8d69288fbee4904';

/** What differs between two commits or trees (full object names), file by file, with renames found. */
export function changedFiles(
  git: GitRepositories,
  repository: Pick<RepositoryRow, 'id'>,
  from: string,
  to: string,
): Promise<ChangedFile[]> {
  return git.remember(repository, `diff ${from} ${to}`, () => readChangedFiles(git, repository, from, to));
}

async function readChangedFiles(
  git: GitRepositories,
  repository: Pick<RepositoryRow, 'id'>,
  from: string,
  to: string,
): Promise<ChangedFile[]> {
  const both = await git.text(repository, ['diff', '--raw', '--numstat', '-M', '-z', from, to]);
  const fields = both.split('\0');
  const files: ChangedFile[] = [];
  let at = 0;
  // First a line for each file that begins with a colon, then the counts.
  while (fields[at]?.startsWith(':')) {
    const letter = fields[at]!.split(' ').at(-1)?.[0] ?? 'M';
    const status = statuses[letter] ?? 'modified';
    const isMoved = status === 'renamed' || status === 'copied';
    const path = fields[at + (isMoved ? 2 : 1)]!;
    files.push({
      path,
      status,
      additions: 0,
      deletions: 0,
      ...(isMoved ? { previousPath: fields[at + 1]! } : {}),
    });
    at += isMoved ? 3 : 2;
  }
  const lines = lineCounts(fields.slice(at));
  return files.map((file) => ({ ...file, ...lines.get(file.path) }));
}

function lineCounts(fields: readonly string[]): Map<string, { additions: number; deletions: number }> {
  const counts = new Map<string, { additions: number; deletions: number }>();
  for (let at = 0; at < fields.length; at += 1) {
    const match = /^(\d+|-)\t(\d+|-)\t(.*)$/s.exec(fields[at]!);
    if (match === null) continue;
    // With -z a rename's line has no path; the old and the new path follow as fields of their own.
    let path = match[3]!;
    if (path === '') {
      path = fields[at + 2]!;
      at += 2;
    }
    counts.set(path, { additions: Number(match[1]) || 0, deletions: Number(match[2]) || 0 });
  }
  return counts;
}
