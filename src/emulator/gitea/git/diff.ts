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
  const [names, numbers] = await Promise.all([
    git.text(repository, ['diff', '--name-status', '-M', '-z', from, to]),
    git.text(repository, ['diff', '--numstat', '-M', '-z', from, to]),
  ]);
  const lines = lineCounts(numbers);
  const fields = names.split('\0');
  const files: ChangedFile[] = [];
  for (let at = 0; at + 1 < fields.length; ) {
    const status = statuses[fields[at]![0]!] ?? 'modified';
    const isMoved = status === 'renamed' || status === 'copied';
    const path = fields[at + (isMoved ? 2 : 1)]!;
    const { additions, deletions } = lines.get(path) ?? { additions: 0, deletions: 0 };
    files.push({ path, status, additions, deletions, ...(isMoved ? { previousPath: fields[at + 1]! } : {}) });
    at += isMoved ? 3 : 2;
  }
  return files;
}

function lineCounts(numstat: string): Map<string, { additions: number; deletions: number }> {
  const counts = new Map<string, { additions: number; deletions: number }>();
  const fields = numstat.split('\0');
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
